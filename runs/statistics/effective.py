"""How many independent observations a dependent series is worth, and how many a mean over several samples."""

from collections.abc import Sequence

import numpy as np

from runs.statistics.bootstrap import Sample


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


def joint_effective(samples: Sequence[Sample], sizes: Sequence[float]) -> float:
    """Return the effective size of the mean of several samples' statistics, equal weight a sample.

    Parameters
    ----------
    samples
        Each with the blocks it has rows in.
    sizes
        The effective size of each.

    Returns
    -------
    float
        ``K^2 / sum_kl r_kl / sqrt(e_k e_l)``: the observations of one unit variance that a mean over K samples is worth (Kish
        1965, 8.2), r_kl the correlation of what single blocks add to the statistics, no less than zero. Two independent samples
        of e are worth 2 e, two equal ones e; one that is small counts for little more than K^2 times itself.
    """
    union = np.unique(np.concatenate([sample.labels for sample in samples]))
    influences = np.zeros((len(samples), len(union)))
    for row, sample in zip(influences, samples, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            changed = sample.statistic(*(column.sum() + column for column in sample.columns)) - sample.estimate
        row[np.searchsorted(union, sample.labels)] = np.nan_to_num(changed)
    lengths = np.linalg.norm(influences, axis=1)
    directions = influences / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    correlations = np.clip(directions @ directions.T, 0.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    roots = 1.0 / np.sqrt(np.asarray(sizes, dtype=np.float64))
    return float(len(samples) ** 2 / (roots @ correlations @ roots))
