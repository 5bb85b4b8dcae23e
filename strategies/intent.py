"""What a rule sees of its position, and what it may answer."""

import math
from typing import Any, NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.renamed import RenamedError, renamed

KEEP, ENTER, EXIT, REBALANCE = 0.0, 1.0, 2.0, 3.0
"""Actions: leave all as it is; open a position with stop and target; close it; hold a given exposure."""

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
        `KEEP`, `ENTER`, `EXIT` or `REBALANCE`.
    direction
        +1 long, -1 short (`ENTER`).
    exposure
        Wanted notional as a multiple of equity, signed (`REBALANCE`).
    stop, target
        Prices in quote per base (`ENTER`); NaN for none.
    tag
        A number that comes back as the position's tag.
    """

    action: float
    direction: float
    exposure: float
    stop: float
    target: float
    tag: float


@allocation_free
def keep() -> Intent:
    """Leave all as it is."""
    return Intent(KEEP, 0.0, 0.0, math.nan, math.nan, 0.0)


@allocation_free
def enter(direction: float, stop: float, target: float, tag: float) -> Intent:
    """Open a position with a protective stop and, unless NaN, a target."""
    return Intent(ENTER, direction, 0.0, stop, target, tag)


@allocation_free
def close() -> Intent:
    """Close the position at the market."""
    return Intent(EXIT, 0.0, 0.0, math.nan, math.nan, 0.0)


@allocation_free
def target_exposure(exposure: float) -> Intent:
    """Hold `exposure` times equity."""
    return Intent(REBALANCE, 0.0, exposure, math.nan, math.nan, 0.0)


def __getattr__(name: str) -> Any:
    """Tell who imports an old name the new one: RenamedError; AttributeError for any other."""
    if sentence := renamed("intent", name, list(globals())):
        raise RenamedError(f"{sentence} (strategies.intent)")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
