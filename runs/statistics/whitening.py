"""Returns without the memory of the day before, and with the mean that they had."""

import numpy as np

_LARGEST = 0.97
"""Bound of a correlation that is divided out; Andrews & Monahan (1992) use it so that nothing explodes."""


def first_autocorrelations(returns: np.ndarray) -> np.ndarray:
    """Return (n,) the correlation of each day with the next, of (t, n) returns that vary, between -0.97 and 0.97.

    Its bias of ``-(1 + 3 r) / t`` is taken off (Kendall 1954, "Note on Bias in the Estimation of Autocorrelation").
    """
    deviations = returns - returns.mean(axis=0)
    squares = np.einsum("ij,ij->j", deviations, deviations)
    found = np.einsum("ij,ij->j", deviations[1:], deviations[:-1]) / squares
    return np.clip(found + (1.0 + 3.0 * found) / len(returns), -_LARGEST, _LARGEST)


def shrunk(correlations: np.ndarray, days: int) -> np.ndarray:
    """Return (n,) autocorrelations of `days` days, drawn to their mean by as much as their own error explains their spread.

    Of a spread of variance v, the error of each accounts for ``1 / days`` (Bartlett 1946, at zero), so a share of
    ``max(v - 1 / days, 0) / v`` is kept (Efron & Morris 1973, "Stein's Estimation Rule and Its Competitors"). Trials of one
    sweep mostly resemble one another; what is left of the error would make the luckiest of many look surer than it is.

    Examples
    --------
    >>> shrunk(np.array([0.1, 0.2, 0.3]), 50).round(12).tolist(), shrunk(np.array([-0.8, 0.8]), 50).round(2).tolist()
    ([0.2, 0.2, 0.2], [-0.79, 0.79])
    """
    if len(correlations) < 2:
        return correlations
    spread, centre = float(np.var(correlations, ddof=1)), correlations.mean()
    kept = max(spread - 1.0 / days, 0.0) / spread if spread > 0.0 else 0.0
    return centre + kept * (correlations - centre)


def whitened(returns: np.ndarray, correlations: np.ndarray) -> np.ndarray:
    """Return (t, n) returns, a column a trial, with (n,) first-order autocorrelations below 1 taken out.

    ``(x_t - r x_(t-1)) / (1 - r)``: the mean is the same, exactly, as the first day follows the last; the long-run variance is
    that of a first-order autoregression (Andrews & Monahan 1992, "An Improved Heteroskedasticity and Autocorrelation Consistent
    Covariance Matrix Estimator").

    Examples
    --------
    >>> whitened(np.array([[1.0], [2.0], [6.0]]), np.array([0.5])).ravel().tolist()
    [-4.0, 3.0, 10.0]
    """
    return (returns - correlations * np.roll(returns, 1, axis=0)) / (1.0 - correlations)
