"""The link from what the map sweeps to what is reported: an expectation, and how far reports have lain from it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from runs.statistics.glm import fit_poisson, predict_poisson

MIN_ROWS = 500
"""Rows that the first fit takes at least; a third of the data where that is more."""

_FLOOR = 0.01  # of a mean: what is added so that zero has a logarithm
_REFIT_SHARE = 0.04  # rows by which data must have grown for a new fit, where that is more than a week
_SECONDS_PER_WEEK = 604_800.0


class Link(NamedTuple):
    """A fit: all of it from rows that were over when it was made.

    Attributes
    ----------
    floors, centre, spread
        (k,) what is added to each covariate; mean and standard deviation of its logarithms.
    coefficients
        (1 + k,) of the Poisson quasi-likelihood, the constant first.
    size_floor
        Base coin added to sizes before a logarithm.
    ratios
        (m,) log ratios of reported to expected size, ascending.
    """

    floors: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    size_floor: float
    ratios: np.ndarray


def fit_link(covariates: np.ndarray, sizes: np.ndarray) -> Link:
    """Return the link of past rows.

    Parameters
    ----------
    covariates
        (m, k) >= 0.
    sizes
        (m,) >= 0, base coin reported; one at least above zero.

    Notes
    -----
    ``E y = exp(a + b log(x + f))``, by quasi-likelihood, which weighs by coins; the distribution around it is that of
    ``log(y + f) - log(E y + f)``, which needs no form and keeps the tail that was seen. Each f is 1 % of a mean.
    """
    means = covariates.mean(axis=0)
    floors = np.where(means > 0.0, _FLOOR * means, 1.0)
    logs = np.log(covariates + floors)
    spread = logs.std(axis=0)
    link = Link(
        floors, logs.mean(axis=0), np.where(spread > 0.0, spread, 1.0), np.empty(0),
        _FLOOR * float(sizes.mean()), np.empty(0),
    )  # fmt: skip
    link = link._replace(coefficients=fit_poisson(_design(link, covariates), sizes))
    return link._replace(ratios=np.sort(_log_ratios(link, expected_size(link, covariates), sizes)))


def expected_size(link: Link, covariates: np.ndarray) -> np.ndarray:
    """Return the expected size (m,) at covariates (m, k), base coin."""
    return predict_poisson(_design(link, covariates), link.coefficients)


def size_quantiles(link: Link, expected: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the quantiles (m, levels) of sizes whose expectation is (m,), base coin; never below zero."""
    factors = np.exp(np.quantile(link.ratios, levels))
    return np.maximum(np.multiply.outer(expected + link.size_floor, factors) - link.size_floor, 0.0)


def size_ranks(link: Link, expected: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of less than each size (m,), and of no more than it: the ends of its PIT."""
    found = _log_ratios(link, expected, sizes)
    below = np.searchsorted(link.ratios, found, side="left") / len(link.ratios)
    upto = np.searchsorted(link.ratios, found, side="right") / len(link.ratios)
    return np.where(sizes > 0.0, below, 0.0), upto


def _design(link: Link, covariates: np.ndarray) -> np.ndarray:
    scaled = (np.log(covariates + link.floors) - link.centre) / link.spread
    return np.column_stack([np.ones(len(covariates)), scaled])


def _log_ratios(link: Link, expected: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.log(sizes + link.size_floor) - np.log(expected + link.size_floor)


def known_rows(covariates: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return (n,) whether all of a row is known."""
    return np.isfinite(covariates).all(axis=1) & np.isfinite(sizes)


def walk_links(
    covariates: np.ndarray, sizes: np.ndarray, horizon: int, bar_seconds: int
) -> Iterator[tuple[np.ndarray, Link]]:
    """Yield rows in order of time, each batch with the link that was fitted before them.

    Parameters
    ----------
    covariates, sizes
        (n, k) and (n,); NaN where unknown. Row t is over at bar t + horizon.
    horizon
        Bars (>= 1) that a row looks ahead.
    bar_seconds
        Length of a bar.

    Notes
    -----
    A fit for rows from `start` on sees the known rows up to start - horizon. The first is made after a third of the rows, then
    each week or once they have grown by 4 %; none before anything was reported. How many rows there are decides where the
    first fit falls, and nothing else does.
    """
    known, count = known_rows(covariates, sizes), len(sizes)
    weekly = max(1, round(_SECONDS_PER_WEEK / bar_seconds))
    start = max(count // 3, MIN_ROWS) + horizon - 1
    while start < count:
        stop = min(count, start + max(weekly, int(_REFIT_SHARE * start)))
        past = np.flatnonzero(known[: start - horizon + 1])
        rows = start + np.flatnonzero(known[start:stop])
        if len(rows) and sizes[past].sum() > 0.0:
            yield rows, fit_link(covariates[past], sizes[past])
        start = stop
