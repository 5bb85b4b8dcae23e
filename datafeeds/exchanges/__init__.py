"""Exchanges' own interfaces, reached through ccxt: one module a venue, and our own pagination."""
