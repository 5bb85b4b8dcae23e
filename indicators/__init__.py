"""Liquidation estimates: the pure core in `liquidation`, and its backtrader indicator in `heatmap`."""
