"""How many independent trials a sweep of similar ones is worth."""

import numpy as np

from runs.statistics.panel import checked_panel, varying_trials

_CHUNK = 512  # columns at a time: bounds the memory of the standardised copy


def effective_trials(returns: np.ndarray) -> float:
    """Return the effective number of independent trials.

    Parameters
    ----------
    returns
        (t, n) daily returns, a column a trial; four days or more. Trials that never vary count for nothing.

    Returns
    -------
    float
        1 .. n: ``n / (1 + (n - 1) r2)`` with r2 the mean squared correlation of two trials. That is the participation ratio
        of the correlation matrix's eigenvalues, ``(sum l)^2 / sum l^2`` (Bretherton et al. 1999, "The Effective Number of
        Spatial Degrees of Freedom of a Time-Varying Field", eq. 5): k for k groups of identical trials of equal size.

    Notes
    -----
    Squared correlations of unrelated trials average ``1 / (t - 1)``, not zero, which would cap the ratio near t; r2 is adjusted
    for it as a regression's R^2 is (Ezekiel 1930), and not below zero.

    Estimators of this number disagree by orders of magnitude. This one leans low, so that a threshold from it is the
    *lenient* end; the raw number of trials is the strict one. A mirrored trial (correlation -1) counts as the same.

    Raises
    ------
    ValueError
        For fewer than four days, or if no trial's returns vary.
    """
    panel = checked_panel(returns, 4)
    varying = varying_trials(panel)
    days, trials = len(panel), len(varying)
    if trials == 1:
        return 1.0
    squares = _sum_of_squared_correlations(panel, varying)
    plain = max((squares - trials) / (trials * (trials - 1.0)), 0.0)
    adjusted = 1.0 - (1.0 - plain) * (days - 1.0) / (days - 2.0)
    return float(trials / (1.0 + (trials - 1.0) * min(max(adjusted, 0.0), 1.0)))


def _sum_of_squared_correlations(panel: np.ndarray, columns: np.ndarray) -> float:
    """Return the squared Frobenius norm of the correlation matrix, from the smaller of Z'Z (n, n) and ZZ' (t, t)."""
    days, trials = len(panel), len(columns)
    if trials <= days:
        scaled = _standardised(panel[:, columns])
        product = scaled.T @ scaled
    else:
        product = np.zeros((days, days))
        for start in range(0, trials, _CHUNK):
            scaled = _standardised(panel[:, columns[start : start + _CHUNK]])
            product += scaled @ scaled.T
    return float(np.einsum("ij,ij->", product, product))


def _standardised(values: np.ndarray) -> np.ndarray:
    """Return columns with mean zero and length one."""
    deviations = values - values.mean(axis=0)
    return deviations / np.sqrt(np.einsum("ij,ij->j", deviations, deviations))
