"""What is to be said of a universe: who comes late, who ends early, who has holes, and that nobody was delisted."""

from collections.abc import Iterable, Sequence

import numpy as np

from datafeeds.schema import Market

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
    holes = (ends - firsts) // steps + 1 - np.array([len(market) for market in markets])
    ragged = delisted & (ends.max() - ends < _RAGGED)
    gone = delisted & ~ragged
    bars = [f"{name} ({count:,} bars)" for name, count in zip(names, holes, strict=True)]
    found = (
        ("late listings", firsts > firsts.min(), _stamps(names, firsts)),
        ("data that ends early, counted as delisted", gone, _stamps(names, ends)),
        ("data that ends within a day of the others' end, to be downloaded up to it", ragged, _stamps(names, ends)),
        ("holes, in which nothing is traded", holes > 0, bars),
    )
    said = [
        f"{what}: {int(mask.sum())} of {len(names)} markets, {_some(told, mask)}"
        for what, mask, told in found
        if mask.any()
    ]
    return (*said, *((SURVIVORS,) if len(names) > 1 and not gone.any() else ()))


def _stamps(names: Iterable[str], times: np.ndarray) -> list[str]:
    return [f"{name} ({str(time)[:10]})" for name, time in zip(names, times, strict=True)]


def _some(told: list[str], mask: np.ndarray) -> str:
    chosen = [told[place] for place in np.flatnonzero(mask)]
    more = len(chosen) - _SHOWN
    return ", ".join(chosen[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
