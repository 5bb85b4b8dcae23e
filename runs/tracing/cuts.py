"""Where to cut: bars after which the future is taken away, or replaced."""

from itertools import pairwise

import numpy as np

from runs.tracing.trace import Trace

_TAIL = 0.05
"""Part of the bars, at the end, that gets a third of the cuts: a leak may begin late (assumption)."""


def cut_points(run: Trace, bars: int, cuts: int, seed: int) -> list[int]:
    """Return up to `cuts` numbers of bars to keep, ascending.

    A strategy decides nothing in fewer bars than its minimum period, and nothing after it has raised; so none lies there.
    They are spread over the rest, each after a bar at which an order was sent, where its part has one: an order that
    knew the future is missing without it.
    """
    first, last = cut_range(run, bars)
    if last - first < 3 * cuts:
        random = np.random.default_rng(seed)
        possible = np.arange(first, last + 1)
        return sorted(random.choice(possible, size=min(cuts, len(possible)), replace=False).tolist())
    random, late = np.random.default_rng(seed), cuts // 3
    tail = last + 1 - (max(int(_TAIL * (last - first)), late) if late else 0)
    edges = [*np.linspace(first, tail, cuts - late, endpoint=False), *np.linspace(tail, last + 1, late + 1)]
    acted = np.unique([order[0] + 1 for order in run.orders])
    points = []
    for low, high in pairwise(edges):
        possible = np.arange(int(low), int(high))
        after_orders = np.intersect1d(acted, possible)
        points.append(int(random.choice(after_orders if len(after_orders) else possible)))
    return points


def cut_range(run: Trace, bars: int) -> tuple[int, int]:
    """Return the fewest and the most bars that may be kept."""
    return max(run.minimum_period, 2), min(bars - 1, len(run.values) + 1)
