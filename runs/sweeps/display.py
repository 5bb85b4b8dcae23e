"""What the page of a sweep draws: few enough points to look at, chosen by rank and not by chance."""

import math
from typing import Any

import numpy as np

from runs.reports.thinning import largest_triangles
from runs.sweeps.halves import Halves
from runs.sweeps.outcomes import Outcomes, plain

MOST_LINES = 500
MOST_POINTS = 1000
MOST_ROWS = 20
CURVE_POINTS = 300
CURVES = 3
_BARS = 40
_FIRST = 50
"""Of what is drawn so many are the very best; the rest are spread evenly over the ranks."""


def spread(order: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of the places in `order` (n,), best first: the first ones, and others spread over the ranks.

    Examples
    --------
    >>> spread(np.arange(200)[::-1], 52).tolist()[-3:]
    [150, 149, 0]
    """
    if len(order) <= most:
        return order
    first = min(_FIRST, most - 1)
    return order[np.r_[np.arange(first), np.linspace(first, len(order) - 1, most - first).round().astype(np.int64)]]


def parallel(outcomes: Outcomes) -> dict[str, Any]:
    """Return the axes of the parallel coordinates, and a line of values for some trials, the best first."""
    usable = outcomes.order[np.isfinite(outcomes.merits[outcomes.order])]
    shown, names = spread(usable, MOST_LINES), (*outcomes.parameters, outcomes.objective)
    rows = outcomes.table.iloc[shown]
    return {
        "names": list(names),
        "lines": [[plain(value) for value in row] for row in rows[list(names)].itertuples(index=False)],
        "shown": len(shown),
        "of": len(outcomes.table),
    }


def scatter(outcomes: Outcomes, parts: Halves) -> dict[str, Any]:
    """Return number, first-half and second-half Sharpe ratio of some trials."""
    both = np.isfinite(parts.first) & np.isfinite(parts.second)
    usable = outcomes.order[both[outcomes.order]]
    numbers = outcomes.table["number"].to_numpy()
    shown = spread(usable, MOST_POINTS)
    points = [[int(numbers[place]), float(parts.first[place]), float(parts.second[place])] for place in shown]
    return {"points": points, "shown": len(points), "of": int(both.sum())}


def histogram(outcomes: Outcomes, deviation: float) -> dict[str, Any]:
    """Return how many trials have which annual Sharpe ratio, and how many would if all were noise of the same spread."""
    ratios = outcomes.table["sharpe"].to_numpy(dtype=np.float64)
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return {"edges": [], "counts": [], "noise": []}
    counts, edges = np.histogram(ratios, bins=min(_BARS, max(5, int(math.sqrt(len(ratios))) * 2)))
    noise = np.zeros(len(counts))
    if deviation > 0.0:
        below = np.array([0.5 * math.erfc(-edge / deviation / math.sqrt(2.0)) for edge in edges])
        noise = np.diff(below) * len(ratios)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "noise": noise.tolist()}


def curves(outcomes: Outcomes, benchmark: np.ndarray) -> dict[str, Any]:
    """Return what one unit became, for the best trials and for buy and hold: a few hundred points each, as days since the first."""
    numbers = outcomes.table["number"].to_numpy()
    series = [(f"trial {numbers[place]}", outcomes.returns[:, place]) for place in outcomes.best_distinct(CURVES)]
    series.append(("buy and hold", benchmark))
    lines = []
    for name, returns in series:
        worth = np.r_[1.0, np.cumprod(1.0 + returns)]
        days = np.arange(len(worth), dtype=np.float64)
        kept = largest_triangles(days, worth, CURVE_POINTS)
        lines.append({"name": name, "days": kept.tolist(), "worth": worth[kept].tolist()})
    return {"first_day": str(outcomes.days[0]), "last_day": str(outcomes.days[-1]), "lines": lines}


def best_rows(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return number, parameters and metrics of the best trials."""
    return [row_of(outcomes, int(place)) for place in outcomes.order[:MOST_ROWS]]


def row_of(outcomes: Outcomes, place: int) -> dict[str, Any]:
    """Return one trial's number, parameters and metrics."""
    row = outcomes.table.iloc[place]
    return {
        "number": int(row["number"]),
        "parameters": {name: plain(row[name]) for name in outcomes.parameters},
        "metrics": {name: plain(row[name]) for name in outcomes.metrics},
    }
