"""What stays of each combination: its row, the log of rows, the table."""
