"""The pure core: numpy and numba only. No backtrader, no pandas, no clock, and no input or output but its own tables."""
