"""Speed of the engines on the same bars in one run: stock backtrader, our feed, the whole magnet run, the step alone."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import Market
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.step import run
from runs.benchmarks.timing import times_in_turn
from runs.engines.configuration import configuration_from
from runs.engines.event import model_bars, run_backtest
from runs.engines.examination import examine

_TENTH = 10


class SmaCross(bt.Strategy):  # type: ignore[misc]
    """The usual yardstick: long above, short below the crossing of two moving averages."""

    params = (("fast", 20), ("slow", 50))  # bars

    def __init__(self) -> None:
        """Set up the crossing."""
        self.crossing = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))

    def next(self) -> None:
        """Turn round at a crossing."""
        if self.crossing[0]:
            self.close()
            (self.buy if self.crossing[0] > 0 else self.sell)(size=1)


def _cross(feed: Callable[[], Any]) -> None:
    cerebro = bt.Cerebro()
    cerebro.adddata(feed())
    cerebro.addstrategy(SmaCross)
    cerebro.broker.setcash(1e9)
    cerebro.run()


def candidates(market: Market) -> dict[str, Callable[[], Any]]:
    """Return what is timed, by name; each includes making its feed from a frame or market that is in memory."""
    frame = market.frame.set_index(market.times)[["open", "high", "low", "close", "volume"]]
    configuration = configuration_from({"strategy": "magnet"})
    model, bars = build_model(ModelParameters(), market.bar_seconds), model_bars(market)
    return {
        "a stock backtrader: PandasData, SMA cross": lambda: _cross(lambda: bt.feeds.PandasData(dataname=frame)),
        "b our feed, SMA cross": lambda: _cross(lambda: PerpetualFeed(market=market)),
        "c the whole magnet run": lambda: run_backtest(configuration, market),
        "d the compiled step alone": lambda: run(model, bars),
        "e what is asked beside it: changes that should not matter, doubts": lambda: examine(configuration, market),
    }


def measure(market: Market, rounds: int) -> dict[str, dict[str, float]]:
    """Time every candidate `rounds` times in turn, after one warm-up.

    Returns
    -------
    dict
        For each candidate its median seconds, bars a second, and how many times faster than the first it was (median of
        the ratios of each round, so that a machine that slows down does so for both).
    """
    actions = candidates(market)
    times = times_in_turn(actions, rounds)
    first = next(iter(actions))
    return {
        name: {
            "seconds": statistics.median(taken),
            "bars_per_second": len(market) / statistics.median(taken),
            "times_stock": statistics.median(a / b for a, b in zip(times[first], taken, strict=True)),
        }
        for name, taken in times.items()
    }


def repeated(market: Market, times: int) -> Market:
    """Return a market's bars `times` times over, each run joined to the last at its price: the same work, more of it."""
    count, frame = len(market), market.frame
    factor = float(frame["close"].iloc[-1] / frame["open"].iloc[0])
    again = pd.concat([frame] * times, ignore_index=True)
    level = np.repeat(factor ** np.arange(times, dtype=np.float64), count)
    for column in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close"):
        if column in again:
            again[column] *= level
    step = np.arange(count * times, dtype=np.int64) * market.bar_seconds * 1_000_000_000
    again["ts"] = pd.to_datetime(frame["ts"].iloc[0].value + step, utc=True)
    return replace(market, frame=again)


def scaling(market: Market, rounds: int) -> dict[str, float]:
    """Return what ten times the bars cost in multiples of once, for the magnet run and the step.

    The bars are the first tenth of the market, repeated: a stretch of the market itself would hold more or fewer trades.
    """
    small = replace(market, frame=market.frame.iloc[: len(market) // _TENTH].reset_index(drop=True))
    whole_market = repeated(small, _TENTH)
    ratios: dict[str, list[float]] = {}
    pairs = {name: (candidates(whole_market)[name], candidates(small)[name]) for name in list(candidates(small))[2:4]}
    for _ in range(rounds):
        for name, (whole, part) in pairs.items():
            begin = time.perf_counter()
            part()
            middle = time.perf_counter()
            whole()
            ratios.setdefault(name, []).append((time.perf_counter() - middle) / (middle - begin))
    return {name: statistics.median(values) for name, values in ratios.items()}
