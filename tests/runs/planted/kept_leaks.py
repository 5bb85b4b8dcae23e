"""Leaks that keep what they saw, or look where no line leads; and honest strategies that resemble them."""

import random
import time
from pathlib import Path

import backtrader as bt
import numpy as np

SEEN = []  # on the module


class Follows(bt.Strategy):
    """Is long where the number that `foreseen` returns is above the close; None says nothing."""

    def next(self):
        coming = self.foreseen(len(self) - 1)
        if coming is None:
            return
        if coming > self.data.close[0] and not self.position:
            self.buy(size=0.1)
        elif coming < self.data.close[0] and self.position:
            self.close()


def at(values, index):
    return values[index] if index < len(values) else None


class KeepsOnTheClass(Follows):
    """The first run's closes stay on the class, and every later run reads them."""

    kept = None

    def start(self):
        if KeepsOnTheClass.kept is None:
            KeepsOnTheClass.kept = list(self.data.close.array)

    def foreseen(self, bar):
        return at(self.kept, bar + 1)


class KeepsInTheModule(Follows):
    """The same in a list of the module."""

    def start(self):
        if not SEEN:
            SEEN.extend(self.data.close.array)

    def foreseen(self, bar):
        return at(SEEN, bar + 1)


class KeepsByLength(Follows):
    """A cache keyed by the number of bars: a future of the same length meets the old one."""

    cache = {}  # noqa: RUF012 - shared on purpose

    def start(self):
        closes = self.data.close.array
        self.closes = KeepsByLength.cache.setdefault(len(closes), list(closes))

    def foreseen(self, bar):
        return at(self.closes, bar + 1)


class ReadsTheFeedsArray(Follows):
    """Through the feed itself."""

    def foreseen(self, bar):
        return at(self.datas[0].array, bar + 1)


class KnowsTheEnd(bt.Strategy):
    """Trades in the last tenth of the data alone."""

    def next(self):
        if len(self) > 0.9 * self.data.buflen():
            self.close() if self.position else self.buy(size=0.1)


class ReadsTheLineAtTheStart(bt.Strategy):
    """Buys below the mean of all closes."""

    def start(self):
        self.mean = np.mean(self.data.close.array or [0.0])

    def next(self):
        below = self.data.close[0] < self.mean
        if below != bool(self.position):
            self.buy(size=0.1) if below else self.close()


class ReadsTheUnfinishedBar(Follows):
    """Compares with the close of the four-hour bar that this hour lies in, when it has not ended."""

    def foreseen(self, bar):
        closes = self.data.close.array[: bar // 4 * 4 + 4]
        return closes[-1] if closes else None


class ReadsTheMarketOfTheFeed(Follows):
    """Past all lines: the frame that the feed was made of."""

    def foreseen(self, bar):
        return at(self.data.p.market.frame["close"].to_numpy(), bar + 1)


class LeaksLate(Follows):
    """Honest until bar `first`, then as the one before; it copies the closes, so that streaming cannot run it."""

    params = (("first", 0),)

    def start(self):
        self.closes = list(self.data.close.array) or [np.inf]

    def foreseen(self, bar):
        if bar < self.p.first:
            return self.data.close[-3] if bar > 3 else None
        return at(self.closes, bar + 1)


class KnowsCompiledRows(bt.Strategy):
    """Reads the map's row of the next bar."""

    def __init__(self):
        from indicators.heatmap import LiquidationHeatmap

        self.heatmap = LiquidationHeatmap(self.data)

    def next(self):
        rows, bar = self.heatmap.view()
        if bar + 1 < len(rows) and rows["close"][bar + 1] > self.data.close[0]:
            self.close() if self.position else self.buy(size=0.1)


class Seeded(bt.Strategy):
    """Honest: random, from a seed."""

    def __init__(self):
        self.random = random.Random(3)

    def next(self):
        if self.random.random() < 0.1:
            self.close() if self.position else self.buy(size=0.1)


class SeededAtImport(bt.Strategy):
    """Honest: random, from a generator that the module seeds once."""

    generator = np.random.default_rng(4)

    def next(self):
        if self.generator.random() < 0.1:
            self.close() if self.position else self.buy(size=0.1)


class Remembers(bt.Strategy):
    """Honest: state on the class, of this run alone, and a warm-up by hand."""

    gains = []  # noqa: RUF012 - shared on purpose

    def next(self):
        Remembers.gains.append(self.data.close[0] - self.data.open[0])
        if len(self) > 150 and sum(self.gains[-150:]) > 0 and len(self.gains) == len(self):
            self.close() if self.position else self.buy(size=0.1)


class CalculatesAtTheStart(bt.Strategy):
    """Honest, but for all bars at once: streaming cannot run it."""

    def start(self):
        closes = np.array(self.data.close.array)
        self.mean = np.cumsum(closes) / np.arange(1, len(closes) + 1)

    def next(self):
        above = self.data.close[0] > self.mean[len(self) - 1]
        if above != bool(self.position):
            self.buy(size=0.1) if above else self.close()


class Rounds(bt.Indicator):
    """The same mean in two orders of adding."""

    lines = ("mean",)

    def next(self):
        self.lines.mean[0] = (self.data.close[0] + self.data.high[0] + self.data.low[0]) / 3.0

    def once(self, start, end):
        for i in range(start, end):
            self.lines.mean.array[i] = (
                self.data.low.array[i] + self.data.high.array[i] + self.data.close.array[i]
            ) / 3.0


class RoundsByMode(bt.Strategy):
    """Honest: an indicator whose two ways differ in the last digit."""

    def __init__(self):
        Rounds(self.data)


class Unseeded(bt.Strategy):
    """Random, from no seed."""

    def next(self):
        if np.random.random() < 0.1:  # noqa: NPY002 - the global generator is the case
            self.close() if self.position else self.buy(size=0.1)


class ReadsTheClock(bt.Strategy):
    def next(self):
        self.buy(size=time.perf_counter() % 1.0 + 0.01)


class ReadsAFile(Follows):
    """A leak from a file beside this module, if there is one."""

    params = (("path", ""),)

    def start(self):
        self.closes = [float(line) for line in Path(self.p.path).read_text(encoding="utf-8").split()]

    def foreseen(self, bar):
        return at(self.closes, bar + 1)


class EndsItsProcess(bt.Strategy):
    def next(self):
        if len(self) == 100:
            raise SystemExit(3)


class Talks(bt.Strategy):
    def next(self):
        print("a word", len(self))
