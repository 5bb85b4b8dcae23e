"""A universe: markets of one bar length side by side, in an order that does not depend on who listed them."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from datafeeds.errors import MarketError
from datafeeds.schema import Market
from datafeeds.series import timeframe_name
from datafeeds.universe.notes import spoken_of
from datafeeds.universe.twins import refuse_broken_span, refuse_twins


@dataclass(frozen=True)
class UniverseMarket:
    """A market of a universe.

    Attributes
    ----------
    market
        Its bars. Those before `first` still fill its map.
    first, last
        The rule may trade its bars ``first <= bar < last``.
    weight
        Its part, relative to the others' (above 0).
    source
        What names it to the commands; None where it was in memory.
    """

    market: Market
    first: int
    last: int
    weight: float = 1.0
    source: str | None = None


@dataclass(frozen=True, eq=False)
class Universe:
    """Markets side by side.

    Attributes
    ----------
    markets
        K of them, sorted by name, all of one bar length.
    times
        (T,) datetime64[ms], UTC, ascending: the opens at which any of them has a bar.
    rows
        (T, K) int32, each market's bar at each time; -1 where it has none (not listed yet, a gap, delisted).
    notes
        What is to be said of it, one sentence each, for people.
    closes
        Whether every market is left at its last bar that may be traded, and not only those that end before the others.
    """

    markets: tuple[UniverseMarket, ...]
    times: np.ndarray
    rows: np.ndarray
    notes: tuple[str, ...] = ()
    closes: bool = False

    def __len__(self) -> int:
        """Return the number of markets."""
        return len(self.markets)

    @property
    def names(self) -> tuple[str, ...]:
        """The markets' names, in order."""
        return tuple(each.market.name for each in self.markets)

    @property
    def is_one_market(self) -> bool:
        """Whether it is a single market, all of whose bars may be traded: no more than that market by itself."""
        return (
            len(self.markets) == 1
            and self.markets[0].first == 0
            and self.markets[0].last == len(self.markets[0].market)
        )

    @property
    def bar_seconds(self) -> int:
        """Length of a bar."""
        return self.markets[0].market.bar_seconds

    @property
    def delisted(self) -> np.ndarray:
        """(K,) whether a market's data ends before the universe's last bar that may be traded."""
        ends = np.array([each.market.times[each.last - 1] for each in self.markets])
        whole = np.array([each.last == len(each.market) for each in self.markets])
        return whole & (ends < ends.max())

    def only(self, k: int) -> "Universe":
        """Return the universe of one of its markets."""
        there = self.rows[:, k] >= 0
        return replace(self, markets=self.markets[k : k + 1], times=self.times[there], rows=self.rows[there, k : k + 1])

    def window(self, first: int, last: int) -> "Universe":
        """Return the universe of some of its times, ``first <= t < last``: earlier bars still fill the maps, and it `closes`.

        Raises
        ------
        MarketError
            If no market may be traded there.
        """
        members, columns = [], []
        for k, each in enumerate(self.markets):
            bars = self.rows[first:last, k]
            bars = bars[(bars >= each.first) & (bars < each.last)]
            if len(bars):
                members.append(replace(each, first=int(bars[0]), last=int(bars[-1]) + 1))
                columns.append(k)
        if not members:
            ends = " .. ".join(str(self.times[t])[:16] for t in (first, last - 1))
            raise MarketError(f"{ends}: no market of the universe may be traded there")
        rows = self.rows[:last, columns]
        there = (rows >= 0).any(axis=1)
        return Universe(tuple(members), self.times[:last][there], rows[there], self.notes, closes=True)

    def fingerprint(self) -> str:
        """Return the SHA-256 of names, content, dates and weights: the same for any order of listing and any file format."""
        digest = hashlib.sha256(b"liquidation-heatmap universe 1")
        for each in self.markets:
            told = (each.market.name, each.market.fingerprint(), each.first, each.last, float(each.weight))
            digest.update(repr(told).encode())
        return digest.hexdigest()


