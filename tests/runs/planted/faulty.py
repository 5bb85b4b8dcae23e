"""Honest strategies that raise, each at another place; one whose error depends on what is to come; and a slow one."""

import math

import backtrader as bt


class RaisesInInit(bt.Strategy):
    def __init__(self):
        raise ValueError("typo at once")


class RaisesAtABar(bt.Strategy):
    params = (("bar", 0),)

    def next(self):
        if len(self) > self.p.bar:
            raise ValueError(f"typo at {self.data.close[0]} in {object()}")


class Faulty(bt.Indicator):
    lines = ("value",)
    params = (("bar", 0),)

    def next(self):
        if len(self) > self.p.bar:
            raise ValueError("typo at a bar of an indicator")


class RaisesInAnIndicator(bt.Strategy):
    params = (("bar", 0),)

    def __init__(self):
        Faulty(self.data, bar=self.p.bar)


class FaultyInWholeArrays(bt.Indicator):
    lines = ("value",)

    def next(self):
        self.lines.value[0] = 1.0

    def once(self, start, end):
        raise ValueError("typo at whole arrays")


class RaisesInWholeArrays(bt.Strategy):
    def __init__(self):
        FaultyInWholeArrays(self.data)


class RaisesAtTheEnd(bt.Strategy):
    def stop(self):
        raise ValueError("typo at the end")


class KnowsTheLength(bt.Strategy):
    """Acts, at its first bar, on how many bars there are going to be."""

    def next(self):
        if self.data.buflen() < 300:
            raise ValueError("too short")


class FailsAtTheEndOfShortRuns(bt.Strategy):
    """Sums up at the end, and cannot for a short run."""

    def stop(self):
        if len(self) < 300:
            raise ValueError("too few bars to sum up")


class Jump(bt.Indicator):
    lines = ("size",)

    def __init__(self):
        self.addminperiod(2)

    def next(self):
        self.lines.size[0] = abs(math.log(self.data.close[0] / self.data.close[-1]))
        if self.lines.size[0] > 0.25:
            raise ValueError("that is no price")


class FailsOnAJump(bt.Strategy):
    """Refuses prices that the market does not have, but a poisoned future does."""

    def __init__(self):
        Jump(self.data)


class Slow(bt.Strategy):
    """Buys above a long mean."""

    params = (("period", 200),)

    def __init__(self):
        self.mean = bt.ind.SMA(self.data.close, period=self.p.period)

    def next(self):
        above = self.data.close[0] > self.mean[0]
        if above != bool(self.position):
            self.buy(size=0.1) if above else self.close()
