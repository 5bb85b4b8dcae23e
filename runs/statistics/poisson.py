"""Sizes that are never negative and mostly small: the Poisson quasi-likelihood with a log link, its fit and its deviance."""

import numpy as np

from indicators.liquidation.compiled import allocation_free

_RIDGE = 1e-6  # of the information about the mean: settles what the data leave open, and moves nothing they settle
_STEPS = 100
_MAX_STEP = 2.0  # log units that any forecast may move in one step
_SETTLED = 1e-9
_FURTHEST = 30.0  # log units


def poisson_deviance(sizes: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return how far sizes lie from their forecasts.

    Parameters
    ----------
    sizes
        (n,) >= 0, of any unit.
    means
        (n,) > 0, the forecasts, of the same unit.

    Returns
    -------
    ndarray
        (n,) ``2 (y log(y / m) - (y - m))`` (McCullagh & Nelder 1989, 2.3), zero where they agree. Multiplying both by a
        constant multiplies it by the same, so that the ratio of two sums does not depend on the unit.

    Examples
    --------
    >>> poisson_deviance(np.array([2.0, 0.0]), np.array([2.0, 0.5])).tolist()
    [0.0, 1.0]
    """
    positive = sizes > 0.0
    logs = np.where(positive, sizes * np.log(np.where(positive, sizes, 1.0) / means), 0.0)
    return 2.0 * (logs - (sizes - means))


@allocation_free
def gather_moments(
    covariates: np.ndarray, sizes: np.ndarray, coefficients: np.ndarray, score: np.ndarray, information: np.ndarray
) -> None:
    """Write the quasi-score (k,) and the information (k, k) at some coefficients (k,) into the arrays given."""
    count = len(coefficients)
    for row in range(count):
        score[row] = 0.0
        for column in range(count):
            information[row, column] = 0.0
    for index in range(len(sizes)):
        position = 0.0
        for row in range(count):
            position += coefficients[row] * covariates[index, row]
        mean = np.exp(min(max(position, -_FURTHEST), _FURTHEST))
        for row in range(count):
            value = covariates[index, row]
            score[row] += value * (sizes[index] - mean)
            for column in range(row + 1):
                information[row, column] += mean * value * covariates[index, column]
    for row in range(count):
        for column in range(row):
            information[column, row] = information[row, column]


def fit_poisson(covariates: np.ndarray, sizes: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Return the coefficients b of ``E y = exp(X b)``.

    Parameters
    ----------
    covariates
        (n, k), the first column ones; the others of order one.
    sizes
        (n,) >= 0.
    start
        (k,) where to begin, such as an earlier fit; by default the constant forecast.

    Returns
    -------
    ndarray
        (k,) by iteratively reweighted least squares (McCullagh & Nelder 1989, 2.5), with a step limit for robustness and a
        ridge of a millionth of the information, so that columns that say the same do no harm. No distribution is assumed:
        the fit is consistent wherever the mean is of that form (Gourieroux, Monfort & Trognon 1984).

    Raises
    ------
    ValueError
        For no rows, or for arrays that do not pair up.
    """
    covariates, sizes = (
        np.ascontiguousarray(covariates, dtype=np.float64),
        np.ascontiguousarray(sizes, dtype=np.float64),
    )
    if len(sizes) == 0 or covariates.shape[:1] != sizes.shape:
        raise ValueError(f"covariates {covariates.shape} and sizes {sizes.shape} must have the same rows, at least one")
    count = covariates.shape[1]
    total = max(float(sizes.sum()), 1e-12)
    coefficients = np.zeros(count) if start is None else start.copy()
    if start is None:
        coefficients[0] = np.log(total / len(sizes))
    score, information = np.empty(count), np.empty((count, count))
    penalty = _RIDGE * total * np.eye(count)
    penalty[0, 0] = 0.0 if count == 1 else penalty[0, 0]
    for _ in range(_STEPS):
        gather_moments(covariates, sizes, coefficients, score, information)
        step = np.linalg.solve(information + penalty + 1e-300 * np.eye(count), score)
        longest = float(np.abs(covariates @ step).max())
        coefficients += step * min(1.0, _MAX_STEP / longest) if longest > 0.0 else step
        if longest < _SETTLED:
            break
    return coefficients


def predict_poisson(covariates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the forecasts (n,) of a fit, in the unit of the sizes it saw."""
    return np.exp(np.clip(covariates @ coefficients, -_FURTHEST, _FURTHEST))
