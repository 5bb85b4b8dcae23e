"""Working orders and the bars they meet, as rows."""

import math
from typing import Any

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import LIMIT
from strategies.sizing import whole_steps

_HALVINGS = 30  # of a tick's mantissa, until a whole number of parts makes one

STOP_LIMIT = 6
"""Order kind: a limit order that a trigger wakes; filled as `LIMIT`."""

WAITING, WORKING, FILLED, CANCELLED, REFUSED, LIQUIDATED, EXPIRED = 0, 1, 2, 3, 4, 5, 6
"""Order states: waiting for its parent, working, filled, cancelled by a sibling or parent or with the position that it was for,
refused (`REFUSAL_REASONS`), cancelled by the account's liquidation, expired."""

PLAIN, REDUCES, CLOSES, ADDS = 0, 1, 2, 3
"""What an order is for: to trade its size whatever is held; to close its size at the most; to close all that is left; to add to
what is held. The last three never open a position, and end with the one that they are for."""

SENT, RESTING, WOKEN_AT_OPEN, WOKEN_INSIDE, WOKEN_ONWARD = 0, 1, 2, 3, 4
"""How an order came to the book: sent at the last close and not met a bar yet; there since an earlier bar; woken by its parent's
fill at this bar's open; woken inside this bar; woken inside it by a fill beyond which its own price lies, further on the way."""

ORDER = np.dtype(
    [
        ("id", np.int64),
        ("kind", np.int64),  # MARKET, LIMIT, STOP or STOP_LIMIT
        ("size", np.float64),  # signed base coin
        ("price", np.float64),  # limit price, or trigger of a stop
        ("limit", np.float64),  # limit price of a stop-limit
        ("parent", np.int64),  # id of the order whose fill wakes this one; -1: none
        ("group", np.int64),  # orders of one group cancel each other; -1: none
        ("state", np.int64),
        (
            "book",
            np.int64,
        ),  # how the order came to the book: SENT, RESTING, WOKEN_AT_OPEN, WOKEN_INSIDE or WOKEN_ONWARD
        ("role", np.int64),  # PLAIN, REDUCES, CLOSES or ADDS
        ("post_only", np.int64),  # 1: a limit that is refused where it would take
        ("expires", np.int64),  # last bar that it meets; 0: it never expires
        (
            "starts",
            np.int64,
        ),  # of a market order, the first bar that it meets; while it waits, bars after its parent's fill
        ("trail", np.float64),  # of a stop, how far it trails the best price, quote; 0: it stands still
        ("arms_at", np.float64),  # of a stop, the price that moves it to the position's entry price; 0: none
    ]
)
"""A working order as a row."""


def order_row(number: int, kind: int, size: float, price: float = math.nan, **fields: float) -> np.ndarray:
    """Return one row, a record of `ORDER`: one with a parent waits for it, any other works; all else is off unless named."""
    row = np.zeros(1, dtype=ORDER)
    row["limit"], row["parent"], row["group"] = math.nan, -1, -1
    for name, value in {"id": number, "kind": kind, "size": size, "price": price, **fields}.items():
        row[name] = value
    row["state"] = np.where(row["parent"] < 0, WORKING, WAITING)
    return row[0]


_PRICES = (
    "open", "high", "low", "close", "volume", "funding_rate", "funding_rate_within", "mark_high", "mark_low", "mark_close",
    "terms",
)  # fmt: skip
PRICES = np.dtype([(name, np.float64) for name in _PRICES])
"""The bar that orders meet; NaN where funding or mark are unknown. `terms`: which row of costs and tiers is in force then."""


@allocation_free
def terms_in_force(prices: Record) -> int:
    """Return which row of costs and tiers is in force in a bar; the first where it does not say."""
    return int(prices.terms) if prices.terms > 0.0 else 0


_ROLE_WORDS = ("", "reduces", "closes what is left", "adds")


def order_terms(row: Any, bar: int) -> str:
    """Return in words what a row asks for beyond kind, size and prices, as it is sent at the close of a bar; empty for nothing.

    Examples
    --------
    >>> order_terms(order_row(0, LIMIT, 1.0, 95.0, expires=12, post_only=1), 9)
    'post-only; good for 3 bars'
    """
    words = [
        _ROLE_WORDS[row["role"]],
        "post-only" if row["post_only"] else "",
        f"good for {row['expires'] - bar} bars" if row["expires"] else "",
        f"{row['starts']} bars after its entry" if row["starts"] else "",
        f"trails {row['trail']:g}" if row["trail"] else "",
        f"to the entry price at {row['arms_at']:g}" if row["arms_at"] else "",
    ]
    return "; ".join(word for word in words if word)


@allocation_free
def reaches(order: Record, price: float) -> bool:
    """Whether a price reaches an order's: buy limits and sell stops from above, the others from below."""
    falling = (order.kind == LIMIT) == (order.size > 0.0)
    return price <= order.price if falling else price >= order.price


@allocation_free
def order_price(kind: int, size: float, price: float, price_tick: float) -> float:
    """Return an order's price on the venue's price grid, so that it is met no sooner than the one asked for.

    Parameters
    ----------
    kind
        `LIMIT`, or `STOP` or `STOP_LIMIT` for a trigger.
    size
        Signed base coin.
    price
        Quote; NaN for an order at the market.
    price_tick
        Quote; 0: prices are not rounded.

    Notes
    -----
    Buy limits and sell stops wait for a falling price and are rounded down, the others up. So a stop fills worse than asked for,
    and a limit only where the market really went that far. What is on the grid but for rounding error stays as it is.

    Examples
    --------
    >>> [order_price(kind, size, 97.07, 0.1) for kind in (LIMIT, STOP_LIMIT) for size in (1.0, -1.0)]
    [97.0, 97.1, 97.1, 97.0]
    """
    if price_tick == 0.0 or math.isnan(price):
        return price
    ticks = price / price_tick
    if abs(ticks - math.floor(ticks + 0.5)) <= 1e-9 + 1e-12 * ticks:
        return price
    ticks = math.floor(ticks) if (kind == LIMIT) == (size > 0.0) else math.ceil(ticks)
    # 971 x 0.1 is 97.10000000000001, which a high of 97.1 does not touch; 971 / 10 is 97.1. Powers of two are exact.
    part, power = math.frexp(price_tick)
    for _ in range(_HALVINGS):
        parts = math.floor(1.0 / part + 0.5)
        if abs(parts * part - 1.0) < 1e-12:
            return math.ldexp(ticks / parts, power)
        part, power = part * 0.5, power + 1
    return ticks * price_tick


@allocation_free
def order_size(size: float, held: float, contract_step: float) -> float:
    """Return an order's signed size in whole contract steps, rounded towards zero; what closes all of `held` stays as it is.

    Examples
    --------
    >>> order_size(1.25, 0.0, 0.1), order_size(-1.25, 1.25, 0.1), order_size(0.04, 0.0, 0.1)
    (1.2000000000000002, -1.25, 0.0)
    """
    steps = abs(size) / contract_step
    whole = abs(steps - math.floor(steps + 0.5)) <= 1e-9 + 1e-12 * steps
    return size if whole or size == -held else whole_steps(size, contract_step)
