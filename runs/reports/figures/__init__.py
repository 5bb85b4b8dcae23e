"""Small inline figures of the pages: each a function from plain figures to SVG."""
