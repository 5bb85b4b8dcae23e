"""What `runs.download` does, a file for each of its jobs."""
