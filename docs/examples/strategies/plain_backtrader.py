"""A plain backtrader strategy that reads the indicator's lines, with backtrader's own indicators and orders.

Claim: in a trend price is drawn on to the larger cluster.
Evidence: not proven. Price reaches the larger cluster no more often than levels that match it (docs/evidence.md).
Competitor: the same cross of means without the magnet.
Costs: a taker fee in, a maker fee at the target or a taker fee at the stop, slippage, funding. Runs and sweeps go through
backtrader, some hundred times as slow as a compiled rule.
"""

import backtrader as bt

from indicators.heatmap import LiquidationHeatmap


class PlainBacktrader(bt.Strategy):
    """Buy above the mean while the magnet points up; the cluster is the target, three average ranges the stop."""

    params = (("mean_bars", 24), ("stop_atr", 3.0), ("size", 0.1))

    def __init__(self):
        """Set up what the rule reads."""
        self.heatmap = LiquidationHeatmap(self.data)
        self.above = self.data.close > bt.ind.SMA(self.data.close, period=self.p.mean_bars)
        self.atr = bt.ind.ATR(self.data)
        self.orders = []

    def notify_order(self, order):
        """Forget a bracket once none of its orders is alive."""
        self.orders = [one for one in self.orders if one.alive()]

    def next(self):
        """Enter, or leave when the magnet has turned."""
        if self.position:
            if self.heatmap.magnet[0] < 0.0:
                for order in self.orders:
                    self.cancel(order)
                self.close()
        elif not self.orders and self.above[0] and self.heatmap.magnet[0] > 0.0:
            self.orders = self.buy_bracket(
                size=self.p.size, exectype=bt.Order.Market, limitprice=self.heatmap.cluster_above[0],
                stopprice=self.data.close[0] - self.p.stop_atr * self.atr[0],
            )  # fmt: skip
