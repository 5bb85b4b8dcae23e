"""Indicators on single lines of the feed: the values, and the first bar, that they have on backtrader's own pandas feed."""

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import MODEL_COLUMNS
from datafeeds.simulated.market import simulate

EXTRA = tuple(name for name in MODEL_COLUMNS if name not in ("open", "high", "low", "close", "volume"))
MARKET = simulate(9, bars=90)


class PandasFeed(bt.feeds.PandasData):
    lines = EXTRA
    params = tuple((name, name) for name in EXTRA)


class Watched(bt.Strategy):
    """Notes at each bar which of backtrader's methods was called, and every value of every indicator."""

    params = (("make", None),)

    def __init__(self):
        made = self.p.make(self.data)
        self._watched = [line for one in made for line in (one.lines if isinstance(one, bt.LineSeries) else [one])]
        self.rows = []

    def prenext(self, phase=0):
        self.rows.append([phase, *(line[0] if len(line) else np.nan for line in self._watched)])

    def nextstart(self):
        self.prenext(1)

    def next(self):
        self.prenext(2)


def close(data):
    return [bt.ind.SMA(data.close, period=20)]


def high_and_open_interest(data):
    return [bt.ind.Highest(data.high, period=10), bt.ind.RSI(data.open_interest)]


def delayed(data):
    return [data.close(-1), bt.ind.EMA(data.close(-1), period=5)]


def crossed(data):
    return [bt.ind.CrossOver(data.close, bt.ind.SMA(data.close, period=20))]


def compared(data):
    mean = bt.ind.SMA(data.close, period=20)
    above, more = data.close > mean, data.open_interest > data.open_interest(-1)
    return [above, bt.And(above, more), bt.If(more, data.volume, 0.0), bt.Max(data.high, data.close(-1)) - data.low]


def nested(data):
    return [bt.ind.MACD(bt.ind.SMA(data.mark_close, period=3)), bt.ind.ATR(data), bt.ind.BollingerBands(data.volume)]


def watched(feed, make, modes):
    cerebro = bt.Cerebro(stdstats=False, **modes)
    cerebro.adddata(feed)
    cerebro.addstrategy(Watched, make=make)
    return np.array(cerebro.run()[0].rows)


@pytest.mark.parametrize("make", [close, high_and_open_interest, delayed, crossed, compared, nested])
@pytest.mark.parametrize(
    "modes",
    [
        {"preload": True, "runonce": True},
        {"preload": True, "runonce": False},
        {"preload": False, "runonce": False},
        {"exactbars": 1},
    ],
    ids=str,
)
def test_an_indicator_on_a_line_has_the_values_of_the_pandas_feed(make, modes, time_limit):
    time_limit(20)
    frame = pd.DataFrame(MARKET.columns(), index=MARKET.times)
    ours = watched(PerpetualFeed(market=MARKET), make, modes)
    np.testing.assert_array_equal(ours, watched(PandasFeed(dataname=frame), make, modes))
    assert len(ours) == 90
    assert np.isfinite(ours[-1]).all()
