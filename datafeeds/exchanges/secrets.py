"""Keys of a user's account: from the environment only, and out of every text that leaves."""

import os
import re

from datafeeds.errors import MarketError

_COINALYZE = "LIQUIDATION_HEATMAP_COINALYZE_KEY"


def coinalyze_key() -> str:
    """Return the key of Coinalyze from ``LIQUIDATION_HEATMAP_COINALYZE_KEY``.

    Raises
    ------
    MarketError
        If it is not set, or holds what no key is.
    """
    key = os.environ.get(_COINALYZE, "").strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise MarketError(
            f"coinalyze asks for a key: make one, free, at https://coinalyze.net/account/api-key/ and set {_COINALYZE} to it"
        )
    return key


def keys_of(venue: str) -> tuple[str, str] | None:
    """Return key and secret from ``LIQUIDATION_HEATMAP_<VENUE>_KEY`` and ``_SECRET``; None unless both are set."""
    prefix = f"LIQUIDATION_HEATMAP_{venue.upper()}"
    key, secret = os.environ.get(f"{prefix}_KEY", ""), os.environ.get(f"{prefix}_SECRET", "")
    return (key, secret) if key and secret else None


def redacted(text: str) -> str:
    """Return a text without the values of any such variable."""
    for name, value in os.environ.items():
        if name.startswith("LIQUIDATION_HEATMAP_") and name.endswith(("_KEY", "_SECRET")) and value.strip():
            text = text.replace(value.strip(), "***")
    return text
