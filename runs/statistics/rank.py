"""Rank correlation."""

import numpy as np
import pandas as pd


def rank_correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Return Spearman's correlation of (n,) and (n,): that of their ranks, equal values sharing a mean rank.

    NaN where one of them does not vary.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.3, 0.4]))
    1.0
    """
    ranks = [pd.Series(values).rank().to_numpy() for values in (left, right)]
    ranks = [values - values.mean() for values in ranks]
    spread = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float(ranks[0] @ ranks[1] / spread) if spread > 0.0 else float("nan")
