"""What a rule sees of its position, and what it may answer."""

import math
from typing import Any, NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.renamed import RenamedError, renamed

KEEP, ENTER, EXIT, REBALANCE, REDUCE, ADD, REVERSE = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
"""Actions: leave all as it is; open a position; close it; hold a given exposure; close a share; add to it; close it and open one
the other way."""

MOST_TARGETS = 4
"""Targets with shares that an entry can have."""

POSITION = np.dtype(
    [
        ("bar", np.float64),  # index of the current bar
        ("size", np.float64),  # signed base coin held
        ("entry_price", np.float64),  # average, quote per base; NaN when flat
        ("hours_held", np.float64),  # since the bar of the entry; 0 when flat
        ("tag", np.float64),  # what the rule called this position when it opened it
        ("equity", np.float64),  # account equity at this close, quote
    ]
)
"""The position as a rule sees it at a bar's close."""


class Intent(NamedTuple):
    """A rule's answer at one bar's close; it is carried out at the next bar's open at the earliest.

    Attributes
    ----------
    action
        `KEEP`, `ENTER`, `EXIT`, `REBALANCE`, `REDUCE`, `ADD` or `REVERSE`.
    direction
        +1 long, -1 short (`ENTER`).
    exposure
        Wanted notional as a multiple of equity, signed (`REBALANCE`); share of the position (`REDUCE`, `ADD`).
    stop, target
        Prices in quote per base; NaN for none.
    tag
        A number that comes back as the position's tag.
    band
        Multiple of equity (`REBALANCE`); NaN: the account's `rebalance_band`.
    limit, trigger, good_for_bars, post_only, trail, break_even_at, time_stop_bars
        As `enter` has them.
    targets
        ``(price, share, price, share, ...)``, `MOST_TARGETS` pairs in their order, the last at the end; NaN for none.
    """

    action: float
    direction: float
    exposure: float
    stop: float
    target: float
    tag: float
    band: float
    limit: float
    trigger: float
    good_for_bars: float
    post_only: float
    trail: float
    break_even_at: float
    time_stop_bars: float
    targets: tuple[float, float, float, float, float, float, float, float]


_NONE = (math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)


@allocation_free
def _plain(action: float, exposure: float, stop: float, band: float) -> Intent:
    """Return an intent that is no entry."""
    nan = math.nan
    amount, at, within = float(exposure), float(stop), float(band)
    return Intent(action, 0.0, amount, at, nan, 0.0, within, nan, nan, 0.0, 0.0, 0.0, nan, 0.0, _NONE)


@allocation_free
def keep() -> Intent:
    """Leave all as it is."""
    return _plain(KEEP, 0.0, math.nan, math.nan)


@allocation_free
def close() -> Intent:
    """Close the position at the market, and cancel an entry that still waits for its price."""
    return _plain(EXIT, 0.0, math.nan, math.nan)


@allocation_free
def reduce(share: float) -> Intent:
    """Close a share of the position (0 to 1) at the market; its stop stays under the rest."""
    return _plain(REDUCE, share, math.nan, math.nan)


@allocation_free
def add(share: float) -> Intent:
    """Add a share of the position's present size to it at the market, as far as leverage allows; its stop protects all of it."""
    return _plain(ADD, share, math.nan, math.nan)


@allocation_free
def target_exposure(exposure: float, band: float = math.nan, stop: float = math.nan) -> Intent:
    """Hold `exposure` times equity.

    Parameters
    ----------
    exposure
        Signed multiple of equity.
    band
        What is off by no more than this multiple of equity is left alone; NaN: the account's `rebalance_band`.
    stop
        Price of one stop for all that is held, quote per base; another price moves it, NaN leaves what there is.
    """
    return _plain(REBALANCE, exposure, stop, band)


@allocation_free
def _targets(targets: Any) -> tuple[float, float, float, float, float, float, float, float]:
    """Return pairs of price and share as one flat tuple."""
    if len(targets) > MOST_TARGETS:
        raise ValueError("an entry has four targets at the most")
    a, b, c, d = (math.nan, 0.0), (math.nan, 0.0), (math.nan, 0.0), (math.nan, 0.0)
    for price, share in targets:
        a, b, c, d = b, c, d, (float(price), float(share))
    return (a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1])


@allocation_free
def enter(
    direction: float, stop: float = math.nan, target: float = math.nan, tag: float = 0.0, limit: float = math.nan,
    trigger: float = math.nan, targets: Any = ((math.nan, 0.0),), good_for_bars: float = 0.0, post_only: bool = False,
    trail: float = 0.0, break_even_at: float = math.nan, time_stop_bars: float = 0.0,
) -> Intent:  # fmt: skip
    """Open a position, with what closes it.

    Parameters
    ----------
    direction
        +1 long, -1 short.
    stop, target
        Prices of a stop for all that is held, and of a target for the whole entry, quote per base; NaN for none.
    tag
        A number that comes back as the position's tag.
    limit, trigger
        Enter by a limit order at this price; by a stop order once the price reaches the trigger; by both, once it does, by the
        limit. NaN and NaN: at the market, at the next open.
    targets
        Pairs ``(price, share of the entry)``, four at the most; what is left when all are met stays under the stop.
    good_for_bars
        How many bars a limit or trigger waits; 0: until it is filled, or `close` cancels it.
    post_only
        Whether a limit that would take at once is refused rather than filled.
    trail
        How far the stop trails the best price since the entry, quote; 0: it stands still.
    break_even_at
        The price that moves the stop to the entry price; NaN: none does.
    time_stop_bars
        How many bars after its fill the position is closed at the open; 0: never.

    Examples
    --------
    >>> half = enter(1.0, stop=95.0, targets=((105.0, 0.5), (110.0, 0.5)), limit=99.0, good_for_bars=3.0, post_only=True)
    >>> half.limit, half.targets[-4:]
    (99.0, (105.0, 0.5, 110.0, 0.5))
    """
    return Intent(
        ENTER, float(direction), 0.0, float(stop), float(target), float(tag), math.nan, float(limit), float(trigger),
        float(good_for_bars), 1.0 if post_only else 0.0, float(trail), float(break_even_at), float(time_stop_bars),
        _targets(targets),
    )  # fmt: skip


@allocation_free
def reverse(
    stop: float = math.nan, target: float = math.nan, tag: float = 0.0, limit: float = math.nan, trigger: float = math.nan,
    targets: Any = ((math.nan, 0.0),), good_for_bars: float = 0.0, post_only: bool = False, trail: float = 0.0,
    break_even_at: float = math.nan, time_stop_bars: float = 0.0,
) -> Intent:  # fmt: skip
    """Close the position at the market and open one the other way, with what closes that; where nothing is held, do nothing.

    Parameters
    ----------
    stop, target, tag, limit, trigger, targets, good_for_bars, post_only, trail, break_even_at, time_stop_bars
        As `enter` has them, of the new position.
    """
    return Intent(
        REVERSE, 0.0, 0.0, float(stop), float(target), float(tag), math.nan, float(limit), float(trigger),
        float(good_for_bars), 1.0 if post_only else 0.0, float(trail), float(break_even_at), float(time_stop_bars),
        _targets(targets),
    )  # fmt: skip


def __getattr__(name: str) -> Any:
    """Tell who imports an old name the new one: RenamedError; AttributeError for any other."""
    if sentence := renamed("intent", name, list(globals())):
        raise RenamedError(f"{sentence} (strategies.intent)")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
