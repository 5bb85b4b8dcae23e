"""Plain backtrader strategies whose orders come too early or are too large."""

import backtrader as bt


class Early(bt.Strategy):
    """Buys before the first bar has closed, and sells at its close."""

    def start(self):
        """Buy before there is a bar."""
        self.buy(size=1.0)

    def next(self):
        """Sell at the first close."""
        if len(self) == 1:
            self.sell(size=1.0)


class Large(bt.Strategy):
    """Asks four times for a multiple of its equity."""

    params = (("multiple", 2.0),)

    def next(self):
        """Buy while flat, at every hundredth bar."""
        if len(self) % 100 == 0 and not self.position:
            self.buy(size=self.p.multiple * self.broker.getvalue() / self.data.close[0])
