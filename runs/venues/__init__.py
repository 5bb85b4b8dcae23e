"""What venues ask of a position, take of a trade and let be ordered: profiles by date."""
