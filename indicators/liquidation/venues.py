"""Venue profiles: what a venue asks as margin and takes as fees, at a date. The figures are in ``venues.toml``."""

import datetime
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from indicators.liquidation.parameter_fields import unknown

_FALLBACK = "BTCUSDT"


@dataclass(frozen=True)
class Venue:
    """A venue's rules for one symbol at one date.

    Attributes
    ----------
    name, symbol
        Venue and contract.
    on
        Date from which the figures hold.
    formula, liquidation_style
        How it computes the liquidation price and what it then does, in words.
    tiers
        (n, 3) notional floor (quote), maintenance margin rate (fraction), maintenance amount (quote).
    liquidation_fee_rate
        Fraction of notional.
    taker_fee_bps, maker_fee_bps
        Basis points of notional.
    market_share
        Its share of open interest (0 .. 1], an assumption.
    source
        Where the figures come from.
    symbol_assumed
        Whether the symbol has no table of its own here and BTCUSDT's stands in.
    """

    name: str
    symbol: str
    on: datetime.date
    formula: str
    liquidation_style: str
    tiers: np.ndarray
    liquidation_fee_rate: float
    taker_fee_bps: float
    maker_fee_bps: float
    market_share: float
    source: str
    symbol_assumed: bool


def tier_table(rows: list[list[float]]) -> np.ndarray:
    """Return (n, 3) tiers from floors and rates; the amounts make the maintenance margin continuous.

    Notes
    -----
    ``c_n = c_(n-1) + floor_n (m_n - m_(n-1))``. Source: Binance FAQ on leverage and margin.

    Examples
    --------
    >>> tier_table([[0, 0.004], [50e3, 0.005], [250e3, 0.01]])[:, 2].tolist()
    [0.0, 50.0, 1300.0]
    """
    table = np.zeros((len(rows), 3))
    for row, (floor, rate) in enumerate(rows):
        step = floor * (rate - table[row - 1, 1]) if row else 0.0
        table[row] = floor, rate, round(table[row - 1, 2] + step, 6) if row else 0.0
    return table


@cache
def _profiles() -> list[dict[str, Any]]:
    text = (files("indicators.liquidation") / "venues.toml").read_text(encoding="utf-8")
    return sorted(tomllib.loads(text)["profile"], key=lambda profile: profile["on"])


def venue_names() -> list[str]:
    """Return the names of all venues, sorted."""
    return sorted({profile["venue"] for profile in _profiles()})


def venue(name: str, symbol: str = _FALLBACK, on: datetime.date | None = None) -> Venue:
    """Return a venue's profile.

    Parameters
    ----------
    name
        One of `venue_names`.
    symbol
        Contract; one without a table of its own gets BTCUSDT's, and the profile says so.
    on
        The newest figures not later than this date count; the oldest where all are later. None: the newest.

    Raises
    ------
    ValueError
        For an unknown venue, with the nearest name.
    """
    dated = [profile for profile in _profiles() if profile["venue"] == name]
    if not dated:
        raise ValueError(unknown("venue", name, venue_names()))
    reached = [profile for profile in dated if on is None or profile["on"] <= on] or dated[:1]
    # A symbol listed later or earlier than the table asked for still has its own figures: the nearest in time.
    own = [profile for profile in reached if symbol in profile["tiers"]] or [p for p in dated if symbol in p["tiers"]][
        :1
    ]
    chosen = own[-1] if own else reached[-1]
    fields = {key: value for key, value in chosen.items() if key not in ("venue", "tiers")}
    table = tier_table(chosen["tiers"][symbol if own else _FALLBACK])
    return Venue(name=name, symbol=symbol, tiers=table, symbol_assumed=not own, **fields)
