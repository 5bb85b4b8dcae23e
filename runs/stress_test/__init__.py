"""The stress test: what is liquidated if price goes so far within so long, and how often such answers have held."""
