"""Rows of a series: checked, merged, cut."""

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.series import KINDS, Rows, Series

EARLIEST_MS, LATEST_MS = 1_230_940_800_000, 4_102_444_800_000  # 2009-01-03, bitcoin's first block, and 2100-01-01
_PRICES = ("open", "high", "low", "close", "price", "limit_price", "entry_price", "liquidation_price", "mark_price")
_POSITIVE = (*_PRICES, "leverage")
_LONGEST_TEXT = 200
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
    names = kind.columns
    if set(rows) != set(names) or len({len(rows[name]) for name in names}) != 1:
        raise ReplyError(f"{series}: expected the columns {', '.join(names)}, of one length")
    if any(rows[name].dtype != np.int64 for name in names[:2]) or any(rows[n].dtype != np.float64 for n in kind.values):
        raise ReplyError(f"{series}: times must be int64, values float64")
    if any(rows[name].dtype.kind != "U" for name in kind.texts):
        raise ReplyError(f"{series}: names must be text")
    if len(rows["ts"]):
        _check_times(series, rows)
        _check_values(series, rows)
        _check_records(series, rows)


def _refuse(bad: np.ndarray, series: Series, rows: Rows, what: str) -> None:
    if bad.any():
        first = int(rows["ts"][int(np.flatnonzero(bad)[0])])
        when = np.datetime64(first, "ms") if EARLIEST_MS <= first < LATEST_MS else f"{first} ms"
        raise ReplyError(f"{series}: {what} at {when} ({int(bad.sum())} rows)")


def _check_times(series: Series, rows: Rows) -> None:
    ts, known_at = rows["ts"], rows["known_at"]
    _refuse((ts < EARLIEST_MS) | (ts >= LATEST_MS), series, rows, "a time outside 2009..2100")
    steps = np.diff(ts, prepend=ts[0] - 1)
    _refuse(steps < (0 if KINDS[series.kind].records else 1), series, rows, "times that do not rise")
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
        if name in _POSITIVE:
            _refuse(values <= 0.0, series, rows, f"{name} not above 0")
        elif name == "funding_rate":
            _refuse(np.abs(values) > 1.0, series, rows, "a funding rate beyond 100 %")
        elif name == "side":
            _refuse(np.abs(values) != 1.0, series, rows, "a side that is neither +1 nor -1")
        elif name != "account_value_usd":
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


def _check_records(series: Series, rows: Rows) -> None:
    for name in KINDS[series.kind].texts:
        values = rows[name]
        strange = (values == "") | (np.char.str_len(values) > _LONGEST_TEXT)
        _refuse(strange, series, rows, f"{name} is empty or longer than {_LONGEST_TEXT} letters")
    if series.kind == "liquidations":
        _refuse(np.isnan(stated_price(rows)), series, rows, "neither price nor limit_price")
    elif KINDS[series.kind].records:
        keys = _sort_keys(series, rows)
        order = np.lexsort(keys[::-1])
        twice = np.zeros(len(order), dtype=bool)
        twice[order[1:]] = np.all([key[order][1:] == key[order][:-1] for key in keys], axis=0)
        _refuse(twice, series, rows, "the same account and coin twice")


def stated_price(rows: Rows) -> np.ndarray:
    """Return where liquidations were filled, (n,); where that is not known, their order's limit, which lies further out."""
    return np.where(np.isnan(rows["price"]), rows["limit_price"], rows["price"])


def complete(series: Series, rows: Rows) -> Rows:
    """Return rows with all columns of their kind: what a source never tells is unknown."""
    lacking = [name for name in KINDS[series.kind].optional if name not in rows]
    whole = rows | {name: np.full(len(rows["ts"]), np.nan) for name in lacking}
    return {name: whole.pop(name) for name in KINDS[series.kind].columns if name in whole} | whole


def take(rows: Rows, chosen: np.ndarray | slice) -> Rows:
    """Return chosen rows: a boolean mask (n,), indices, or a slice."""
    return {name: values[chosen] for name, values in rows.items()}


def between(rows: Rows, start_ms: int, end_ms: int) -> Rows:
    """Return the rows with start_ms <= ts < end_ms of rows sorted by ts."""
    first, last = np.searchsorted(rows["ts"], [start_ms, end_ms])
    return take(rows, slice(int(first), int(last)))


def merge(series: Series, old: Rows, new: Rows) -> Rows:
    """Return both, sorted by time.

    A new row replaces the old one of its time, but keeps the old one's optional values where it knows none. Of records the old
    one stays, and learns from the new one what it did not know.

    Raises
    ------
    ReplyError
        If a new record contradicts one that is stored.
    """
    if KINDS[series.kind].records:
        return _joined_records(series, old, new)
    same = np.isin(old["ts"], new["ts"], assume_unique=True)
    fresh = dict(new)
    for name in KINDS[series.kind].optional:
        fresh[name] = _filled(new, take(old, same), name)
    kept = take(old, ~same)
    both = {name: np.concatenate([kept[name], fresh[name]]) for name in kept}
    return take(both, np.argsort(both["ts"], kind="stable"))


def _joined_records(series: Series, old: Rows, new: Rows) -> Rows:
    both = {name: np.concatenate([old[name], new[name]]) for name in old}
    if not len(both["ts"]):
        return both
    is_new = np.arange(len(both["ts"])) >= len(old["ts"])
    keys = _sort_keys(series, both)
    # of records alike in their key the n-th of one side is the n-th of the other
    rest = [np.nan_to_num(both[name]) for name in KINDS[series.kind].optional]
    order = np.lexsort([*rest[::-1], is_new, *keys[::-1]])
    starts = np.r_[True, np.any([np.diff(key[order]) != 0 for key in (*keys, is_new.astype(np.int8))], axis=0)]
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order)) - np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    order = np.lexsort([is_new, number, *keys[::-1]])
    joined = take(both, order)
    repeated = np.r_[False, np.all([np.diff(key[order]) == 0 for key in (*keys, number)], axis=0)]
    at = np.flatnonzero(repeated)
    for name in KINDS[series.kind].values:
        values, unknown = joined[name], np.isnan(joined[name][at - 1])
        if series.kind != "liquidations":
            differs = np.zeros(len(values), dtype=bool)
            differs[at] = ~unknown & ~np.isnan(values[at]) & (values[at] != values[at - 1])
            _refuse(differs, series, joined, f"another {name} than is stored, and records are never changed")
        values[at[unknown] - 1] = values[at[unknown]]
    return take(joined, ~repeated)


def _sort_keys(series: Series, rows: Rows) -> list[np.ndarray]:
    """Return what tells records apart, of either source, as numbers; the time first."""
    if series.kind == "liquidations":
        return [rows["ts"], rows["side"], rows["size"], stated_price(rows)]
    names = [np.unique(rows[name], return_inverse=True)[1] for name in KINDS[series.kind].texts]
    return [rows["ts"], *names, *([rows["side"]] if "side" in rows else [])]


def _filled(new: Rows, old: Rows, name: str) -> np.ndarray:
    values = new[name].copy()
    at = np.searchsorted(new["ts"], old["ts"])
    values[at] = np.where(np.isnan(values[at]), old[name], values[at])
    return values
