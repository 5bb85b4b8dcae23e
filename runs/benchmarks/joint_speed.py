"""Speed of one account in several markets, as a multiple of one market's time in the same run."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from datafeeds.schema import Market
from datafeeds.universe.markets import from_markets
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_backtest
from runs.engines.joint.evaluator import JointEvaluator
from runs.engines.joint.event import run_joint_backtest
from runs.engines.snapshot_cache import Heatmaps

_STEP = 1e-4  # standard deviation of a bar's move apart from the others: no two markets are the same


def measure_joint(market: Market, count: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time the magnet on `count` (>= 2) markets like one, in one account, against that one; processor seconds.

    Returns
    -------
    dict
        For a candidate with its maps, one more candidate on the same maps, and the event engine: ``one_seconds`` and ``seconds``
        (the least of `rounds`), and ``times_one``.
    """
    markets, configuration = alike(market, count), configuration_from({"strategy": "magnet"})
    universe = from_markets(markets)
    single, joint = Evaluator(markets[0], Heatmaps(None)), JointEvaluator(universe, Heatmaps(None))
    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "candidate with its map": (
            lambda: Evaluator(markets[0], Heatmaps(None)).evaluate(configuration),
            lambda: JointEvaluator(universe, Heatmaps(None)).evaluate(configuration),
        ),
        "further candidate": (lambda: single.evaluate(configuration), lambda: joint.evaluate(configuration)),
        "event engine": (
            lambda: run_backtest(configuration, markets[0]),
            lambda: run_joint_backtest(configuration, universe),
        ),
    }
    figures = {}
    for name, (one, many) in cases.items():
        one(), many()  # compiled, and maps kept
        least = [min(_seconds(action) for _ in range(rounds)) for action in (one, many)]
        figures[name] = {"one_seconds": least[0], "seconds": least[1], "times_one": least[1] / least[0]}
    return figures


def _seconds(action: Callable[[], Any]) -> float:
    before = time.process_time()
    action()
    return time.process_time() - before


def alike(market: Market, count: int) -> list[Market]:
    """Return markets whose prices walk away from one's by chance."""
    random, found = np.random.default_rng(0), []
    names = [
        name for name in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close") if market.has(name)
    ]
    for number in range(count):
        away = np.exp(np.cumsum(random.normal(0.0, _STEP, len(market))))
        prices = market.frame[names].mul(away, axis=0)
        found.append(replace(market, frame=market.frame.assign(**prices), name=f"{market.name} {number:03}"))
    return found
