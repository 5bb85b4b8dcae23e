"""Sweeps: many combinations of parameters on one market, each a durable row."""
