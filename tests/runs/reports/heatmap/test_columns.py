"""Blocks of bars keep open, extremes, close and sums; ticks are found where there are any."""

import numpy as np
import pandas as pd

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.reports.heatmap.columns import blocks, column_ends, decimals_of

MARKET = simulate(5, bars=100)


def table(every):
    record = record_heatmap(
        build_model(ModelParameters(), MARKET.bar_seconds), model_bars(MARKET), column_ends(len(MARKET), every)
    )
    return record, blocks(MARKET, record.snapshots, record.ends)


def test_single_bars_are_the_markets_own():
    _, columns = table(1)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(columns[name], MARKET.frame[name])
    assert pd.to_datetime(columns["time"], unit="s").equals(pd.DatetimeIndex(MARKET.frame["ts"].dt.tz_localize(None)))
    assert np.array_equal(columns["reported_long"], MARKET.frame["liquidated_long"], equal_nan=True)


def test_blocks_equal_a_loop():
    record, columns = table(7)
    frame, start = MARKET.frame, 0
    assert record.ends[-1] == 99
    for row, end in enumerate(record.ends):
        part = frame.iloc[start : end + 1]
        assert columns["open"][row] == part["open"].iloc[0]
        assert columns["high"][row] == part["high"].max()
        assert columns["low"][row] == part["low"].min()
        assert columns["close"][row] == part["close"].iloc[-1]
        assert np.isclose(columns["reported_short"][row], part["liquidated_short"].sum())
        assert np.isclose(
            columns["model_liquidated_long"][row], np.nansum(record.snapshots["model_liquidated_long"][start : end + 1])
        )
        start = end + 1
    assert row == len(columns["time"]) - 1 == 14


def test_ticks_give_the_very_same_numbers():
    prices = np.array([0.1, 65432.15, 7.0, 0.07])
    assert decimals_of(prices) == 2
    assert np.array_equal(np.rint(prices * 100.0).astype(np.int32) / 100.0, prices)
    assert decimals_of(np.array([1e-5, 2.5e-7])) == 8
    assert decimals_of(np.array([np.pi])) is None
    assert decimals_of(np.array([1e10])) is None
