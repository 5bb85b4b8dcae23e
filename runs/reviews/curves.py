"""What a run looks like: its equity, its market and its fills, thinned to what a page can show."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from datafeeds.parquet_size import check_size
from runs.reports.figures.thinning import POINTS, largest_triangles
from runs.reviews.safe_files import DamageError, plain_file

CANDLES = 1000
"""Candles of a market at most: about one a pixel of the chart."""

FILLS = 150
"""Trades of a run that a page shows at most; those that won or lost most."""

MAX_BARS = 10_000_000
"""Of a run (*assumption*: nineteen years of minutes)."""

MAX_FILE_BYTES = 1 << 29
"""Of a file of a run: `MAX_BARS` that shrink by nothing."""

STEPS = 65535
"""Numbers are packed to 16 bits over their range, which is finer than any screen."""

_SHORT, _WON, _LIQUIDATED, _OPEN = 1, 2, 4, 8
_TRADES = {
    "entry_time": pa.string(), "exit_time": pa.string(), "side": pa.string(), "entry_price": pa.float64(),
    "exit_price": pa.float64(), "net_pnl": pa.float64(), "exit_reason": pa.string(), "open": pa.string(),
}  # fmt: skip


def equity_curve(folder: Path, starting_cash: float) -> dict[str, Any]:
    """Return a run's equity as multiples of its starting cash, at most `POINTS` points.

    Parameters
    ----------
    folder
        A run's.
    starting_cash
        Quote, > 0.

    Returns
    -------
    dict
        ``from`` and ``to`` in seconds since 1970, ``times`` packed over them, ``values`` with their range.

    Raises
    ------
    DamageError
        If equity.parquet is missing or damaged.
    """
    times, columns = _columns(folder, "equity")
    return _curve(times, columns[0] / starting_cash)


def market_curve(folder: Path, starting_cash: float) -> dict[str, Any]:
    """Return what buying and holding made of the starting cash, as `equity_curve` does, and ``candles`` (see `candles`)."""
    times, (close, held) = _columns(folder, "close", "buy_and_hold")
    return _curve(times, held / starting_cash) | {"candles": candles(close)}


def _columns(folder: Path, *names: str) -> tuple[np.ndarray, list[np.ndarray]]:
    content = _content(folder / "equity.parquet")
    try:
        with pq.ParquetFile(content) as file:
            check_size(file, ["ts", *names], MAX_BARS * (1 + len(names)))
            if not all(file.schema_arrow.field(name).type == pa.float64() for name in names):
                raise TypeError  # text may repeat itself without end
            table = file.read(columns=["ts", *names], use_threads=False)
        times = table["ts"].to_numpy().astype("datetime64[s]").astype(np.int64)
        values = [np.asarray(table[name].to_numpy(), dtype=np.float64) for name in names]
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        raise DamageError("equity.parquet is damaged") from None
    known = np.logical_and.reduce([np.isfinite(column) for column in values])
    if not len(times) or not known.all() or (np.diff(times) <= 0).any():
        raise DamageError("equity.parquet is damaged (no bars, unknown values, or times out of order)")
    return times, values


def _content(path: Path) -> pa.BufferReader:
    """Return a file's content, read here: pyarrow opens no name that is not UTF-8."""
    state = plain_file(path)
    if state is None:
        raise DamageError(f"{path.name} is missing")
    if state.st_size > MAX_FILE_BYTES:
        raise DamageError(f"{path.name} is too large to be one of ours")
    try:
        return pa.BufferReader(path.read_bytes())
    except OSError as error:
        raise DamageError(f"{path.name} cannot be read ({error.strerror})") from None


