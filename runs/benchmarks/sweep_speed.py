"""Speed of sweeps: ours against optstrategy, backtesting.py and vectorbt, on the same bars in one run.

Ours is what a worker of `runs.sweep` does for each combination of the magnet: key, configuration, a full account (brackets,
funding, margin, liquidation), all figures, the row as text. The others sweep the crossing of two moving averages, the least they
can do.
"""

import importlib
import importlib.util
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import backtrader as bt
import numpy as np

from datafeeds.schema import Market
from runs.benchmarks.engine_speed import SmaCross
from runs.engines.configuration import configuration_from
from runs.outcome.provenance import code_digest
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers.evaluate import WorkerContext
from runs.sweeps.workers.work import unit_size, units

_SLOW_COMBINATIONS = 10  # of them optstrategy runs no more: it takes a quarter of a second for each
_PROCESSES = 2
_RULE = (("rule", "stop_atr"), ("rule", "time_limit_hours"))
_SIGNALS = (("model", "magnet_ratio"), ("model", "gap_high_risk"), ("model", "warmup_hours"))
_READINGS = tuple(("model", name) for name in ("cluster_prominence", "cluster_threshold", "trigger_share"))
_MAPS = (("model", "half_life_hours"),)


def measure_sweep(market: Market, combinations: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time every sweep: the first time, and `rounds` (>= 1) times warm.

    Returns
    -------
    dict
        For each: ``combinations`` it ran, ``first_seconds``, ``seconds`` (median of the warm rounds),
        ``combinations_per_second``, ``cpu_ms_a_combination`` of this process, and ``times_optstrategy``.
    """
    figures = {}
    for name, (count, action) in sweeps(market, combinations).items():
        first, _ = _timed(action)
        warm = [_timed(action) for _ in range(rounds)]
        seconds = statistics.median(wall for wall, _ in warm)
        figures[name] = {
            "combinations": count,
            "first_seconds": first,
            "seconds": seconds,
            "combinations_per_second": count / seconds,
            "cpu_ms_a_combination": min(cpu for _, cpu in warm) / count * 1e3,
        }
    slowest = next(figure for name, figure in figures.items() if name.startswith("optstrategy"))
    for figure in figures.values():
        figure["times_optstrategy"] = figure["combinations_per_second"] / slowest["combinations_per_second"]
    return figures


def _timed(action: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def sweeps(market: Market, combinations: int) -> dict[str, tuple[int, Callable[[], Any]]]:
    """Return what is timed, by name: how many combinations, and the action; packages that are not installed are left out."""
    few = min(combinations, _SLOW_COMBINATIONS)
    windows = [(5 + number % 20, 30 + 5 * (number // 20)) for number in range(combinations)]
    context, ours = magnets(market, _RULE), magnet_values(combinations)
    signals, readings, maps = (magnets(market, names) for names in (_SIGNALS, _READINGS, _MAPS))
    rounds = itertools.count()  # other values in each: what an earlier round left is of no use
    found: dict[str, tuple[int, Callable[[], Any]]] = {
        "ours, one process": (combinations, lambda: _sweep(context, ours)),
        "ours, thresholds of signals": (combinations, lambda: _sweep(signals, threshold_values(combinations))),
        "ours, readings of one map": (
            combinations,
            lambda: _sweep(readings, reading_values(combinations, next(rounds))),
        ),
        "ours, a map each": (few, lambda: _sweep(maps, [((160.0 + 0.01 * next(rounds),),) for _ in range(few)])),
        f"optstrategy, {_PROCESSES} processes": (few, lambda: _optstrategy(market, windows[:few])),
    }
    if importlib.util.find_spec("backtesting"):
        found["backtesting.py, one process"] = (combinations, lambda: _backtesting(market, windows))
    if importlib.util.find_spec("vectorbt"):
        found["vectorbt"] = (combinations, lambda: _vectorbt(market, windows))
    return found


def magnets(market: Market, names: tuple[tuple[str, str], ...]) -> WorkerContext:
    """Return a worker's context for magnets on a market that differ in named parameters, with heatmaps kept in memory."""
    base = configuration_from({"strategy": "magnet"})
    code = code_digest(base.strategy)
    candidates = Candidates(base, names, (market.name, market.fingerprint(), code))
    return WorkerContext(candidates, market, None, "sharpe", code)


def threshold_values(combinations: int) -> list[tuple[float, float, float]]:
    """Return so many triples of ratio, widest gap of high risk, and warm-up."""
    ratios = np.linspace(1.5, 3.0, combinations)
    return [(float(ratio), 0.015 + 0.001 * (number % 10), 120.0 + number) for number, ratio in enumerate(ratios)]


def reading_values(combinations: int, shift: int) -> list[tuple[float, float, float]]:
    """Return so many triples of prominence, threshold and trigger; those of another `shift` are others."""
    steps = np.linspace(0.0, 1.0, combinations) + 1e-6 * shift
    return [(0.1 + 0.4 * float(step), 0.002 + 0.003 * float(step), 0.01 + 0.02 * float(step)) for step in steps]


def magnet_values(combinations: int) -> list[tuple[float, float]]:
    """Return so many pairs of stop and time limit."""
    stops = np.linspace(1.0, 6.0, combinations)
    return [(float(stop), float(24 + number % 10 * 12)) for number, stop in enumerate(stops)]


def _sweep(context: WorkerContext, values: Sequence[tuple[Any, ...]]) -> None:
    key = context.candidates.key
    combinations = [Combination(number, key(one), one) for number, one in enumerate(values)]
    for unit in units(combinations, context.candidates.names, unit_size(len(combinations), 1)):
        context.evaluate(unit)


def _optstrategy(market: Market, windows: list[tuple[int, int]]) -> None:
    frame = market.frame.set_index(market.times)[["open", "high", "low", "close", "volume"]]
    cerebro = bt.Cerebro(maxcpus=_PROCESSES)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.optstrategy(SmaCross, fast=[fast for fast, _ in windows], slow=windows[0][1])
    cerebro.broker.setcash(1e9)
    cerebro.run()


def _backtesting(market: Market, windows: list[tuple[int, int]]) -> None:
    package, library = importlib.import_module("backtesting"), importlib.import_module("backtesting.lib")

    def average(values: Any, window: int) -> Any:
        return np.convolve(values, np.ones(window) / window)[: len(values)]

    base: Any = package.Strategy

    class Crossing(base):  # type: ignore[misc]
        fast, slow = 20, 50

        def init(self) -> None:
            self.lines = [self.I(average, self.data.Close, window) for window in (self.fast, self.slow)]

        def next(self) -> None:
            fast, slow = self.lines
            if library.crossover(fast, slow):
                self.position.close()
                self.buy(size=1)
            elif library.crossover(slow, fast):
                self.position.close()
                self.sell(size=1)

    frame = market.frame.set_index(market.times)[["open", "high", "low", "close", "volume"]].rename(columns=str.title)
    test = package.Backtest(frame, Crossing, cash=1e9, finalize_trades=True)
    for fast, slow in windows:
        test.run(fast=fast, slow=slow)


def _vectorbt(market: Market, windows: list[tuple[int, int]]) -> Any:
    package = importlib.import_module("vectorbt")
    close = market.frame["close"].set_axis(market.times)
    fast = package.MA.run(close, [window for window, _ in windows], short_name="fast")
    slow = package.MA.run(close, [window for _, window in windows], short_name="slow")
    entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
    portfolio = package.Portfolio.from_signals(close, entries, exits, fees=0.0005, freq="1h")
    return portfolio.total_return()
