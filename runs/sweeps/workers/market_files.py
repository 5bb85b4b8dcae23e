"""What is traded, as files: the bars of a market or of a universe, which a worker process reads for itself when it starts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe

_STEPS = "steps.npz"


def laid_down(traded: Market | Universe, folder: Path) -> Market | Universe:
    """Write the bars of a market or universe into a folder, and return it without them; raises OSError if the disk refuses."""
    if isinstance(traded, Market):
        return _written(traded, folder, 0)
    np.savez(folder / _STEPS, times=traded.times, rows=traded.rows)
    members = [replace(each, market=_written(each.market, folder, k)) for k, each in enumerate(traded.markets)]
    return replace(traded, markets=tuple(members), times=traded.times[:0], rows=traded.rows[:0])


def taken_up(bare: Market | Universe, folder: Path) -> Market | Universe:
    """Return what `laid_down` was given, out of its folder."""
    if isinstance(bare, Market):
        return _read(bare, folder, 0)
    members = [replace(each, market=_read(each.market, folder, k)) for k, each in enumerate(bare.markets)]
    with np.load(folder / _STEPS) as steps:
        return replace(bare, markets=tuple(members), times=steps["times"], rows=steps["rows"])


def _written(market: Market, folder: Path, number: int) -> Market:
    market.frame.to_parquet(_file(folder, number))
    return replace(market, frame=market.frame.iloc[:0])


def _read(market: Market, folder: Path, number: int) -> Market:
    return replace(market, frame=pd.read_parquet(_file(folder, number)))


def _file(folder: Path, number: int) -> Path:
    return folder / f"market-{number}.parquet"
