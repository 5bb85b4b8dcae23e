"""How often the stress test's intervals have held, out of sample: coverage, PIT, pinball skill, errors in the worst bars."""

from typing import Any, NamedTuple

import numpy as np

from runs.statistics.bootstrap import block_sums, ratio_interval
from runs.stress_test.link import expected_size, size_quantiles, size_ranks, walk_links
from runs.stress_test.windows import Windows

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
"""Quantiles that are stated: the ends of the 90 % and the 50 % interval, and the median between them."""

WORST = 0.01
"""Part of the rows that is called the worst."""

_TENTHS = 10
_LONG_BLOCK_DAYS = 3  # as for the cascade claim
_SECONDS_PER_DAY = 86_400


class Scored(NamedTuple):
    """Answers that were given before the fact, and what came; a row each.

    Attributes
    ----------
    rows
        (m,) bars at whose close they were given.
    distances, sizes
        (m,) log price that price went; base coin reported.
    expected, floors
        (m,) base coin; what the link adds before a logarithm.
    quantiles
        (m, `LEVELS`) base coin.
    below, upto
        (m,) ends of the PIT (`size_ranks`).
    """

    rows: np.ndarray
    distances: np.ndarray
    sizes: np.ndarray
    expected: np.ndarray
    floors: np.ndarray
    quantiles: np.ndarray
    below: np.ndarray
    upto: np.ndarray


def score_links(windows: Windows, horizon: int, bar_seconds: int) -> Scored | None:
    """Return one side's out-of-sample answers; None where the data is too short, or reports too little, for any."""
    parts = []
    for rows, link in walk_links(windows.covariates, windows.sizes, horizon, bar_seconds):
        sizes, expected = windows.sizes[rows], expected_size(link, windows.covariates[rows])
        ranks, floors = size_ranks(link, expected, sizes), np.full(len(rows), link.size_floor)
        parts.append(
            (rows, windows.distances[rows], sizes, expected, floors, size_quantiles(link, expected, LEVELS), *ranks)
        )
    return Scored(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else None


def pinball_loss(sizes: np.ndarray, quantiles: np.ndarray, levels: np.ndarray = LEVELS) -> np.ndarray:
    """Return the pinball loss (m,) of quantiles (m, q), the mean over levels: ``max(p (y - x), (p - 1) (y - x))``.

    Examples
    --------
    >>> pinball_loss(np.array([3.0]), np.array([[1.0, 4.0]]), np.array([0.5, 0.9])).tolist()
    [0.55]
    """
    above = sizes[:, None] - quantiles
    return np.maximum(levels * above, (levels - 1.0) * above).mean(axis=1)


def pit(scored: Scored, seed: int = 0) -> np.ndarray:
    """Return the probability integral transform (m,): uniform where the distributions are right.

    A size of zero, which has a probability of its own, lies at a uniform draw of it (Czado, Gneiting & Held 2009).
    """
    draws = np.random.default_rng(seed).random(len(scored.sizes))
    return scored.below + draws * (scored.upto - scored.below)


def inside(scored: Scored, low: int, high: int) -> np.ndarray:
    """Return (m,) whether each size lay between two of the quantiles, by their places in `LEVELS`; the ends count."""
    return (scored.sizes >= scored.quantiles[:, low]) & (scored.sizes <= scored.quantiles[:, high])


def blocks_of(rows: np.ndarray, days: np.ndarray, horizon: int, bar_seconds: int) -> np.ndarray:
    """Return the block (m,) of each row: its day; three days where windows last a day, so that few reach out of their block."""
    return days[rows] // (1 if horizon * bar_seconds < _SECONDS_PER_DAY else _LONG_BLOCK_DAYS)


def share(values: np.ndarray, blocks: np.ndarray) -> dict[str, float]:
    """Return a share with its 95 % interval over whole blocks, and the rows behind it."""
    found = ratio_interval(block_sums(values.astype(float), blocks), block_sums(np.ones(len(values)), blocks))
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "rows": len(values)}


def coverage_record(scored: Scored, baseline: Scored, blocks: np.ndarray) -> dict[str, Any]:
    """Return how one side's answers have held; `baseline` are those of links without the map, to the same questions.

    Returns
    -------
    dict
        `coverage_90`, `coverage_50` (`share`), `pit_tenths` (ten shares), `pinball_skill` over the link without the map,
        `log2_error` (mean absolute, of expected over reported), `worst_moves` and `largest_reports`: coverage and error in the
        `WORST` part of the rows, by the distance asked about and, a choice by outcome, by what was reported.
    """
    losses = [pinball_loss(scored.sizes, quantiles) for quantiles in (baseline.quantiles, scored.quantiles)]
    skill = ratio_interval(block_sums(losses[0] - losses[1], blocks), block_sums(losses[0], blocks))
    tenths = np.bincount(np.minimum((pit(scored) * _TENTHS).astype(int), _TENTHS - 1), minlength=_TENTHS)
    return {
        "coverage_90": share(inside(scored, 0, 4), blocks),
        "coverage_50": share(inside(scored, 1, 3), blocks),
        "pit_tenths": (tenths / len(scored.sizes)).tolist(),
        "pinball_skill": {"estimate": skill.estimate, "low": skill.low, "high": skill.high},
        "log2_error": float(_errors(scored).mean()),
        "worst_moves": _extreme(scored, scored.distances),
        "largest_reports": _extreme(scored, scored.sizes),
    }


def _errors(scored: Scored) -> np.ndarray:
    return np.abs(np.log2((scored.expected + scored.floors) / (scored.sizes + scored.floors)))


def worst(values: np.ndarray) -> np.ndarray:
    """Return (m,) whether each value is among the `WORST` part of the largest."""
    return values >= np.quantile(values, 1.0 - WORST)


def _extreme(scored: Scored, by: np.ndarray) -> dict[str, float]:
    rows = worst(by)
    return {
        "rows": int(rows.sum()),
        "coverage_90": float(inside(scored, 0, 4)[rows].mean()),
        "log2_error": float(_errors(scored)[rows].mean()),
    }
