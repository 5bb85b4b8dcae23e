"""How many independent observations a dependent series is worth."""

import numpy as np


def lagged_products(values: np.ndarray) -> np.ndarray:
    """Return (..., n) the sums over time of products of deviations from the mean, at lags 0 .. n - 1, of (..., n) in time."""
    count = values.shape[-1]
    deviations = values - values.mean(axis=-1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(deviations, 2 * count)) ** 2
    return np.fft.irfft(spectrum, 2 * count)[..., :count]


def autocorrelations(values: np.ndarray) -> np.ndarray:
    """Return the autocorrelations of (n,) at lags 0 .. n - 1, biased towards zero as usual; zeros if nothing varies."""
    covariances = lagged_products(values)
    if covariances[0] <= 0.0:
        return np.zeros(len(values))
    return covariances / covariances[0]


def effective_size(values: np.ndarray) -> float:
    """Return the effective sample size of a series.

    Parameters
    ----------
    values
        (n,) in order of time, without NaN.

    Returns
    -------
    float
        ``n / (1 + 2 sum of autocorrelations)``, at most n. The sum ends where two neighbouring autocorrelations (2 m and
        2 m + 1) add up to nothing positive: beyond that there is noise alone (Geyer 1992, initial positive sequence).
        n for a series that does not vary.

    Examples
    --------
    >>> effective_size(np.repeat([1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0], 50)) < 40
    True
    """
    count = len(values)
    if count < 4:  # nothing to correlate
        return float(count)
    correlations = autocorrelations(np.asarray(values, dtype=np.float64))
    pairs = correlations[0 : count - count % 2 : 2] + correlations[1::2]
    ends = np.flatnonzero(pairs <= 0.0)
    kept = pairs[: ends[0]] if len(ends) else pairs
    return float(min(count / max(2.0 * kept.sum() - 1.0, 1.0), count))
