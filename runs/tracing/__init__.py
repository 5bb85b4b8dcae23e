"""What a strategy does, bar by bar, written down in a process of its own and compared."""
