"""A future that never was: the same past, and garbage after it."""

from dataclasses import replace

import numpy as np

from datafeeds.schema import Market

_PRICES = ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close")
_JUMP, _STEP = 0.5, 0.05
"""First jump and standard deviation of the further steps, in log price (assumptions): nobody mistakes it for the truth."""


def poisoned(market: Market, bars: int, seed: int) -> Market:
    """Return a market of the same length whose bars from `bars` on are garbage (but valid).

    Prices jump against the move that really came, so that whoever knew its sign is now wrong; funding changes its sign; all
    else is multiplied by .2 to 5.
    """
    random = np.random.default_rng(seed)
    frame = market.frame.copy()
    count = len(frame) - bars
    closes = market.frame["close"].to_numpy()
    jump = -_JUMP if closes[bars] > closes[bars - 1] else _JUMP
    factor = np.exp(np.cumsum(random.standard_normal(count) * _STEP) + jump)
    for column in frame.columns.drop(["ts", "open_interest_break"], errors="ignore"):
        values = frame[column].to_numpy()[bars:]
        size = random.uniform(0.2, 5.0, count)
        if column in ("funding_rate", "funding_rate_within"):
            size = -size
        frame.loc[bars:, column] = values * (factor if column in _PRICES else size)
    return replace(market, frame=frame)
