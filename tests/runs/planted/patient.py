"""A plain backtrader strategy with a parameter: nothing of ours."""

import backtrader as bt


class Patient(bt.Strategy):
    """Buys once, after some bars."""

    params = (("bars", 1),)

    def next(self):
        """Buy at the bar that the parameter names."""
        if len(self) == self.p.bars:
            self.buy(size=0.01)
