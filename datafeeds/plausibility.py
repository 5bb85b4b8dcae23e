"""Sizes and marks that no perpetual has: open interest and volume in another unit, mark and last price exchanged."""

from collections.abc import Iterator

import numpy as np

_DAY = 86_400
_LONGEST_DAYS = 365.0
"""*Assumption*: open interest turns over within days (Bybit and Binance, BTC and ETH 2020-2026: .2 to 4 days of volume); the
most idle contract within a year."""

_LARGEST_TURNOVER = 1e12
"""*Assumption*: quote a day; Bitcoin's busiest day over all venues stayed near 3e11 USD."""

_LARGEST_NOTIONAL = 5e11
"""*Assumption*: quote; all perpetuals of all coins together held near 2e11 USD in 2025."""

_WIDER = 1.02  # assumption: by how much marks may range beyond last prices; an average of venues ranges less than one of them
_MOST_DECIMALS = 8
_SAME, _SAME_SHARE = (
    0.02,
    0.9,
)  # assumption: two sources of one venue agree within 2 % at nine of ten instants, but for a factor
_LEAST = 24  # bars below which a share says nothing


def size_doubts(columns: dict[str, np.ndarray], bar_seconds: int) -> Iterator[tuple[str, str, str]]:
    """Yield kind, column and sentence of sizes that seem to be in quote currency.

    Parameters
    ----------
    columns
        (n,) by the schema's names, NaN where unknown.
    bar_seconds
        Length of a bar.
    """
    volume, close = columns["volume"], columns["close"]
    bars = _DAY / bar_seconds
    daily = float(np.mean(volume)) * bars
    if (turnover := float(np.mean(volume * close)) * bars) > _LARGEST_TURNOVER:
        yield "size", "volume", _quote("volume", f"{turnover:.1e} a day in quote currency is more than ever traded")
    known = columns.get("open_interest", np.array([]))
    known = known[~np.isnan(known)]
    if not len(known):
        return
    level = float(np.median(known))
    if daily > 0.0 and level > _LONGEST_DAYS * daily:
        yield "size", "open_interest", _quote("open_interest", f"{level / daily:,.0f} days of volume are open")
    elif (notional := level * float(np.median(close))) > _LARGEST_NOTIONAL:
        yield (
            "size",
            "open_interest",
            _quote("open_interest", f"{notional:.1e} in quote currency is more than was ever open"),
        )


def _quote(column: str, why: str) -> str:
    return (
        f"{column} seems to be in quote currency, not coin: {why}; divide it by the price, or map the file with "
        f'{column} = {{column = "...", unit = "quote"}}'
    )


def sides_doubt(known: np.ndarray, given: np.ndarray) -> str:
    """Return the doubt that one of two sources of a venue's open interest (n,) counts both sides; empty: there is none."""
    if len(known) < _LEAST:
        return ""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = given / known
    for factor, which, mend in (
        (2.0, "this source counts", "import it with open_interest_sides = 2"),
        (0.5, "what was stored before counts", "import that again with open_interest_sides = 2"),
    ):
        if np.mean(np.abs(ratio / factor - 1.0) < _SAME) > _SAME_SHARE:
            return f"open_interest is {factor:g} times what the catalog held: {which} longs and shorts together; {mend}"
    return ""


def mark_doubt(columns: dict[str, np.ndarray]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, column and sentence of marks that seem to be last prices, and the other way round.

    Notes
    -----
    A mark is an average: in most bars it ranges less than the last price, and it keeps to no tick.
    """
    mark = columns.get("mark_close")
    if {"mark_high", "mark_low"} <= set(columns):
        ours, theirs = (columns[f"{of}high"] - columns[f"{of}low"] for of in ("", "mark_"))
        known = ~np.isnan(theirs)
        if known.sum() >= _LEAST and np.sum(theirs[known] > _WIDER * ours[known]) > 0.5 * known.sum():
            yield "mark", "mark_high", _exchanged("in most bars the mark ranges further than the last price")
            return
    if mark is not None and (known := ~np.isnan(mark)).sum() >= _LEAST:
        last_ticks, mark_ticks = _decimals(columns["close"][known]), _decimals(mark[known])
        if mark_ticks + 3 <= last_ticks:
            yield (
                "mark",
                "mark_close",
                _exchanged(f"the mark keeps to {mark_ticks} decimals, the last price to {last_ticks}"),
            )


def _decimals(prices: np.ndarray) -> int:
    """Return how many decimals prices (n,) need, up to 8."""
    return next(
        (digits for digits in range(_MOST_DECIMALS) if (np.round(prices, digits) == prices).all()), _MOST_DECIMALS
    )


def _exchanged(why: str) -> str:
    return f"mark and last price seem to be exchanged: {why}; name open, high, low and close of the trades in a mapping"
