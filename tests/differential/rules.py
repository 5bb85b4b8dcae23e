"""Strategies for backtrader that are easy to read: a bracket rule, a limit-entry rule, and orders at random."""

import backtrader as bt
import numpy as np

from tests.differential.ours import STEP


def working(strategy):
    """Return how many orders of a strategy wait or work."""
    return strategy.broker._desk.count


class Bracket(bt.Strategy):
    """Go with the 50-bar mean by a market order, protected by a stop and a target; be out after three days."""

    params = (("size", 1.0), ("stop", 0.01), ("target", 0.015), ("bars", 72))

    def __init__(self):
        self.mean, self.entered, self.orders = bt.ind.SMA(self.data, period=50), 0, []

    def next(self):
        if self.position.size:
            if len(self) - self.entered >= self.p.bars and self.orders:
                self.cancel(self.orders[1])
                self.close()
                self.orders = []
        elif not working(self):
            close, way = self.data.close[0], 1.0 if self.data.close[0] > self.mean[0] else -1.0
            send = self.buy_bracket if way > 0.0 else self.sell_bracket
            self.orders = send(
                size=self.p.size, exectype=bt.Order.Market, stopprice=close * (1.0 - way * self.p.stop),
                limitprice=close * (1.0 + way * self.p.target),
            )  # fmt: skip
            self.entered = len(self)


class LimitEntry(bt.Strategy):
    """Bid below the close and offer above it in turn, with a stop and a target; give up after six bars without a fill."""

    params = (("size", 1.0), ("away", 0.003), ("stop", 0.01), ("target", 0.006), ("bars", 6))

    def __init__(self):
        self.way, self.sent, self.orders = 1.0, 0, []

    def next(self):
        if self.position.size:
            return
        if working(self):
            if len(self) - self.sent >= self.p.bars:
                self.cancel(self.orders[0])
            return
        self.way, self.sent = -self.way, len(self)
        price = self.data.close[0] * (1.0 - self.way * self.p.away)
        send = self.buy_bracket if self.way > 0.0 else self.sell_bracket
        self.orders = send(
            size=self.p.size, price=price, exectype=bt.Order.Limit, stopprice=price * (1.0 - self.way * self.p.stop),
            limitprice=price * (1.0 + self.way * self.p.target),
        )  # fmt: skip


class RandomOrders(bt.Strategy):
    """Orders of every kind, near the close and on either side of it; cancelled at random.

    What one path of prices cannot carry out together is not in the book together: one bracket at a time, or one stop-limit
    at a time, and no target that waits for a stop entry (`test_documented_differences.py` says why).
    """

    params = (("seed", 0),)

    def __init__(self):
        self.random = np.random.default_rng(self.p.seed)
        self.special, self.plain = [], []

    def next(self):
        if len(self) < 3:
            return
        random = self.random
        self.special = [order for order in self.special if order.alive()]
        self.plain = [order for order in self.plain if order.alive()]
        for orders in (self.special, self.plain):
            if orders and random.random() < 0.04:
                self.cancel(orders[random.integers(len(orders))])
        if not self.special and random.random() < 0.5:
            self.special = self.bracket() if self.p.seed % 2 else [self.stop_limit()]
        if random.random() < 0.3:
            self.plain.append(self.single())

    def draw(self):
        """Return a direction, a size, the close, and a distance in quote of an average bar's order."""
        ranges = np.array(self.data.high.get(size=3)) - np.array(self.data.low.get(size=3))
        way, size = self.random.choice([-1.0, 1.0]), float(self.random.integers(1, 128)) * STEP
        return way, size, self.data.close[0], float(ranges.mean())

    def trade(self, way, **details):
        return (self.buy if way > 0.0 else self.sell)(**details)

    def single(self):
        way, size, close, unit = self.draw()
        away = unit * float(self.random.uniform(-0.7, 1.5))
        kind = self.random.choice([bt.Order.Market, bt.Order.Limit, bt.Order.Stop])
        price = close - way * away if kind == bt.Order.Limit else close + way * away
        return self.trade(way, size=size, price=price, exectype=kind)

    def stop_limit(self):
        way, size, close, unit = self.draw()
        trigger = close + way * unit * float(self.random.uniform(-0.5, 1.2))
        limit = trigger + unit * float(self.random.uniform(-0.6, 0.6))
        return self.trade(way, size=size, price=trigger, plimit=limit, exectype=bt.Order.StopLimit)

    def bracket(self):
        way, size, close, unit = self.draw()
        kind = self.random.choice([bt.Order.Market, bt.Order.Limit, bt.Order.Stop])
        away = unit * float(self.random.uniform(0.0, 0.8))
        entry = {bt.Order.Market: close, bt.Order.Limit: close - way * away, bt.Order.Stop: close + way * away}[kind]
        targeted = kind != bt.Order.Stop
        parent = self.trade(way, size=size, price=entry, exectype=kind, transmit=False)
        stop = self.trade(
            -way, size=size, price=entry - way * unit * float(self.random.uniform(0.1, 1.2)), exectype=bt.Order.Stop,
            parent=parent, transmit=not targeted,
        )  # fmt: skip
        if not targeted:
            return [parent, stop]
        target = self.trade(
            -way, size=size, price=entry + way * unit * float(self.random.uniform(0.1, 1.2)), exectype=bt.Order.Limit,
            parent=parent,
        )  # fmt: skip
        return [parent, stop, target]
