"""Liquidations as they happen: what venues push by websocket, recorded in append-only files."""
