"""What is to be said of a universe: who comes late, who ends early, who has gaps, and that nobody was delisted."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from datafeeds.schema import Market
from datafeeds.symbols import contract_of
from datafeeds.text import listed

SURVIVORS = (
    "No market of this universe was delisted: markets picked because they survived make a rule look better than it was."
)
_RAGGED = np.timedelta64(1, "D")
"""*Assumption*: what ends less than a day before the last market was downloaded earlier, and not delisted."""

_SHOWN = 6


def spoken_of(markets: Sequence[Market], delisted: np.ndarray) -> tuple[str, ...]:
    """Return one sentence a finding about K markets, of which (K,) `delisted` end before the last bar that may be traded."""
    names = [market.name for market in markets]
    firsts, ends = (np.array([market.times[row] for market in markets]) for row in (0, -1))
    steps = np.array([np.timedelta64(market.bar_seconds, "s") for market in markets])
    gaps = (ends - firsts) // steps + 1 - np.array([len(market) for market in markets])
    ragged = delisted & (ends.max() - ends < _RAGGED)
    gone = delisted & ~ragged
    bars = [f"{name} ({count:,} bars)" for name, count in zip(names, gaps, strict=True)]
    found = (
        ("late listings", firsts > firsts.min(), _stamps(names, firsts)),
        ("data that ends early, counted as delisted", gone, _stamps(names, ends)),
        ("data that ends within a day of the others' end, to be downloaded up to it", ragged, _stamps(names, ends)),
        ("gaps, in which nothing is traded", gaps > 0, bars),
    )
    said = [
        f"{what}: {int(mask.sum())} of {len(names)} markets, {some([told[k] for k in np.flatnonzero(mask)])}"
        for what, mask, told in found
        if mask.any()
    ]
    return (*said, *_currencies(names), *((SURVIVORS,) if len(names) > 1 and not gone.any() else ()))


def _currencies(names: Sequence[str]) -> Iterator[str]:
    """Say that several dollars are counted as one; names that tell no currency are taken to be in the others'."""
    quotes = {name: contract.quote if (contract := contract_of(name)) else "" for name in names}
    known = sorted(set(quotes.values()) - {""})
    if len(known) > 1:
        yield f"prices in {listed(known)} are counted as one currency, one for one"
    if known and (silent := [name for name in names if not quotes[name]]):
        yield f"the name does not tell the currency, {known[0]} is assumed: {some(silent)}"


def _stamps(names: Iterable[str], times: np.ndarray) -> list[str]:
    return [f"{name} ({str(time)[:10]})" for name, time in zip(names, times, strict=True)]


def some(names: Sequence[str]) -> str:
    """Return the first names of many, and how many more there are.

    Examples
    --------
    >>> some(list("abcdefgh"))
    'a, b, c, d, e, f and 2 more'
    """
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
