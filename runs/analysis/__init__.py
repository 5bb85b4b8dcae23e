"""The liquidation report as one record: what the map says at a bar, every figure in plain units."""
