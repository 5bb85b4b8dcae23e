"""How fast and how lean the catalog is read: one-minute candles, against one plain parquet file of the same rows."""

import statistics
import tempfile
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from datafeeds.catalog.market import MarketId, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.series import Rows
from runs.benchmarks.timing import times_in_turn

_START_MS = 1_672_531_200_000  # 2023-01-01
_MINUTE_MS = 60_000
_MARKET = MarketId("made", "BTC/USDT:USDT", "1m")


def _candles(count: int) -> Rows:
    random = np.random.default_rng(7)
    ts = _START_MS + np.arange(count, dtype=np.int64) * _MINUTE_MS
    close = np.round(30_000.0 * np.exp(np.cumsum(random.standard_normal(count) * 3e-4)), 1)
    opened = np.r_[close[0], close[:-1]]
    volume = np.round(random.exponential(50.0, count), 3)
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) + 0.5,
        "low": np.minimum(opened, close) - 0.5,
        "close": close,
    }
    return {
        "ts": ts,
        "known_at": ts + _MINUTE_MS,
        **prices,
        "volume": volume,
        "taker_buy_volume": np.round(volume / 2, 3),
    }


def measure_reading(bars: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time reading `bars` one-minute candles, `rounds` times in turn after one warm-up.

    Returns
    -------
    dict
        For the rows, for the checked market, and for pandas on one plain file: median seconds, how many times the plain
        file's time that is, and the peak of memory in multiples of the rows' arrays.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows, catalog, plain = _candles(bars), Catalog(Path(folder) / "catalog"), Path(folder) / "plain.parquet"
        series = _MARKET.series("candles", "1m")
        catalog.add(series, rows, [(int(rows["ts"][0]), int(rows["ts"][-1]) + _MINUTE_MS)])
        pd.DataFrame(rows).to_parquet(plain)
        actions: dict[str, Callable[[], Any]] = {
            "pandas, one plain file": lambda: pd.read_parquet(plain),
            "catalog, rows": lambda: catalog.read(series, 0, 2**53),
            "catalog, checked market": lambda: read_catalog_market(catalog, _MARKET),
        }
        size = sum(values.nbytes for values in rows.values())
        return _timed(actions, rounds, size)


def _timed(actions: dict[str, Callable[[], Any]], rounds: int, size: int) -> dict[str, dict[str, float]]:
    times = times_in_turn(actions, rounds)
    first = next(iter(actions))
    return {
        name: {
            "seconds": statistics.median(taken),
            "times_plain": statistics.median(mine / plain for mine, plain in zip(taken, times[first], strict=True)),
            "peak_memory_times_arrays": _peak(actions[name]) / size,
        }
        for name, taken in times.items()
    }


def _peak(action: Callable[[], Any]) -> float:
    """Return the most bytes that numpy and arrow held above what they held before.

    numpy's own peak is exact; arrow tells only what it holds now, so every millisecond both are asked, and added.
    """
    before, seen, over = pa.total_allocated_bytes(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.001):
            seen[0] = max(seen[0], tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - before)

    watcher = threading.Thread(target=watch)
    tracemalloc.start()
    watcher.start()
    kept = action()
    over.set()
    watcher.join()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return float(max(peak, *seen))
