"""What a sweep found, as plain values: its best trial, the halves of its days, its best region, its surfaces."""

from typing import Any

import numpy as np

from runs.statistics.headline import FIGURES, headline_intervals
from runs.sweeps import display
from runs.sweeps.halves import Halves
from runs.sweeps.objective import LESS_IS_BETTER
from runs.sweeps.outcomes import Outcomes, plain
from runs.sweeps.surface import Neighbourhoods, neighbourhoods, surfaces

MOST_SURFACES = 15
"""Pairs of parameters on the page: all pairs of six."""


def best_found(outcomes: Outcomes, benchmark: np.ndarray, seed: int) -> dict[str, Any] | None:
    """Return the best trial, intervals of its headline figures, and those of buy and hold (t,); None without one."""
    if not len(outcomes.order):
        return None
    place = int(outcomes.order[0])
    intervals = headline_intervals(outcomes.returns[:, place], seed=seed)
    held = headline_figures(benchmark)
    return display.row_of(outcomes, place) | {
        "intervals": {name: {"low": ends.low, "high": ends.high} for name, ends in intervals.items()},
        "buy_and_hold": held,
    }


def headline_figures(returns: np.ndarray) -> dict[str, float]:
    """Return the headline figures of (t,) daily returns, by the formulas that have intervals."""
    return {name: figure(returns) for name, figure in FIGURES.items()} if len(returns) else {}


def halves_found(outcomes: Outcomes, parts: Halves) -> dict[str, Any]:
    """Return how the best of the first half of the days fared in the second."""
    numbers, chosen = outcomes.table["number"].to_numpy(), parts.chosen
    return {
        "second_half_from": str(outcomes.days[parts.split]) if len(outcomes.days) else None,
        "rank_correlation": parts.correlation,
        "chosen": int(numbers[chosen]) if chosen >= 0 else None,
        "chosen_sharpe_first": float(parts.first[chosen]) if chosen >= 0 else None,
        "chosen_sharpe_second": float(parts.second[chosen]) if chosen >= 0 else None,
        "chosen_return_second_fraction": parts.chosen_return,
        "chosen_beats_share": parts.chosen_rank,
    }


def region_found(outcomes: Outcomes) -> dict[str, Any] | None:
    """Return the best point and the centre of the best region with their surroundings; None where no region is defined."""
    around = neighbourhoods(outcomes.table[list(outcomes.parameters)], outcomes.merits)
    if around.best < 0:
        return None
    return {
        "kind": around.kind,
        "best_point": _surroundings(outcomes, around, int(outcomes.order[0])),
        "best_region": _surroundings(outcomes, around, around.best),
    }


def _surroundings(outcomes: Outcomes, around: Neighbourhoods, place: int) -> dict[str, Any]:
    sign = -1.0 if outcomes.objective in LESS_IS_BETTER else 1.0
    row = outcomes.table.iloc[place]
    return {
        "number": int(row["number"]),
        "parameters": {name: plain(row[name]) for name in outcomes.parameters},
        "objective": sign * float(outcomes.merits[place]),
        "points": int(around.sizes[place]),
        "mean": sign * float(around.mean[place]),
        "median": sign * float(around.median[place]),
        "worst": sign * float(around.worst[place]),
    }


def surfaces_found(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return the surfaces of the objective over pairs of parameters."""
    objective = outcomes.table[outcomes.objective].to_numpy(dtype=np.float64)
    found = surfaces(outcomes.table[list(outcomes.parameters)], objective, MOST_SURFACES)
    return [
        surface._asdict()
        | {"mean": surface.mean.tolist(), "median": surface.median.tolist(), "counts": surface.counts.tolist()}
        for surface in found
    ]
