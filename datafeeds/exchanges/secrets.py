"""Keys of a user's account: from the environment only, and out of every text that leaves."""

import os


def keys_of(venue: str) -> tuple[str, str] | None:
    """Return key and secret from ``LIQUIDATION_HEATMAP_<VENUE>_KEY`` and ``_SECRET``; None unless both are set."""
    prefix = f"LIQUIDATION_HEATMAP_{venue.upper()}"
    key, secret = os.environ.get(f"{prefix}_KEY", ""), os.environ.get(f"{prefix}_SECRET", "")
    return (key, secret) if key and secret else None


def redacted(text: str) -> str:
    """Return a text without the values of any such variable."""
    for name, value in os.environ.items():
        if name.startswith("LIQUIDATION_HEATMAP_") and name.endswith(("_KEY", "_SECRET")) and value:
            text = text.replace(value, "***")
    return text
