"""Strategies that look ahead, each in its own way, for the detector to convict; and one that does not."""

import backtrader as bt
import numpy as np


class Honest(bt.Strategy):
    """Buys after three rising closes."""

    def next(self):
        if len(self) > 3 and self.data.close[0] > self.data.close[-1] > self.data.close[-2]:
            self.close() if self.position else self.buy(size=0.1)


class HonestOnLines(bt.Strategy):
    """Buys above the mean of earlier closes while open interest grows: indicators and operations on single lines."""

    def __init__(self):
        earlier = bt.ind.SMA(self.data.close(-1), period=20)
        grows = self.data.open_interest > self.data.open_interest(-1)
        self.rises, self.crossed = bt.And(self.data.close > earlier, grows), bt.ind.CrossOver(self.data.close, earlier)

    def next(self):
        if self.rises[0] and not self.position:
            self.buy(size=0.1)
        elif self.crossed[0] < 0.0 and self.position:
            self.close()


class ReadsTheNextClose(bt.Strategy):
    """Reads ``data.close[1]``, and guards against its absence at the end."""

    def next(self):
        try:
            coming = self.data.close[1]
        except IndexError:
            return
        if coming > self.data.close[0] and not self.position:
            self.buy(size=0.1)
        elif coming < self.data.close[0] and self.position:
            self.close()


class ReadsTheNextCloseUnguarded(bt.Strategy):
    """Reads ``data.close[1]`` at every bar: backtrader's fast mode raises at the last bar alone."""

    def next(self):
        if self.data.close[1] > self.data.close[0]:
            self.close() if self.position else self.buy(size=0.1)


class WholeSeries(bt.Indicator):
    """Normalises by mean and deviation of the whole series."""

    lines = ("score",)

    def next(self):
        closes = np.array(self.data.close.array)
        self.lines.score[0] = (self.data.close[0] - closes.mean()) / (closes.std() + 1e-9)

    def once(self, start, end):
        closes = np.array(self.data.close.array)
        scores = (closes - closes.mean()) / closes.std()
        for index in range(start, end):
            self.lines.score.array[index] = scores[index]


class NormalisesByTheWholeSeries(bt.Strategy):
    """Buys below the whole series' mean."""

    def __init__(self):
        self.score = WholeSeries(self.data)

    def next(self):
        if self.score[0] < -1.0 and not self.position:
            self.buy(size=0.1)
        elif self.score[0] > 0.0 and self.position:
            self.close()


class Centred(bt.Indicator):
    """A moving average over a window centred on the bar."""

    lines = ("mean",)

    def next(self):
        self.lines.mean[0] = self.data.close[0]

    def once(self, start, end):
        closes = np.array(self.data.close.array)
        for index in range(start, end):
            self.lines.mean.array[index] = closes[max(index - 2, 0) : index + 3].mean()


class CentresItsWindow(bt.Strategy):
    """Buys below a centred average."""

    def __init__(self):
        self.mean = Centred(self.data)

    def next(self):
        if self.data.close[0] < self.mean[0] and not self.position:
            self.buy(size=0.1)
        elif self.data.close[0] > self.mean[0] and self.position:
            self.close()
