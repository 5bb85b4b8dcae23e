"""The small model, beside the one it replaces; its files move up one folder when the old ones go."""
