"""What a sweep found and what its page draws, as plain values: few enough points to look at, chosen by rank."""

import math
from typing import Any

import numpy as np

from datafeeds.schema import Market
from runs.engines.configuration import Configuration
from runs.engines.instruments import listing_for
from runs.outcome.competitors import constant_exposure, entry_cost, held_of, perpetual_held
from runs.outcome.instrument import instrument_record
from runs.outcome.metrics import unopened_sentence
from runs.reports.figures.thinning import largest_triangles
from runs.statistics.headline import daily_figures, headline_intervals
from runs.sweeps.findings.results import SweepResults, plain
from runs.sweeps.findings.split_sample import SplitSample
from runs.sweeps.findings.surface import Neighbourhoods, neighbourhoods, surfaces
from runs.sweeps.rows.objective import LESS_IS_BETTER

MAX_LINES = 500
MAX_POINTS = 1000
MAX_ROWS = 20
CURVE_POINTS = 300
CURVES = 3
_BARS = 40
_FIRST = 50
"""Of what is drawn so many are the very best; the rest are spread evenly over the ranks."""


def spread(order: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of the indices in `order` (n,), best first: the first ones, and others spread over the ranks.

    Examples
    --------
    >>> spread(np.arange(200)[::-1], 52).tolist()[-3:]
    [150, 149, 0]
    """
    if len(order) <= most:
        return order
    first = min(_FIRST, most - 1)
    return order[np.r_[np.arange(first), np.linspace(first, len(order) - 1, most - first).round().astype(np.int64)]]


def parallel(results: SweepResults) -> dict[str, Any]:
    """Return the axes of the parallel coordinates, and a line of values for some trials, the best first."""
    usable = results.order[np.isfinite(results.scores[results.order])]
    shown, names = spread(usable, MAX_LINES), (*results.parameters, results.objective)
    rows = results.table.iloc[shown]
    return {
        "names": list(names),
        "lines": [[plain(value) for value in row] for row in rows[list(names)].itertuples(index=False)],
        "shown": len(shown),
        "of": len(results.table),
    }


def scatter(results: SweepResults, parts: SplitSample) -> dict[str, Any]:
    """Return number, first-half and second-half Sharpe ratio of some trials."""
    both = np.isfinite(parts.first) & np.isfinite(parts.second)
    usable = results.order[both[results.order]]
    numbers = results.table["number"].to_numpy()
    shown = spread(usable, MAX_POINTS)
    points = [[int(numbers[index]), float(parts.first[index]), float(parts.second[index])] for index in shown]
    return {"points": points, "shown": len(points), "of": int(both.sum())}


def histogram(results: SweepResults, deviation: float) -> dict[str, Any]:
    """Return how many trials have which annual Sharpe ratio, and how many would if all were noise of the same spread."""
    ratios = results.table["sharpe"].to_numpy(dtype=np.float64)
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return {"edges": [], "counts": [], "noise": []}
    counts, edges = np.histogram(ratios, bins=min(_BARS, max(5, int(math.sqrt(len(ratios))) * 2)))
    noise = np.zeros(len(counts))
    if deviation > 0.0:
        below = np.array([0.5 * math.erfc(-edge / deviation / math.sqrt(2.0)) for edge in edges])
        noise = np.diff(below) * len(ratios)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "noise": noise.tolist()}


def curves(results: SweepResults, benchmark: np.ndarray) -> dict[str, Any]:
    """Return what one unit became, for the best trials and for buy and hold: a few hundred points each, as days since the first."""
    numbers = results.table["number"].to_numpy()
    series = [(f"trial {numbers[index]}", results.returns[:, index]) for index in results.best_distinct(CURVES)]
    series.append(("buy and hold", benchmark))
    lines = []
    for name, returns in series:
        worth = np.r_[1.0, np.cumprod(1.0 + returns)]
        days = np.arange(len(worth), dtype=np.float64)
        kept = largest_triangles(days, worth, CURVE_POINTS)
        lines.append({"name": name, "days": kept.tolist(), "worth": worth[kept].tolist()})
    return {"first_day": str(results.days[0]), "last_day": str(results.days[-1]), "lines": lines}


def best_rows(results: SweepResults) -> list[dict[str, Any]]:
    """Return number, parameters and metrics of the best trials."""
    return [row_of(results, int(index)) for index in results.order[:MAX_ROWS]]


def row_of(results: SweepResults, index: int) -> dict[str, Any]:
    """Return one trial's number, parameters and metrics."""
    row = results.table.iloc[index]
    return {
        "number": int(row["number"]),
        "parameters": {name: plain(row[name]) for name in results.parameters},
        "metrics": {name: plain(row[name]) for name in results.metrics},
    }


MAX_SURFACES = 15
"""Pairs of parameters on the page: all pairs of six."""


def best_found(results: SweepResults, beside: dict[str, Any], seed: int) -> dict[str, Any] | None:
    """Return the best trial, intervals of its headline figures, and what it has to beat; None without one.

    Parameters
    ----------
    results, beside
        The rows; and the contract of the best and its competitors, as of `beside_one`.
    seed
        Of the intervals' resamples.
    """
    if not len(results.order):
        return None
    index = int(results.order[0])
    intervals = headline_intervals(results.returns[:, index], seed=seed)
    return row_of(results, index) | {
        "not_opened": unopened_sentence(results.table.iloc[index]),
        "intervals": {name: {"low": ends.low, "high": ends.high} for name, ends in intervals.items()},
        **beside,
    }


def beside_one(
    configuration: Configuration, market: Market, exposure: float, ours: np.ndarray, benchmark: np.ndarray
) -> dict[str, Any]:
    """Return the contract that a trial traded, and what it has to beat.

    Parameters
    ----------
    configuration, market
        What was run, on the whole of what.
    exposure
        Time mean of its signed notional over equity.
    ours, benchmark
        (t,) daily returns, its own and those of buy and hold.
    """
    held, listing = held_of(market), listing_for(configuration, market)
    return {
        "constant_exposure": constant_exposure(held, exposure, ours),
        "perpetual_held": perpetual_held(held, entry_cost(configuration, listing)),
        "instrument": instrument_record(listing, configuration.costs),
        "buy_and_hold": daily_figures(benchmark),
    }


def split_sample_found(results: SweepResults, parts: SplitSample) -> dict[str, Any]:
    """Return how the best of the first half of the days fared in the second."""
    numbers, chosen = results.table["number"].to_numpy(), parts.chosen
    return {
        "second_half_from": str(results.days[parts.split]) if len(results.days) else None,
        "rank_correlation": parts.correlation,
        "chosen": int(numbers[chosen]) if chosen >= 0 else None,
        "chosen_sharpe_first": float(parts.first[chosen]) if chosen >= 0 else None,
        "chosen_sharpe_second": float(parts.second[chosen]) if chosen >= 0 else None,
        "chosen_return_second_fraction": parts.chosen_return,
        "chosen_beats_share": parts.chosen_rank,
    }


def region_found(results: SweepResults) -> dict[str, Any] | None:
    """Return the best point and the centre of the best region with their surroundings; None where no region is defined."""
    around = neighbourhoods(results.table[list(results.parameters)], results.scores)
    if around.best < 0:
        return None
    return {
        "kind": around.kind,
        "best_point": _surroundings(results, around, int(results.order[0])),
        "best_region": _surroundings(results, around, around.best),
    }


def _surroundings(results: SweepResults, around: Neighbourhoods, index: int) -> dict[str, Any]:
    sign = -1.0 if results.objective in LESS_IS_BETTER else 1.0
    row = results.table.iloc[index]
    return {
        "number": int(row["number"]),
        "parameters": {name: plain(row[name]) for name in results.parameters},
        "objective": sign * float(results.scores[index]),
        "points": int(around.sizes[index]),
        "mean": sign * float(around.mean[index]),
        "median": sign * float(around.median[index]),
        "worst": sign * float(around.worst[index]),
    }


def surfaces_found(results: SweepResults) -> list[dict[str, Any]]:
    """Return the surfaces of the objective over pairs of parameters."""
    objective = results.table[results.objective].to_numpy(dtype=np.float64)
    found = surfaces(results.table[list(results.parameters)], objective, MAX_SURFACES)
    return [
        surface._asdict()
        | {"mean": surface.mean.tolist(), "median": surface.median.tolist(), "counts": surface.counts.tolist()}
        for surface in found
    ]
