"""What a run leaves to be read: the tearsheet and the liquidation report."""
