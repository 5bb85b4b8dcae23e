"""What the catalog holds, and whether it is sound."""

from dataclasses import dataclass, replace

import numpy as np

from datafeeds.catalog.comparison import Comparison, compare_candles
from datafeeds.catalog.coverage import Intervals, outside
from datafeeds.catalog.partition import month_bounds, read_partition
from datafeeds.catalog.rows import EARLIEST_MS, LATEST_MS, check_rows
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.live.journal import journal_folder, read_journal
from datafeeds.series import KINDS, Series


@dataclass(frozen=True)
class Holding:
    """One series of the catalog.

    Attributes
    ----------
    series
        Which.
    rows, size_bytes
        How much.
    first_ms, last_ms
        Times of its first and last row; None without rows.
    not_downloaded
        Stretches between the first and last answered time that no source was asked for.
    absent
        Periods that sources have answered without a row (even kinds only).
    defects
        What is damaged, one sentence each; only where it was looked for.
    compared
        How candles agree with smaller ones; None where it was not looked for, or there are none.
    """

    series: Series
    rows: int
    size_bytes: int
    first_ms: int | None
    last_ms: int | None
    not_downloaded: Intervals
    absent: int
    defects: tuple[str, ...] = ()
    compared: Comparison | None = None


def inventory(catalog: Catalog, check: bool = False) -> list[Holding]:
    """Return what the catalog holds; with `check` all is read and tested, damage named, and candles compared with smaller ones."""
    holdings = [_holding(catalog, series, check) for series in catalog.series()]
    return [_compared(catalog, holding) for holding in holdings] if check else holdings


def _compared(catalog: Catalog, holding: Holding) -> Holding:
    """Return a holding with how its candles agree with smaller ones; a damaged file, named already, leaves it open."""
    try:
        compared = compare_candles(catalog, holding.series) if holding.series.kind == "candles" else None
    except MarketError:
        return holding
    if compared is None or not len(compared.differing):
        return replace(holding, compared=compared)
    first = str(compared.differing[0].astype("datetime64[ms]").astype("datetime64[m]")).replace("T", " ")
    defect = (
        f"{holding.series}: {len(compared.differing):,} of {compared.rows:,} rows differ from those made of {compared.smaller}, "
        f"the first at {first} ({', '.join(compared.columns)}); download both again with --again"
    )
    return replace(holding, compared=compared, defects=(*holding.defects, defect))


def _holding(catalog: Catalog, series: Series, check: bool) -> Holding:
    times, covered, defects, size = [], [], [], 0
    for month, file in catalog.files(series).items():
        try:
            size += file.stat().st_size
            partition = read_partition(file, series, None if check else ())
            if check:
                check_rows(series, partition.rows)
                _check_place(month, partition.rows["ts"], None if KINDS[series.kind].records else partition.covered)
        except (MarketError, ReplyError, OSError) as error:
            defects.append(f"{file.name}: {error}")
            continue
        times.append(partition.rows["ts"])
        covered += partition.covered
    if series.kind == "liquidations":
        recorded, heard, length, broken = _recorded(catalog, series)
        times, covered, defects = [*times, recorded], covered + heard, defects + broken
        size += length
    ts = np.sort(np.concatenate(times)) if times else np.empty(0, np.int64)
    whole = (min(a for a, _ in covered), max(b for _, b in covered)) if covered else (0, 0)
    return Holding(
        series=series,
        rows=len(ts),
        size_bytes=size,
        first_ms=int(ts[0]) if len(ts) else None,
        last_ms=int(ts[-1]) if len(ts) else None,
        not_downloaded=outside(covered, *whole),
        absent=_absent(series, ts, covered),
        defects=tuple(defects),
    )


def _recorded(catalog: Catalog, series: Series) -> tuple[np.ndarray, Intervals, int, list[str]]:
    """Return times, observed stretches, size and defects of what was recorded live."""
    folder = journal_folder(catalog, series.venue, series.symbol)
    size = sum(file.stat().st_size for file in folder.glob("*.jsonl"))
    try:
        rows, heard, _ = read_journal(folder, EARLIEST_MS, LATEST_MS)
    except MarketError as error:
        return np.empty(0, np.int64), [], size, [str(error)]
    return rows["ts"], heard, size, []


def _check_place(month: str, ts: np.ndarray, covered: Intervals | None) -> None:
    first, last = month_bounds(month)
    if len(ts) and (ts[0] < first or ts[-1] >= last):
        raise MarketError("rows of another month; delete it and download its month again")
    if covered is not None and sum(((ts >= a) & (ts < b)).sum() for a, b in covered) != len(ts):
        raise MarketError("rows that nobody asked for; delete it and download its month again")


def _absent(series: Series, ts: np.ndarray, covered: Intervals) -> int:
    if not KINDS[series.kind].even:
        return 0
    period = series.period_ms
    expected = sum(-(-b // period) - -(-a // period) for a, b in covered)
    return int(expected - len(ts))
