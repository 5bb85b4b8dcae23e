"""The heatmap page."""
