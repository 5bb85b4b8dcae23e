"""What the Python functions return: results with their figures as pandas, a page, a folder, and one line as text."""
