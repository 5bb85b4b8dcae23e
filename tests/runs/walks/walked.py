"""A small walk that several tests look at."""

import contextlib
from functools import cache

from datafeeds.simulated.market import simulate
from runs.engines.snapshot_cache import Heatmaps
from runs.sweeps.plan import plan_from
from runs.sweeps.space.candidates import Candidates
from runs.sweeps.workers.executors import local_executor
from runs.walks.joining import trade
from runs.walks.scoring import Trainer, combinations_of, score_candidates
from runs.walks.selection import choices
from runs.walks.windows import lay_windows

PLAN = plan_from(
    {
        "configuration": {"strategy": "magnet", "seed": 3},
        "space": ["rule.min_distance=0.002,0.005,0.08", "stop_atr=1,3"],
        "search": {},
        "objective": None,
    }
)
"""The third value of min_distance lies beyond max_distance: two of the six candidates are none."""

CANDIDATES = Candidates(PLAN.configuration, PLAN.space.names, ())
MEMORY = Heatmaps(None)


@cache
def market():
    """Return 1,500 simulated bars."""
    return simulate(3, bars=1500)


WINDOWS = lay_windows(1500, 600, 200, 200, 50, False)


def trainer(walked, objective="sharpe"):
    """Return what trains on a market."""
    return Trainer(CANDIDATES, objective, walked, WINDOWS, None)


def scored(trained, jobs=1, report=lambda _: None, plan=PLAN):
    """Return the scores of all candidates, and why some have none."""
    with contextlib.closing(local_executor(trained, jobs, None)) as executor:
        return score_candidates(combinations_of(plan), trained, executor, report)


def chosen_on(walked, jobs=1, objective="sharpe"):
    """Return what each window chooses."""
    scores, _ = scored(trainer(walked, objective), jobs)
    return choices(scores, None)


@cache
def traded_windows():
    """Return the test windows, traded."""
    combinations = combinations_of(PLAN)
    chosen = [CANDIDATES.configuration(combinations[place].values) for place in chosen_on(market())]
    return trade(market(), MEMORY, WINDOWS, chosen)
