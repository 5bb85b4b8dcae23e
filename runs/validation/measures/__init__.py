"""How claims are measured: skill, reach, first exits, reactions."""
