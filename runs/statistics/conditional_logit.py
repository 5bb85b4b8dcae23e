"""Which of several cells is chosen: a conditional logit, fitted to counts."""

import numpy as np

_RIDGE = 1e-6  # of the counts: settles what the data leave open, no more
_STEPS = 100
_MAX_STEP = 2.0  # log odds that any cell may move in one step
_SETTLED = 1e-4  # log odds: Newton squares what remains, so the last step leaves about 1e-8


def conditional_logit(
    shared: np.ndarray, own: np.ndarray, counts: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Return the coefficients of ``p proportional to exp(X gamma + b z)`` over the cells of each situation.

    Parameters
    ----------
    shared
        (cells, k) X, the same in all situations, without a constant: one cancels.
    own
        (situations, cells) z.
    counts
        (situations, cells) how often each cell was chosen, >= 0; weights may be fractions.
    start
        (k + 1,) where to begin, such as a fit to similar counts.

    Returns
    -------
    ndarray
        (k + 1,) gamma, then b, by Newton's method (McFadden 1974), with a limit to the step and a ridge of a millionth of a
        count on standardised columns, so that what the data leave open does no harm.

    Raises
    ------
    ValueError
        For arrays that do not pair up, or without any count.

    Examples
    --------
    Cells that are chosen in proportion to exp(2 z):

    >>> z = np.log([[1.0, 2.0, 3.0], [3.0, 1.0, 1.0]])
    >>> conditional_logit(np.zeros((3, 0)), z, np.exp(2.0 * z)).round(4).tolist()
    [2.0]
    """
    if own.shape != counts.shape or shared.shape[:1] != own.shape[1:]:
        raise ValueError(f"X {shared.shape}, z {own.shape} and counts {counts.shape} must have the same cells")
    total = float(counts.sum())
    if not total > 0.0:
        raise ValueError("no cell was chosen")
    scale = np.append(_scale(shared), _scale(own.ravel()))
    columns, last = (shared - shared.mean(axis=0)) / scale[:-1], own / scale[-1]
    coefficients = np.zeros(len(scale)) if start is None else start * scale
    chosen = np.append(counts.sum(axis=0) @ columns, (counts * last).sum())
    ridge = _RIDGE * total * np.eye(len(scale))
    for _ in range(_STEPS):
        expected, information = _moments(columns, last, counts.sum(axis=1), coefficients)
        score = chosen - expected - _RIDGE * total * coefficients
        step = np.linalg.solve(information + ridge, score)
        longest = float(np.abs(columns @ step[:-1] + last * step[-1]).max())
        coefficients = coefficients + step * min(1.0, _MAX_STEP / max(longest, _SETTLED))
        if longest < _SETTLED:
            break
    return coefficients / scale


def _scale(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    return np.where(spread > 0.0, spread, 1.0)


def _moments(
    columns: np.ndarray, last: np.ndarray, totals: np.ndarray, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected sums of X and z (k + 1,) and their covariance (k + 1, k + 1) at some coefficients."""
    position = columns @ coefficients[:-1] + last * coefficients[-1]
    shares = np.exp(position - position.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    means = np.concatenate([shares @ columns, (shares * last).sum(axis=1, keepdims=True)], axis=1)
    expected = totals[:, None] * shares
    cells = expected.sum(axis=0)
    information = np.empty((len(coefficients), len(coefficients)))
    information[:-1, :-1] = columns.T @ (cells[:, None] * columns)
    information[:-1, -1] = information[-1, :-1] = columns.T @ (expected * last).sum(axis=0)
    information[-1, -1] = (expected * last**2).sum()
    information -= means.T @ (totals[:, None] * means)
    return totals @ means, information
