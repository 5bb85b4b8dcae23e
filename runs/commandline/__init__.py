"""What the commands share at the terminal: options, errors, progress, output."""
