"""The claims about the map, one a file."""
