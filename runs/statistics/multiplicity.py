"""Many claims at once: how large a p-value may be before a discovery is one."""

import numpy as np


def adjusted_p_values(p_values: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for the false discovery rate.

    Parameters
    ----------
    p_values
        (n,) in 0 .. 1; NaN for what was not tested, which counts for nothing and stays NaN.

    Returns
    -------
    ndarray
        (n,) the smallest rate at which each would be a discovery: ``min over j >= i of p_(j) m / j`` (Benjamini & Hochberg
        1995).

    Examples
    --------
    >>> adjusted_p_values(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    if len(tested) == 0:
        return adjusted
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
