"""A market out of the catalog: its series joined bar by bar, each by when it became known."""

import re
import shlex
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from datafeeds.availability import as_of, event_totals, largest_events, summed
from datafeeds.catalog.coverage import Intervals, outside
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, TooShortError
from datafeeds.live.journal import journal_folder, read_journal
from datafeeds.resampling import resample
from datafeeds.schema import Market, market_from_frame
from datafeeds.series import Series, timeframe_seconds
from datafeeds.venue_columns import LARGEST, is_venue_column, venue_column

_IDS = re.compile(r"(.+):([1-9][0-9]*[smhdw])")
_VENUE = re.compile(r"[a-z0-9_-]+")
_WHOLE = (0, 2**53)
_SIDES = ("liquidated_long", "liquidated_short")
_THROTTLED = ("binance",)  # its archive holds what its stream sent: one a second at most since 2021-04-27
_THROTTLED_TOTALS = ("coinalyze-binance", "coinalyze-okx")  # added up from such streams
_LOWER_BOUND = "reported liquidations are a lower bound: the venue sends one a second at most"
_LATE_MS = 60_000  # venues stamp settlements some milliseconds late; none settles within a minute of another
_BACK_MS = 8 * 86_400_000  # how far before the first bar a snapshot may lie that it still knows


@dataclass(frozen=True)
class MarketId:
    """A market's name in the catalog: ``venue:symbol:timeframe``, such as ``binance:BTC/USDT:USDT:1h``."""

    venue: str
    symbol: str
    timeframe: str

    @property
    def name(self) -> str:
        """What the outputs call it; the last part is the venue's usual name of the contract."""
        base, _, rest = self.symbol.partition("/")
        return f"{self.venue}_{self.timeframe}/{base}{rest.partition(':')[0]}"

    def series(self, kind: str, timeframe: str = "") -> Series:
        """Return one of its series."""
        return Series(self.venue, self.symbol, kind, timeframe)


def market_ids(text: str) -> tuple[MarketId, ...]:
    """Return the names that a text is: of one market, of several that are to be summed, or none.

    Examples
    --------
    >>> [one.venue for one in market_ids("binance+bybit+okx:BTC/USDT:USDT:1h")]
    ['binance', 'bybit', 'okx']
    >>> [one.symbol for one in market_ids("binance:BTC/USDT:USDT+hyperliquid:BTC/USDC:USDC:1h")]
    ['BTC/USDT:USDT', 'BTC/USDC:USDC']
    """
    match, found, symbol = _IDS.fullmatch(text), list[MarketId](), ""
    for part in reversed(match[1].split("+") if match else []):
        venue, _, own = part.partition(":")
        symbol = own or symbol  # a venue without a symbol has the next one's
        if not _VENUE.fullmatch(venue) or not symbol:
            return ()
        found.insert(0, MarketId(venue, symbol, match[2] if match else ""))
    return tuple(found)


def market_id(text: str) -> MarketId | None:
    """Return the name of one market that a text is, or None if it is none.

    Examples
    --------
    >>> market_id("binance:BTC/USDT:USDT:1h")
    MarketId(venue='binance', symbol='BTC/USDT:USDT', timeframe='1h')
    """
    found = market_ids(text)
    return found[0] if len(found) == 1 else None


def read_catalog_market(
    catalog: Catalog, wanted: MarketId, start_ms: int | None = None, end_ms: int | None = None
) -> Market:
    """Return a market out of the catalog; from smaller bars where these are not there.

    Raises
    ------
    MarketError
        If it is not in the catalog, with the command that downloads it.
    """
    known = [series for series in catalog.series() if (series.venue, series.symbol) == (wanted.venue, wanted.symbol)]
    periods = [series.timeframe for series in known if series.kind == "candles"]
    seconds = timeframe_seconds(wanted.timeframe)
    parts = [period for period in periods if seconds % timeframe_seconds(period) == 0]
    if not parts:
        there = f"it has {', '.join(sorted(periods, key=timeframe_seconds))}" if periods else "it has none"
        raise MarketError(
            f"no candles of {wanted.symbol} {wanted.timeframe} from {wanted.venue} in the catalog {catalog.root} ({there}); "
            f"{shlex.quote(sys.executable or 'python')} -m runs.download --venue {wanted.venue} --symbol {wanted.symbol} "
            f"--timeframe {wanted.timeframe} --start 2024-01-01 --catalog {shlex.quote(str(catalog.root))}"
        )
    largest = max(parts, key=timeframe_seconds)
    span = (_WHOLE[0] if start_ms is None else start_ms, _WHOLE[1] if end_ms is None else end_ms)
    market = _joined(catalog, replace(wanted, timeframe=largest), known, span)
    return market if largest == wanted.timeframe else resample(market, seconds)


def _joined(catalog: Catalog, wanted: MarketId, known: list[Series], span: tuple[int, int]) -> Market:
    candles = wanted.series("candles", wanted.timeframe)
    rows = catalog.read(candles, *span, columns=("open", "high", "low", "close", "volume", "taker_buy_volume"))
    opens, bar = rows.pop("ts"), candles.period_ms
    if len(opens) < 2:
        raise TooShortError(
            f"{wanted.name}: the catalog holds {len(opens)} bars in this range; download more or widen it"
        )
    columns: dict[str, np.ndarray] = dict(rows)
    reach = (int(opens[0]) - _BACK_MS, int(opens[-1]) + bar + 1)
    remarks = _not_downloaded(catalog, candles, opens, span)
    mark = wanted.series("mark", wanted.timeframe)
    if mark in known:
        columns |= _marks(catalog, mark, opens)
    for kind in ("open_interest", "long_short_ratio"):
        candidates = [series for series in known if series.kind == kind]
        columns |= _snapshots(catalog, candidates, opens, bar, reach)
        remarks += tuple(remark for series in candidates for remark in catalog.remarks(series, *reach))
    funding = wanted.series("funding")
    if funding in known:
        settled = catalog.read(funding, *reach, columns=("funding_rate",))
        columns |= _settlements(settled["ts"], settled["funding_rate"], opens, bar)
    totals, said = _liquidations(catalog, wanted, known, opens, bar, reach)
    columns |= totals
    unknown = [name for name, values in columns.items() if np.isnan(values).all()]
    frame = pd.DataFrame(
        {"ts": opens.view("datetime64[ms]"), **{n: v for n, v in columns.items() if n not in unknown}}, copy=False
    )
    frame["ts"] = frame["ts"].dt.tz_localize("UTC")
    parts = tuple(label for label in frame.columns if is_venue_column(label))
    return replace(market_from_frame(frame, wanted.name, parts=parts), remarks=(*remarks, *said))


