"""What a rule measures over its window of bars: one figure a file, compiled, without a copy, the same in plain Python."""
