"""Measures over a window: backtrader's own, TA-Lib's, and the words of their definitions."""

import math

import backtrader as bt
import numpy as np
import pytest
import talib

from datafeeds.perpetual import PerpetualFeed
from datafeeds.simulated.market import simulate
from indicators.window.atr import atr
from indicators.window.extremes import highest, lowest
from indicators.window.mean import mean
from indicators.window.rank import rank
from indicators.window.rsi import rsi
from indicators.window.z_score import z_score

COUNT = 14
OF_VALUES = {"mean": mean, "highest": highest, "lowest": lowest, "z_score": z_score, "rank": rank}
FALLING, EQUAL = np.arange(30.0, 0.0, -1.0), np.full(30, 0.1)


class Theirs(bt.Strategy):
    """backtrader's figures at each close."""

    def __init__(self):
        close, deviation = self.data.close, bt.ind.StandardDeviation(self.data.close, period=COUNT)
        self.lines_of = {
            "mean": bt.ind.SMA(close, period=COUNT), "highest": bt.ind.Highest(close, period=COUNT),
            "lowest": bt.ind.Lowest(close, period=COUNT), "rank": bt.ind.PercentRank(close, period=COUNT),
            "z_score": (close - bt.ind.SMA(close, period=COUNT)) / deviation, "atr": bt.ind.ATR(period=COUNT),
            "rsi": bt.ind.RSI(close, period=COUNT),
        }  # fmt: skip
        self.rows = {name: {} for name in self.lines_of}

    def next(self):
        for name, line in self.lines_of.items():
            self.rows[name][len(self) - 1] = line[0]


@pytest.fixture(scope="module")
def columns():
    return simulate(4, bars=300).columns()


@pytest.fixture(scope="module")
def backtraders():
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=simulate(4, bars=300)))
    cerebro.addstrategy(Theirs)
    return cerebro.run()[0].rows


@pytest.fixture(scope="module")
def talibs(columns):
    high, low, close = (columns[name] for name in ("high", "low", "close"))
    deviation = talib.STDDEV(close, COUNT)
    return {
        "mean": talib.SMA(close, COUNT), "highest": talib.MAX(close, COUNT), "lowest": talib.MIN(close, COUNT),
        "z_score": (close - talib.SMA(close, COUNT)) / deviation, "atr": talib.ATR(high, low, close, COUNT),
        "rsi": talib.RSI(close, COUNT),
    }  # fmt: skip


@pytest.mark.parametrize("name", OF_VALUES)
def test_a_measure_of_a_window_is_backtraders(name, columns, backtraders):
    close, compared = columns["close"], 0
    for bar, value in backtraders[name].items():
        seen = close[max(bar + 1 - COUNT - 3, 0) : bar + 1]  # a longer window changes nothing
        assert OF_VALUES[name](seen, COUNT) == pytest.approx(value, rel=1e-9)
        compared += 1
    assert compared > 250


@pytest.mark.parametrize("name", ["mean", "highest", "lowest", "z_score"])
def test_a_measure_of_a_window_is_talibs(name, columns, talibs):
    close = columns["close"]
    for bar in range(COUNT - 1, len(close)):
        value = OF_VALUES[name](close[bar + 1 - COUNT : bar + 1], COUNT)
        assert value == pytest.approx(talibs[name][bar], rel=1e-6)  # TA-Lib takes deviations from running sums


@pytest.mark.parametrize("name", ["atr", "rsi"])
def test_wilders_averages_are_theirs_where_the_series_begins_with_the_window(name, columns, backtraders, talibs):
    for bar in range(COUNT, 300):
        value = wilders(name, columns, 0, bar)
        assert value == pytest.approx(talibs[name][bar], rel=1e-9)
        if bar in backtraders[name]:
            assert value == pytest.approx(backtraders[name][bar], rel=1e-9)


def wilders(name, columns, first, bar):
    high, low, close = (columns[one][first : bar + 1] for one in ("high", "low", "close"))
    return atr(high, low, close, COUNT) if name == "atr" else rsi(close, COUNT)


@pytest.mark.parametrize("seen", [COUNT + 1, 3 * COUNT + 1, 8 * COUNT + 1])
def test_the_start_of_wilders_average_fades_as_it_is_said_to(seen, columns, talibs):
    bound = (1.0 - 1.0 / COUNT) ** (seen - 1 - COUNT)
    worst = 0.0
    for bar in range(seen + 20, 300):
        begun = bar - seen + 1 + COUNT  # the bar of the window's first average
        starts = abs(wilders("atr", columns, bar - seen + 1, begun) - talibs["atr"][begun])
        off = abs(wilders("atr", columns, bar - seen + 1, bar) - talibs["atr"][bar])
        assert off <= bound * starts * (1.0 + 1e-6) + 1e-9
        worst = max(worst, off / talibs["atr"][bar])
    assert worst < {COUNT + 1: 1.0, 3 * COUNT + 1: 0.2, 8 * COUNT + 1: 1e-3}[seen]


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize("count", [0, -1, 31])
def test_more_bars_than_there_are_raise_an_index_error(name, count):
    with pytest.raises(IndexError):
        OF_VALUES[name](FALLING, count)


@pytest.mark.parametrize("count", [0, 30])
def test_an_average_of_changes_needs_one_bar_more(count):
    with pytest.raises(IndexError):
        rsi(FALLING, count)
    with pytest.raises(IndexError):
        atr(FALLING, FALLING, FALLING, count)


@pytest.mark.parametrize("measure", [*OF_VALUES.values(), rsi])
def test_an_unknown_value_in_the_window_makes_it_unknown_and_before_it_does_not(measure):
    values = FALLING.copy()
    values[-3] = math.nan
    assert math.isnan(measure(values, 5))
    if measure is not rsi:
        assert not math.isnan(measure(values, 2))


def test_a_series_that_only_falls_and_one_that_stands_still():
    assert rsi(FALLING, 5) == 0.0
    assert rsi(-FALLING, 5) == 100.0
    assert math.isnan(rsi(EQUAL, 5))
    assert math.isnan(z_score(EQUAL, 7))
    assert rank(FALLING, 5) == rank(EQUAL, 5) == 0.0
    assert rank(-FALLING, 5) == 0.8
    assert rank(FALLING, 5, -1.0) == 0.8
    assert rank(-FALLING, 5, -1.0) == rank(EQUAL, 5, -1.0) == 0.0
