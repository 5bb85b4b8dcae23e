"""Least squares by sums that are added to row by row: memory does not grow with the rows, and nothing is forgotten."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, inlined

FEATURES, TARGETS = 12, 2
ROW = FEATURES + TARGETS

FIT = np.dtype(
    [
        ("count", np.float64),  # rows
        ("moments", np.float64, (ROW, ROW)),  # Z'Z of Z = (X, y), lower triangle
        ("factor", np.float64, (ROW, FEATURES)),  # of (X'X + R, its right-hand sides below) at the last fit
        ("coefficients", np.float64, (FEATURES, TARGETS)),
        ("error_variance", np.float64, (TARGETS,)),  # mean squared residual of all rows
    ]
)
"""Sums over the rows, and what the last `fit` made of them; `factor[0, 0]` is zero before one."""


@inlined
def add_row(sums: Record, row: np.ndarray) -> None:
    """Add a row (`ROW`,), features and then targets, to a record of `FIT`."""
    moments = sums.moments
    for index in range(ROW):
        value = row[index]
        for other in range(index + 1):
            moments[index, other] += value * row[other]
    sums.count += 1.0


@inlined
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

    Notes
    -----
    By Cholesky: the factor's rows below the features are the right-hand sides after forward substitution. With z such a row,
    ``y'y + R |prior|^2 - z'z`` is the least of ``|y - X b|^2 + R |b - prior|^2``.
    """
    factor = sums.factor
    for index in range(ROW):
        for other in range(min(index + 1, FEATURES)):
            value = sums.moments[index, other]
            if other > 0 and index == other:
                value += shrinkage
            elif other > 0 and index >= FEATURES:
                value += shrinkage * prior[other]
            for inner in range(other):
                value -= factor[index, inner] * factor[other, inner]
            factor[index, other] = math.sqrt(value) if index == other else value / factor[other, other]
    for target in range(TARGETS):
        error = sums.moments[FEATURES + target, FEATURES + target]
        for back in range(FEATURES):
            index = FEATURES - 1 - back
            value = factor[FEATURES + target, index]
            error -= value * value
            for inner in range(index + 1, FEATURES):
                value -= factor[inner, index] * sums.coefficients[inner, target]
            value /= factor[index, index]
            sums.coefficients[index, target] = value
            if index > 0:
                error += shrinkage * value * (2.0 * prior[index] - value)  # R (|prior|^2 - |b - prior|^2)
        sums.error_variance[target] = max(error, 0.0) / sums.count
