"""Least squares by sums that are added to row by row: memory does not grow with the rows, and nothing is forgotten."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free

FEATURES = 12
TARGETS = 2

FIT = np.dtype(
    [
        ("count", np.float64),  # rows
        ("moments", np.float64, (FEATURES, FEATURES)),  # X'X, lower triangle
        ("cross", np.float64, (TARGETS, FEATURES)),  # X'y
        ("squares", np.float64, (TARGETS,)),  # y'y
        ("factor", np.float64, (FEATURES, FEATURES)),  # Cholesky factor at the last fit; zero before one
        ("coefficients", np.float64, (TARGETS, FEATURES)),
        ("error_variance", np.float64, (TARGETS,)),  # mean squared residual of all rows
    ]
)
"""Sums over the rows, and what the last `fit` made of them."""


@allocation_free
def add_row(sums: Record, row: np.ndarray, first: float, second: float) -> None:
    """Add a row (features,) and its two targets to a record of `FIT`."""
    for index in range(FEATURES):
        sums.cross[0, index] += row[index] * first
        sums.cross[1, index] += row[index] * second
        for other in range(index + 1):
            sums.moments[index, other] += row[index] * row[other]
    sums.squares[0] += first * first
    sums.squares[1] += second * second
    sums.count += 1.0


@allocation_free
def fit(sums: Record, shrinkage: float, prior: np.ndarray) -> None:
    """Write the coefficients b that solve ``(X'X + R) b = X'y + R prior``, and their mean squared residual.

    Parameters
    ----------
    sums
        A record of `FIT`, changed in place.
    shrinkage
        R's diagonal (> 0), in rows of unit features; 0 for the first feature, which is the constant 1.
    prior
        (features,); towards it the others are shrunk.
    """
    factor = sums.factor
    for index in range(FEATURES):
        for other in range(index + 1):
            value = sums.moments[index, other]
            if other == index and index > 0:
                value += shrinkage
            for inner in range(other):
                value -= factor[index, inner] * factor[other, inner]
            factor[index, other] = math.sqrt(value) if index == other else value / factor[other, other]
    for target in range(TARGETS):
        _solve(sums, target, shrinkage, prior)
        _measure_error(sums, target)


@allocation_free
def _solve(sums: Record, target: int, shrinkage: float, prior: np.ndarray) -> None:
    """Substitute forward and backward."""
    factor, solution = sums.factor, sums.coefficients[target]
    for index in range(FEATURES):
        value = sums.cross[target, index] + (shrinkage * prior[index] if index > 0 else 0.0)
        for inner in range(index):
            value -= factor[index, inner] * solution[inner]
        solution[index] = value / factor[index, index]
    for index in range(FEATURES - 1, -1, -1):
        value = solution[index]
        for inner in range(index + 1, FEATURES):
            value -= factor[inner, index] * solution[inner]
        solution[index] = value / factor[index, index]


@allocation_free
def _measure_error(sums: Record, target: int) -> None:
    """Write (y'y - 2 b X'y + b X'X b) / count."""
    solution, error = sums.coefficients[target], sums.squares[target]
    for index in range(FEATURES):
        half = 0.5 * sums.moments[index, index] * solution[index] - sums.cross[target, index]
        for other in range(index):  # the other triangle is the same
            half += sums.moments[index, other] * solution[other]
        error += 2.0 * solution[index] * half
    sums.error_variance[target] = max(error, 0.0) / sums.count
