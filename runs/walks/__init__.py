"""Walk-forward: parameters chosen on the past, traded on what came next, again and again."""
