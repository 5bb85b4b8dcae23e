"""What happens or does not: logistic regression, its fit, and the losses of forecast probabilities."""

import numpy as np

from indicators.liquidation.compiled import allocation_free

_RIDGE = (
    1e-6  # of a row's information: settles what the data leave open (also perfect separation), and moves nothing else
)
_STEPS = 50
_MAX_STEP = 2.0  # log odds that any forecast may move in one step
_SETTLED = 1e-4  # log odds: Newton squares what remains, so the last step leaves about 1e-8
_FURTHEST = 30.0  # log odds


def log_loss(events: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return ``-log`` of the probability (n,), strictly within 0 .. 1, that was given to what happened; events (n,) are 0 or 1.

    Examples
    --------
    >>> log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.75])).round(4).tolist()
    [0.6931, 1.3863]
    """
    return -np.log(np.where(events > 0.0, probabilities, 1.0 - probabilities))


@allocation_free
def gather_logistic(
    covariates: np.ndarray, events: np.ndarray, coefficients: np.ndarray, score: np.ndarray, information: np.ndarray
) -> None:
    """Write the score (k,) and the information (k, k) at some coefficients (k,) into the arrays given."""
    count = len(coefficients)
    for row in range(count):
        score[row] = 0.0
        for column in range(count):
            information[row, column] = 0.0
    for index in range(len(events)):
        position = 0.0
        for row in range(count):
            position += coefficients[row] * covariates[index, row]
        probability = 1.0 / (1.0 + np.exp(-min(max(position, -_FURTHEST), _FURTHEST)))
        weight = probability * (1.0 - probability)
        for row in range(count):
            value = covariates[index, row]
            score[row] += value * (events[index] - probability)
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
    covariates = np.ascontiguousarray(covariates, dtype=np.float64)
    events = np.ascontiguousarray(events, dtype=np.float64)
    if len(events) == 0 or covariates.shape[:1] != events.shape:
        raise ValueError(
            f"covariates {covariates.shape} and events {events.shape} must have the same rows, at least one"
        )
    count = covariates.shape[1]
    coefficients = np.zeros(count) if start is None else start.copy()
    score, information = np.empty(count), np.empty((count, count))
    penalty = _RIDGE * len(events)
    for _ in range(_STEPS):
        gather_logistic(covariates, events, coefficients, score, information)
        step = np.linalg.solve(information + penalty * np.eye(count), score - penalty * coefficients)
        longest = float(np.abs(covariates @ step).max())
        coefficients += step * min(1.0, _MAX_STEP / longest) if longest > 0.0 else step
        if longest < _SETTLED:
            break
    return coefficients


def predict_logistic(covariates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the probabilities (n,) of a fit."""
    return 1.0 / (1.0 + np.exp(-np.clip(covariates @ coefficients, -_FURTHEST, _FURTHEST)))
