"""What `runs.benchmark` times."""
