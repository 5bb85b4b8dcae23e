"""Forecasts out of sample: parameters come from the past alone, and are fitted anew every week."""

import numpy as np

from runs.statistics.glm import fit_poisson, predict_poisson

MIN_ROWS = 500
"""Bars that the first fit takes at least; a third of the data where that is more."""

_FLOOR = 0.01  # of the mean so far: what stands for zero under a logarithm


def log_size(sizes: np.ndarray) -> np.ndarray:
    """Return the logarithm of sizes that may be zero.

    Parameters
    ----------
    sizes
        (n,) >= 0, in order of time.

    Returns
    -------
    ndarray
        (n,) ``log(x + 0.01 m)`` with m the mean up to and including each bar, so that no unit and no future enters; NaN until
        the first size above zero.
    """
    means = np.cumsum(sizes) / np.arange(1, len(sizes) + 1)
    known = np.where(means > 0.0, sizes + _FLOOR * means, np.nan)
    return np.log(known)


def first_scored(count: int) -> int:
    """Return how many rows the first fit takes of `count`."""
    return max(count // 3, MIN_ROWS)


def walk_forward(covariates: np.ndarray, sizes: np.ndarray, every: int) -> np.ndarray:
    """Return the out-of-sample forecasts of a Poisson regression.

    Parameters
    ----------
    covariates
        (n, k) in order of time, without the constant.
    sizes
        (n,) what is forecast, >= 0.
    every
        Rows between two fits, each to all rows before it.

    Returns
    -------
    ndarray
        (n,) NaN in the rows that the first fit takes. Row t depends on sizes[:t] and covariates[: t + 1] alone.
    """
    forecasts, first = np.full(len(sizes), np.nan), first_scored(len(sizes))
    if first >= len(sizes):
        return forecasts
    # Fixed by the first window, so that the fits are comparable and one starts where the last ended.
    centre, spread = covariates[:first].mean(axis=0), covariates[:first].std(axis=0)
    design = np.ones((len(sizes), covariates.shape[1] + 1))
    design[:, 1:] = (covariates - centre) / np.where(spread > 0.0, spread, 1.0)
    coefficients = None
    for start in range(first, len(sizes), every):
        coefficients = fit_poisson(design[:start], sizes[:start], coefficients)
        forecasts[start : start + every] = predict_poisson(design[start : start + every], coefficients)
    return forecasts
