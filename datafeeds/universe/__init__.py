"""Several markets as one universe: bars side by side, dates in and out, and what has to be said of the choice."""
