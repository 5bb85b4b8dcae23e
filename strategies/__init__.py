"""Trading rules as pure functions, and the backtrader strategies that carry out what they decide."""
