"""What a sweep tries: axes, combinations, searches."""