def _curve(times: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    kept = largest_triangles(times.astype(np.float64), values, POINTS)
    first, last = int(times[0]), int(times[-1])
    return {"from": first, "to": last, "times": packed(times[kept], first, last), "values": ranged(values[kept])}


def candles(close: np.ndarray) -> dict[str, Any]:
    """Return groups of equally many closes as candles: the results hold closes only, so a wick is the range of closes.

    Parameters
    ----------
    close
        (n,) prices, n > 0.

    Returns
    -------
    dict
        ``bars`` in a candle; ``low`` and ``high``; ``lows``, ``highs``, ``closes`` packed over them. A candle opens where
        the one before closed.
    """
    bars = -(-len(close) // CANDLES)
    starts = np.arange(0, len(close), bars)
    low, high = float(close.min()), float(close.max())
    shapes = {
        "lows": np.minimum.reduceat(close, starts),
        "highs": np.maximum.reduceat(close, starts),
        "closes": close[np.minimum(starts + bars, len(close)) - 1],
    }
    return {"bars": bars, "low": low, "high": high} | {name: packed(v, low, high) for name, v in shapes.items()}


def fills(folder: Path, first: int, last: int) -> dict[str, Any]:
    """Return a run's trades, at most `FILLS`, in the order of their entries.

    Parameters
    ----------
    folder
        A run's.
    first, last
        Range of its bars, seconds since 1970.

    Returns
    -------
    dict
        ``total`` and ``shown``; ``low`` and ``high`` price; ``entries`` and ``exits`` (times), ``bought`` and ``sold``
        (prices of entry and exit), packed; ``kinds``: bits for short, won, liquidated, still open.

    Raises
    ------
    DamageError
        If trades.csv is missing or damaged.
    """
    content = _content(folder / "trades.csv")
    try:
        options = pc.ConvertOptions(column_types=_TRADES, include_columns=list(_TRADES))
        table = pc.read_csv(content, pc.ReadOptions(use_threads=False), convert_options=options)
        return _fills(table, first, last)
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        raise DamageError("trades.csv is damaged") from None


def _fills(table: pa.Table, first: int, last: int) -> dict[str, Any]:
    total = len(table)
    if not total:
        return {"total": 0, "shown": 0}
    net = table["net_pnl"].to_numpy()
    kept = np.sort(np.argsort(-np.abs(net), kind="stable")[:FILLS])
    table, net = table.take(kept), net[kept]
    prices = {"bought": table["entry_price"].to_numpy(), "sold": table["exit_price"].to_numpy()}
    both = np.concatenate(list(prices.values()))
    if not np.isfinite(both).all():
        raise ValueError("unknown prices")
    low, high = float(both.min()), float(both.max())
    kinds = (
        _SHORT * (_text(table, "side") == "short")
        + _WON * (net > 0.0)
        + _LIQUIDATED * (_text(table, "exit_reason") == "liquidation")
        + _OPEN * (_text(table, "open") == "true")
    )
    times = {"entries": _seconds(table, "entry_time"), "exits": _seconds(table, "exit_time")}
    return (
        {"total": total, "shown": len(kept), "low": low, "high": high, "kinds": kinds.tolist()}
        | {name: packed(values, first, last) for name, values in times.items()}
        | {name: packed(values, low, high) for name, values in prices.items()}
    )


def _text(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False).astype(str)


def _seconds(table: pa.Table, name: str) -> np.ndarray:
    texts = [text.removesuffix("Z") for text in table[name].to_pylist()]
    return np.array(texts, dtype="datetime64[s]").astype(np.int64)


def packed(values: np.ndarray, low: float, high: float) -> str:
    """Return (n,) finite values as base64 of little-endian uint16: 0 is `low`, 65535 is `high`; nearest step.

    Examples
    --------
    >>> packed(np.array([0.0, 1.0]), 0.0, 1.0)
    'AAD//w=='
    """
    spread = high - low if high > low else 1.0
    steps = np.rint((values - low) / spread * STEPS).clip(0, STEPS).astype("<u2")
    return base64.b64encode(steps.tobytes()).decode("ascii")


def ranged(values: np.ndarray) -> dict[str, Any]:
    """Return (n,) finite values, n > 0, as ``{"low", "high", "steps"}`` (`packed` over their own range)."""
    low, high = float(values.min()), float(values.max())
    return {"low": low, "high": high, "steps": packed(values, low, high)}
