"""Two generalised linear models by one iteratively reweighted fit: logistic (what happens or not) and Poisson (sizes).

The Poisson fit is a quasi-likelihood with a log link, for sizes that are never negative and mostly small: no distribution is
assumed, and it is consistent wherever the mean is of that form (Gourieroux, Monfort & Trognon 1984).
"""

import numpy as np

from indicators.liquidation.compiled import allocation_free

_RIDGE = 1e-6  # of a row's information (logistic), of the mean's (Poisson): settles what the data leave open, no more
_STEPS = 100
_MAX_STEP = 2.0  # log odds or log units that any forecast may move in one step
_SETTLED_LOGISTIC = 1e-4  # log odds: Newton squares what remains, so the last step leaves about 1e-8
_SETTLED_POISSON = 1e-9  # log units
_FURTHEST = 30.0  # log odds or log units


def log_loss(events: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return ``-log`` of the probability (n,), strictly within 0 .. 1, that was given to what happened; events (n,) are 0 or 1.

    Examples
    --------
    >>> log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.75])).round(4).tolist()
    [0.6931, 1.3863]
    """
    return -np.log(np.where(events > 0.0, probabilities, 1.0 - probabilities))


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
    covariates: np.ndarray,
    observed: np.ndarray,
    coefficients: np.ndarray,
    logistic: bool,
    score: np.ndarray,
    information: np.ndarray,
) -> None:
    """Write the score (k,) and the information (k, k) at some coefficients (k,) into the arrays given."""
    count = len(coefficients)
    for row in range(count):
        score[row] = 0.0
        for column in range(count):
            information[row, column] = 0.0
    for index in range(len(observed)):
        position = 0.0
        for row in range(count):
            position += coefficients[row] * covariates[index, row]
        position = min(max(position, -_FURTHEST), _FURTHEST)
        if logistic:
            mean = 1.0 / (1.0 + np.exp(-position))
            weight = mean * (1.0 - mean)
        else:
            mean = np.exp(position)
            weight = mean
        for row in range(count):
            value = covariates[index, row]
            score[row] += value * (observed[index] - mean)
            for column in range(row + 1):
                information[row, column] += weight * value * covariates[index, column]
    for row in range(count):
        for column in range(row):
            information[column, row] = information[row, column]


def fit_logistic(covariates: np.ndarray, events: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Return the coefficients b of ``P(y = 1) = 1 / (1 + exp(-X b))``.

    Parameters
    ----------
    covariates
        (n, k), the first column ones; the others of order one.
    events
        (n,) 0 or 1.
    start
        (k,) where to begin, such as an earlier fit; by default even odds.

    Returns
    -------
    ndarray
        (k,) by iteratively reweighted least squares (McCullagh & Nelder 1989, 4.4) of the likelihood less
        ``n 1e-6 |b|^2 / 2``: a ridge without which nothing would be the estimate where covariates separate the events. The
        length of a step is limited.

    Raises
    ------
    ValueError
        For no rows, or for arrays that do not pair up.
    """
    covariates, events = _paired(covariates, events)
    count = covariates.shape[1]
    coefficients = np.zeros(count) if start is None else start.copy()
    penalty = _RIDGE * len(events)
    return _fit(covariates, events, coefficients, True, penalty * np.eye(count), penalty, _SETTLED_LOGISTIC)


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
        (k,) by iteratively reweighted least squares (McCullagh & Nelder 1989, 2.5), with a limit to the step and a ridge of a
        millionth of the information in each step, so that columns that say the same do no harm.

    Raises
    ------
    ValueError
        For no rows, or for arrays that do not pair up.
    """
    covariates, sizes = _paired(covariates, sizes)
    count = covariates.shape[1]
    total = max(float(sizes.sum()), 1e-12)
    coefficients = np.zeros(count) if start is None else start.copy()
    if start is None:
        coefficients[0] = np.log(total / len(sizes))
    ridge = (_RIDGE * total if count > 1 else 1e-300) * np.eye(count)
    return _fit(covariates, sizes, coefficients, False, ridge, 0.0, _SETTLED_POISSON)


def _paired(covariates: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariates = np.ascontiguousarray(covariates, dtype=np.float64)
    observed = np.ascontiguousarray(observed, dtype=np.float64)
    if len(observed) == 0 or covariates.shape[:1] != observed.shape:
        raise ValueError(
            f"covariates {covariates.shape} and outcomes {observed.shape} must have the same rows, at least one"
        )
    return covariates, observed


def _fit(
    covariates: np.ndarray, observed: np.ndarray, coefficients: np.ndarray, logistic: bool,
    ridge: np.ndarray, penalty: float, settled: float,
) -> np.ndarray:  # fmt: skip
    """Return the coefficients at which steps come to less than `settled`; they are changed in place.

    `ridge` (k, k) damps a step; `penalty` times the coefficients is what the likelihood is pulled to zero by.
    """
    score, information = np.empty_like(coefficients), np.empty_like(ridge)
    for _ in range(_STEPS):
        gather_moments(covariates, observed, coefficients, logistic, score, information)
        step = np.linalg.solve(information + ridge, score - penalty * coefficients)
        longest = float(np.abs(covariates @ step).max())
        coefficients += step * min(1.0, _MAX_STEP / longest) if longest > 0.0 else step
        if longest < settled:
            break
    return coefficients


def predict_logistic(covariates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the probabilities (n,) of a fit."""
    return 1.0 / (1.0 + np.exp(-np.clip(covariates @ coefficients, -_FURTHEST, _FURTHEST)))


def predict_poisson(covariates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the forecasts (n,) of a fit, in the unit of the sizes it saw."""
    return np.exp(np.clip(covariates @ coefficients, -_FURTHEST, _FURTHEST))
