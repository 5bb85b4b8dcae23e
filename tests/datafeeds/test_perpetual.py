"""The backtrader feed: the same values in every engine mode."""

import backtrader as bt
import numpy as np
import pytest

from datafeeds.perpetual import PerpetualFeed, day_numbers
from datafeeds.simulated.market import simulate

NAMES = ("open", "high", "low", "close", "volume", "open_interest", "funding_rate", "mark_close", "liquidated_long")


@pytest.fixture(scope="module")
def market():
    return simulate(9, bars=150)


class Reader(bt.Strategy):
    def __init__(self):
        self.rows, self.times = [], []

    def next(self):
        self.rows.append([getattr(self.data, name)[0] for name in NAMES])
        self.times.append(self.data.datetime[0])


def rows_of(market, **modes):
    cerebro = bt.Cerebro(stdstats=False, **modes)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.addstrategy(Reader)
    strategy = cerebro.run()[0]
    return np.array(strategy.rows), np.array(strategy.times)


@pytest.mark.parametrize("preload", [True, False])
@pytest.mark.parametrize("runonce", [True, False])
@pytest.mark.parametrize("exactbars", [-2, -1, False, 1])
def test_every_mode_reads_the_market(market, preload, runonce, exactbars):
    rows, times = rows_of(market, preload=preload, runonce=runonce, exactbars=exactbars)
    columns = market.columns()
    np.testing.assert_array_equal(rows, np.column_stack([columns[name] for name in NAMES]))
    np.testing.assert_array_equal(times, day_numbers(market.times))


def test_day_numbers_are_backtraders(market):
    for time, number in zip(market.times[:20], day_numbers(market.times[:20]), strict=True):
        assert bt.date2num(time.astype("datetime64[us]").item()) == number
        assert bt.num2date(number).replace(tzinfo=None) == time.astype("datetime64[us]").item()


def test_day_numbers_of_odd_minutes_read_back_the_same_time():
    times = np.datetime64("2023-01-01T00:00:00", "ns") + np.arange(5000) * np.timedelta64(300, "s")
    for time, number in zip(times, day_numbers(times), strict=True):
        assert bt.num2date(number) == time.astype("datetime64[us]").item()


def test_a_date_range_given_to_the_feed_is_honoured(market):
    import datetime

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=market, fromdate=datetime.datetime(2024, 1, 3)))
    cerebro.addstrategy(Reader)
    assert len(cerebro.run()[0].rows) == 150 - 48


def test_timeframe_follows_the_bar_length():
    feed = PerpetualFeed(market=simulate(1, bars=10, bar_seconds=900))
    assert (feed._timeframe, feed._compression) == (bt.TimeFrame.Minutes, 15)


def test_no_peek_past_the_last_bar(market):
    class Peeker(Reader):
        def next(self):
            self.rows.append([0.0])
            self.times.append(self.data.datetime[0])
            if len(self) == 150:
                with pytest.raises(IndexError):
                    self.data.close[1]

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.addstrategy(Peeker)
    assert len(cerebro.run()[0].rows) == 150
