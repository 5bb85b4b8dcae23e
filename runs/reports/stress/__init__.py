"""The stress test: page, terminal, and its section of the liquidation report."""
