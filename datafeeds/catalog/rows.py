"""Rows of a series: checked, merged, cut."""

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.series import KINDS, Rows, Series

EARLIEST_MS, LATEST_MS = 1_230_940_800_000, 4_102_444_800_000  # 2009-01-03, bitcoin's first block, and 2100-01-01
_PRICES = ("open", "high", "low", "close", "price")
_SLACK = 1e-9  # relative: the venues round prices and sizes on their own


def check_rows(series: Series, rows: Rows) -> None:
    """Refuse rows that cannot be true.

    Raises
    ------
    ReplyError
        For wrong columns, types or lengths; times out of order, off the grid or outside 2009..2100; values missing, infinite,
        or out of their domain; an OHLC that contradicts itself; a row known before its own time.
    """
    kind = KINDS[series.kind]
    names = ("ts", "known_at", *kind.values)
    if set(rows) != set(names) or len({len(rows[name]) for name in names}) != 1:
        raise ReplyError(f"{series}: expected the columns {', '.join(names)}, of one length")
    if any(rows[name].dtype != np.int64 for name in names[:2]) or any(rows[n].dtype != np.float64 for n in kind.values):
        raise ReplyError(f"{series}: times must be int64, values float64")
    if len(rows["ts"]):
        _check_times(series, rows)
        _check_values(series, rows)


def _refuse(bad: np.ndarray, series: Series, rows: Rows, what: str) -> None:
    if bad.any():
        first = int(rows["ts"][int(np.flatnonzero(bad)[0])])
        when = np.datetime64(first, "ms") if EARLIEST_MS <= first < LATEST_MS else f"{first} ms"
        raise ReplyError(f"{series}: {what} at {when} ({int(bad.sum())} rows)")


def _check_times(series: Series, rows: Rows) -> None:
    ts, known_at = rows["ts"], rows["known_at"]
    _refuse((ts < EARLIEST_MS) | (ts >= LATEST_MS), series, rows, "a time outside 2009..2100")
    steps = np.diff(ts, prepend=ts[0] - 1)
    repeats = series.kind == "liquidations"  # several positions may fall in one instant
    _refuse(steps < (0 if repeats else 1), series, rows, "times that do not rise")
    _refuse(known_at < ts, series, rows, "a row known before its time")
    _refuse(known_at >= LATEST_MS, series, rows, "a row known after 2100")
    if KINDS[series.kind].even:
        _refuse(ts % series.period_ms != 0, series, rows, f"a time off the {series.timeframe} grid")
    if series.kind in ("candles", "mark"):
        _refuse(known_at != ts + series.period_ms, series, rows, "a candle not known at its close")


def _check_values(series: Series, rows: Rows) -> None:
    kind = KINDS[series.kind]
    for name in kind.values:
        values = rows[name]
        known = ~np.isnan(values)
        _refuse(~known & (name not in kind.optional), series, rows, f"no {name}")
        _refuse(np.isinf(values), series, rows, f"an infinite {name}")
        if name in _PRICES:
            _refuse(values <= 0.0, series, rows, f"{name} not above 0")
        elif name == "funding_rate":
            _refuse(np.abs(values) > 1.0, series, rows, "a funding rate beyond 100 %")
        elif name == "side":
            _refuse(np.abs(values) != 1.0, series, rows, "a side that is neither +1 nor -1")
        else:
            _refuse(known & (values < 0.0), series, rows, f"a negative {name}")
    if series.kind in ("candles", "mark"):
        top, bottom = np.maximum(rows["open"], rows["close"]), np.minimum(rows["open"], rows["close"])
        slack = _SLACK * rows["high"]
        _refuse(
            (rows["high"] < top - slack) | (rows["low"] > bottom + slack),
            series,
            rows,
            "open or close outside low..high",
        )
    if series.kind == "candles":
        over = rows["taker_buy_volume"] > rows["volume"] * (1.0 + _SLACK)
        _refuse(over, series, rows, "taker_buy_volume above volume")


def take(rows: Rows, chosen: np.ndarray | slice) -> Rows:
    """Return chosen rows: a boolean mask (n,), indices, or a slice."""
    return {name: values[chosen] for name, values in rows.items()}


def between(rows: Rows, start_ms: int, end_ms: int) -> Rows:
    """Return the rows with start_ms <= ts < end_ms of rows sorted by ts."""
    first, last = np.searchsorted(rows["ts"], [start_ms, end_ms])
    return take(rows, slice(int(first), int(last)))


def merge(series: Series, old: Rows, new: Rows, answered: list[tuple[int, int]]) -> Rows:
    """Return both, sorted by time.

    A new row replaces the old one of its time, but keeps the old one's optional values where it knows none. Liquidations have
    no key of their own, so within `answered` the new ones replace all old ones.
    """
    if series.kind == "liquidations":
        stale = np.zeros(len(old["ts"]), dtype=bool)
        for start, end in answered:
            stale |= (old["ts"] >= start) & (old["ts"] < end)
        kept, fresh = take(old, ~stale), new
    else:
        same = np.isin(old["ts"], new["ts"], assume_unique=True)
        fresh = dict(new)
        for name in KINDS[series.kind].optional:
            fresh[name] = _filled(new, take(old, same), name)
        kept = take(old, ~same)
    both = {name: np.concatenate([kept[name], fresh[name]]) for name in kept}
    return take(both, np.argsort(both["ts"], kind="stable"))


def _filled(new: Rows, old: Rows, name: str) -> np.ndarray:
    values = new[name].copy()
    at = np.searchsorted(new["ts"], old["ts"])
    values[at] = np.where(np.isnan(values[at]), old[name], values[at])
    return values
