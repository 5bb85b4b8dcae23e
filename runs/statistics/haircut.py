"""What is left of a Sharpe ratio after a correction for the number of tests."""

import math

import numpy as np

from runs.statistics.sharpe import NORMAL


def haircut_sharpe(annual_sharpe: float, years: float, tests: int, *, dependent: bool = False) -> float:
    """Return the annual Sharpe ratio that a single test would have shown with the same corrected p-value.

    Harvey & Liu (2015), "Backtesting": the two-sided normal p-value of ``SR sqrt(years)`` is multiplied by the tests
    (Bonferroni; Holm's is the same for the best) and turned back into a ratio. Zero where the p-value reaches one.

    Parameters
    ----------
    annual_sharpe, years
        The best result and the length of its data; both above zero.
    tests
        How many results it was chosen from, 1 or more.
    dependent
        Benjamini, Hochberg & Yekutieli's factor for the best, ``tests (1 + 1/2 + .. + 1/tests)``, good for any dependence of
        a false discovery rate; stricter.

    Raises
    ------
    ValueError
        For years or tests out of their domain.

    Examples
    --------
    >>> round(haircut_sharpe(0.75, 20.0, 200), 3)
    0.315
    """
    if not years > 0.0 or tests < 1:
        raise ValueError(f"{years} years and {tests} tests: give more than none")
    root = math.sqrt(years)
    p_value = math.erfc(annual_sharpe * root / math.sqrt(2.0))
    factor = tests * float((1.0 / np.arange(1, tests + 1)).sum()) if dependent else float(tests)
    corrected = p_value * factor
    if not 0.0 < corrected < 1.0:
        return 0.0 if corrected >= 1.0 else annual_sharpe  # beyond 38 deviations there is no p-value to correct
    return -NORMAL.inv_cdf(0.5 * corrected) / root
