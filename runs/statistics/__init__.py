"""Statistics that tell luck from skill: pure functions over arrays, each with its source."""
