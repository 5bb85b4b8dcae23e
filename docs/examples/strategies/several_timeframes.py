"""Several timeframes: the map on hours, the trend on days that backtrader makes of them with `resampledata`.

Claim: the magnet of the hour works where the trend of the days agrees.
Evidence: not proven. The magnet is not (docs/evidence.md), and no trend filter was tested.
Competitor: the days' trend without a map.
Costs: a taker fee and slippage on both sides, funding.

`runs.backtest` gives a strategy one data feed, so this file builds its own cerebro:
``python -m docs.examples.strategies.several_timeframes btc_1h.parquet``
"""

import sys

import backtrader as bt

from datafeeds.markets import open_market
from datafeeds.perpetual import PerpetualFeed
from indicators.heatmap import LiquidationHeatmap
from runs.engines.broker import PerpetualBroker


class SeveralTimeframes(bt.Strategy):
    """Hold while the close of the last whole day lies above the mean of days, and no magnet points down."""

    params = (("days", 5), ("size", 0.1))

    def __init__(self):
        """Put the map on the first feed and the mean on the second."""
        self.heatmap = LiquidationHeatmap(self.data)
        self.mean = bt.ind.SMA(self.data1.close, period=self.p.days)

    def next(self):
        """Ask at each hour; `data1` shows the last day that has ended."""
        wanted = self.data1.close[0] > self.mean[0] and not self.heatmap.magnet[0] < 0.0
        if wanted != bool(self.position):
            self.buy(size=self.p.size) if wanted else self.close()


def run(market, **parameters):
    """Return the strategy after a run on a market, with its broker."""
    cerebro = bt.Cerebro(stdstats=False)
    hours = PerpetualFeed(market=market)
    cerebro.adddata(hours)
    cerebro.resampledata(hours, timeframe=bt.TimeFrame.Days, compression=1)
    cerebro.broker = PerpetualBroker()
    cerebro.addstrategy(SeveralTimeframes, **parameters)
    return cerebro.run()[0]


if __name__ == "__main__":
    print(f"equity {run(open_market(sys.argv[1])).broker.getvalue():,.2f}")
