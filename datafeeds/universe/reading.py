"""A universe out of what names its markets: files, entries of the catalog, and all perpetuals of a venue there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from datafeeds.errors import MarketError, TooShortError
from datafeeds.files import is_there
from datafeeds.markets import open_market
from datafeeds.resampling import resample
from datafeeds.schema import Market
from datafeeds.series import timeframe_name
from datafeeds.universe.markets import Universe, from_markets
from datafeeds.universe.notes import some
from datafeeds.universe.selection import is_selection, selected, settles_in_coin

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_EMPTY = "the universe is empty: no market of it has a bar to trade in this range"


@dataclass(frozen=True)
class Listed:
    """What one line of a universe names.

    Attributes
    ----------
    data
        As for `datafeeds.markets.open_market`, or ``catalog:venue:timeframe`` for all perpetuals there.
    since, until
        The rule may trade bars that open at or after `since` and before `until`, UTC.
    weight
        Relative part, of each market that it names.
    mapping
        As for `datafeeds.markets.open_market`.
    chosen
        Whether it was named by itself; what a selection names is left out where it has no bar to trade.
    """

    data: str
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    weight: float = 1.0
    mapping: Path | str | None = None
    chosen: bool = True


def open_universe(
    data: Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    timeframe: str | None = None,
    mapping: Path | str | None = None,
    catalog: Path | str | None = None,
) -> Universe:
    """Return the universe of some markets, of equal weight.

    Parameters
    ----------
    data
        Each as for `datafeeds.markets.open_market`, or ``catalog:binance:1h`` for all perpetuals of a venue of which the catalog
        has bars of that length, or smaller ones to make them of.
    start, end, timeframe, catalog
        As for `datafeeds.markets.open_market`.
    mapping
        The same, for those that are files.

    Raises
    ------
    MarketError
        If one cannot be read, or they are no universe (`datafeeds.universe.markets.from_markets`).
    """
    files = [is_there(item) for item in data]
    maps = [mapping if is_file or not any(files) else None for is_file in files]
    listed = [Listed(item, mapping=mapped) for item, mapped in zip(data, maps, strict=True)]
    return read_listed(listed, start, end, timeframe, catalog)


def read_listed(
    listed: Sequence[Listed],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    timeframe: str | None = None,
    catalog: Path | str | None = None,
) -> Universe:
    """Return the universe that lines name; parameters and errors as of `open_universe`.

    Notes
    -----
    Bars of different lengths become the longest of them. Of a selection those that have no bar to trade are left out, and named:
    who asks for all of a venue from 2024 on does not mean those that it delisted before. So are those settled in their coin.
    """
    named = [one for line in listed for one in _expanded(line, catalog)]
    lines = [line for line in named if line.chosen or not settles_in_coin(line.data)]
    opened, short = _with_bars(
        [(line, None) for line in lines],
        lambda line, _: open_market(line.data, start, end, timeframe, line.mapping, catalog),
    )
    length, remarks = _length([market for _, market in opened])
    members, without = _with_bars(opened, lambda line, market: _member(line, resample(market, length)))
    if not members:
        raise MarketError(_EMPTY)
    if len(lines) < len(named):
        coins = some(sorted(line.data for line in named if line not in lines))
        remarks = (*remarks, f"settled in their coin, which no account here trades, left out: {coins}")
    if empty := [*short, *without]:
        remarks = (*remarks, f"without bars to trade in this range, left out: {some(sorted(empty))}")
    markets, firsts, lasts = zip(*(member for _, member in members), strict=True)
    lines = [line for line, _ in members]
    return from_markets(markets, firsts, lasts, [line.weight for line in lines], remarks, [line.data for line in lines])


def _expanded(line: Listed, catalog: Path | str | None) -> list[Listed]:
    if not is_selection(line.data):
        return [line]
    if line.mapping:
        raise MarketError(f"{line.data}: a mapping names the columns of a file; what is in the catalog needs none")
    return [replace(line, data=name, chosen=False) for name in selected(line.data, catalog)]


def _with_bars(
    pairs: Sequence[tuple[Listed, _Given]], make: Callable[[Listed, _Given], _Made]
) -> tuple[list[tuple[Listed, _Made]], list[str]]:
    """Return what is made of lines, and the names of those out of selections that have too few bars for it."""
    made, short = list[tuple[Listed, _Made]](), list[str]()
    for line, given in pairs:
        try:
            made.append((line, make(line, given)))
        except TooShortError:
            if line.chosen:
                raise
            short.append(line.data)
    return made, short


def _length(markets: Sequence[Market]) -> tuple[int, tuple[str, ...]]:
    """Return the seconds of the longest bars, and who has shorter ones.

    Raises
    ------
    MarketError
        If the longest cannot be made of the others.
    """
    if not markets:
        raise MarketError(_EMPTY)
    markets = sorted(markets, key=lambda market: market.name)  # so that the order of listing changes no note
    longest = max(markets, key=lambda market: market.bar_seconds)
    length, wanted = longest.bar_seconds, timeframe_name(longest.bar_seconds)
    shorter = [(market, timeframe_name(market.bar_seconds)) for market in markets if market.bar_seconds < length]
    for market, have in shorter:
        if length % market.bar_seconds:
            raise MarketError(
                f"{market.name} has bars of {have}, of which the {wanted} of {longest.name} cannot be made; name a "
                "--timeframe that both divide, or leave one out"
            )
    if not shorter:
        return length, ()
    told = some([f"{market.name} ({have})" for market, have in shorter])
    return length, (f"all bars are those of the longest, {wanted}; resampled: {told}",)


def _member(line: Listed, market: Market) -> tuple[Market, int, int]:
    """Return a market and the bars that a line lets be traded."""
    edges = [time and time.tz_convert("UTC").tz_localize(None).to_datetime64() for time in (line.since, line.until)]
    times = market.times
    first = 0 if edges[0] is None else int(times.searchsorted(edges[0]))
    last = len(times) if edges[1] is None else int(times.searchsorted(edges[1]))
    if first >= last:
        span = f"{str(times[0])[:16]} .. {str(times[-1])[:16]}"
        raise TooShortError(
            f"{market.name}: from {line.since} until {line.until} is no bar to trade; it holds {span} UTC"
        )
    return market, first, last