def _settlements(times: np.ndarray, rates: np.ndarray, opens: np.ndarray, bar: int) -> dict[str, np.ndarray]:
    """Return what settles at the bars' opens, and the sum of what settles later within them, at the mark of the open."""
    late = min(bar, _LATE_MS)
    within = summed(times - late, rates, opens, bar - late) if bar > late else np.full(len(opens), np.nan)
    return {"funding_rate": summed(times, rates, opens, late), "funding_rate_within": within}


def _not_downloaded(catalog: Catalog, candles: Series, opens: np.ndarray, span: tuple[int, int]) -> tuple[str, ...]:
    """Tell gaps that nobody has asked the venue about from those that it has."""
    first = max(span[0], int(opens[0]))
    last = int(opens[-1]) + candles.period_ms if span[1] == _WHOLE[1] else span[1]
    gaps: Intervals = outside(catalog.covered(candles), first, last)
    if not gaps:
        return ()
    begin, bars = (
        np.datetime64(gaps[0][0], "ms").astype("datetime64[m]"),
        sum(b - a for a, b in gaps) // candles.period_ms,
    )
    return (f"{bars:,} bars of the range were never downloaded, from {begin} UTC on: runs.download brings them",)


def _marks(catalog: Catalog, mark: Series, opens: np.ndarray) -> dict[str, np.ndarray]:
    rows = catalog.read(mark, int(opens[0]), int(opens[-1]) + 1, columns=("high", "low", "close"))
    at = np.searchsorted(opens, rows["ts"])
    found = (at < len(opens)) & (opens[np.minimum(at, len(opens) - 1)] == rows["ts"])
    columns = {}
    for name in ("high", "low", "close"):
        values = np.full(len(opens), np.nan)
        values[at[found]] = rows[name][found]
        columns[f"mark_{name}"] = values
    return columns


def _snapshots(
    catalog: Catalog, candidates: list[Series], opens: np.ndarray, bar: int, reach: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Return what was last known at each close: from the series nearest to the bars' length, holes from the others."""
    values = np.full(len(opens), np.nan)
    for series in sorted(candidates, key=lambda series: (series.period_ms > bar, abs(series.period_ms - bar))):
        rows = catalog.read(series, *reach, columns=("known_at", series.kind))
        order = np.argsort(rows["known_at"], kind="stable")
        joined = as_of(rows["known_at"][order], rows[series.kind][order], opens + bar, max(bar, series.period_ms))
        values = np.where(np.isnan(values), joined, values)
    return {candidates[0].kind: values} if candidates else {}


def _liquidations(
    catalog: Catalog, wanted: MarketId, known: list[Series], opens: np.ndarray, bar: int, reach: tuple[int, int]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return what was liquidated in each bar and the largest at once, as far as they are known, and how complete that is."""
    columns, said = _events(catalog, wanted, known, opens, bar, reach)
    totals = [s for s in known if s.kind == "liquidation_totals" and bar % s.period_ms == 0]
    if not totals:
        return columns, said
    series = max(totals, key=lambda series: series.period_ms)
    rows = catalog.read(series, *reach, columns=_SIDES)
    counts = summed(rows["ts"], np.ones(len(rows["ts"])), opens, bar)
    whole = counts == bar // series.period_ms
    return columns | {side: np.where(whole, summed(rows["ts"], rows[side], opens, bar), np.nan) for side in _SIDES}, (
        (_LOWER_BOUND,) if wanted.venue in _THROTTLED_TOTALS else ()
    )


def _events(
    catalog: Catalog, wanted: MarketId, known: list[Series], opens: np.ndarray, bar: int, reach: tuple[int, int]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return sums and largest of single liquidations, from archives and where these know nothing from what was recorded."""
    series, said = wanted.series("liquidations"), list[str]()
    if series not in known:  # what was recorded live is listed as well
        return {}, ()
    sums, largest = np.full((2, 2, len(opens)), np.nan)
    if catalog.files(series):
        rows, times = catalog.read(series, *reach), catalog.covered(series)
        sums = np.array(event_totals(rows, times, opens, bar))
        largest = np.array(largest_events(rows, times, opens, bar))
        said += [_LOWER_BOUND] if wanted.venue in _THROTTLED else []
    heard, times, completeness = read_journal(journal_folder(catalog, wanted.venue, wanted.symbol), *reach)
    if times:
        sums = np.where(np.isnan(sums), np.array(event_totals(heard, times, opens, bar)), sums)
        largest = np.fmax(largest, np.array(largest_events(heard, times, opens, bar)))
        said += [_LOWER_BOUND] if completeness == "throttled" else []
    names = (*_SIDES, *(venue_column(column, wanted.venue) for column in LARGEST))
    return dict(zip(names, (*sums, *largest), strict=True)), tuple(dict.fromkeys(said))
