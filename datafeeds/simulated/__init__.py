"""A simulated perpetual market whose every position is known: the yardstick for what is estimated elsewhere."""
