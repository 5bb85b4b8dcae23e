"""What a run leaves: metrics, trades, breakdown, provenance, and its folder."""
