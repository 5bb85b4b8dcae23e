"""Claims about the heatmap, each measured against a baseline that does without it."""