def from_markets(
    markets: Sequence[Market],
    firsts: Sequence[int] | None = None,
    lasts: Sequence[int] | None = None,
    weights: Sequence[float] | None = None,
    remarks: Sequence[str] = (),
    sources: Sequence[str | None] | None = None,
) -> Universe:
    """Return the universe of some markets, in any order.

    Parameters
    ----------
    markets
        K >= 1 markets of one bar length, each name once.
    firsts, lasts
        (K,) bars that the rule may trade, ``first <= bar < last``; by default all.
    weights
        (K,) relative parts, finite and above 0; by default equal.
    remarks
        What their source has to say, before the notes.
    sources
        (K,) what names each to the commands.

    Raises
    ------
    MarketError
        For no market, a name or a price series twice, bars of different lengths or grids, bars or weights that cannot be, or a
        stretch of time in which no market exists.

    Notes
    -----
    Row t depends on bars up to t alone: cut all data at a time, and the rows before it stay.
    """
    count = len(markets)
    if not count:
        raise MarketError("a universe needs at least one market")
    given = zip(
        markets,
        [0] * count if firsts is None else firsts,
        [len(market) for market in markets] if lasts is None else lasts,
        [1.0] * count if weights is None else weights,
        [None] * count if sources is None else sources,
        strict=True,
    )
    members = tuple(sorted((UniverseMarket(*each) for each in given), key=lambda each: each.market.name))
    for each in members:
        _check(each, members[0].market)
    ordered = [each.market for each in members]
    times, rows = _aligned(ordered)
    refuse_broken_span(ordered)
    refuse_twins(ordered, rows)
    bare = Universe(members, times, rows)
    notes = (*remarks, *spoken_of(ordered, bare.delisted))
    return Universe(members, times, rows, notes)


def _check(each: UniverseMarket, other: Market) -> None:
    market, bars = each.market, each.market.bar_seconds
    if not 0 <= each.first < each.last <= len(market):
        raise MarketError(f"{market.name}: bars {each.first} to {each.last} are no part of its {len(market)}")
    if not (math.isfinite(each.weight) and each.weight > 0.0):
        raise MarketError(
            f"{market.name}: weight = {each.weight} must be a number above 0; leave out what is not traded"
        )
    if bars != other.bar_seconds:
        lengths = f"{timeframe_name(bars)} and {timeframe_name(other.bar_seconds)}"
        raise MarketError(f"{market.name} and {other.name}: bars of {lengths}; resample them to one length")
    off = (_milliseconds(market)[0] - _milliseconds(other)[0]) % (1000 * bars)
    if off:
        shift = timeframe_name(int(off) // 1000)
        raise MarketError(f"{market.name} and {other.name}: their bars open {shift} apart; give bars of one grid")


def _aligned(markets: Sequence[Market]) -> tuple[np.ndarray, np.ndarray]:
    """Return times (T,) and rows (T, K) of markets of one grid."""
    opens = [_milliseconds(market) for market in markets]
    begin, step = min(stamps[0] for stamps in opens), 1000 * markets[0].bar_seconds
    slots = [(stamps - begin) // step for stamps in opens]  # counted, since sorting millions of stamps is slow
    taken = np.zeros(max(slot[-1] for slot in slots) + 1, dtype=bool)
    for slot in slots:
        taken[slot] = True
    place = np.cumsum(taken) - 1
    rows = np.full((int(place[-1]) + 1, len(markets)), -1, dtype=np.int32)
    for column, slot in enumerate(slots):
        rows[place[slot], column] = np.arange(len(slot))
    return (begin + step * np.flatnonzero(taken)).view("datetime64[ms]"), rows


def _milliseconds(market: Market) -> np.ndarray:
    return market.times.astype("datetime64[ms]").astype(np.int64)
