"""Market data in one canonical schema: read, checked, simulated, and handed to backtrader in bulk."""
