"""A table of trials: one row a day, one column a trial. What the statistics over many trials expect of it."""

import numpy as np


def checked_panel(returns: np.ndarray, least_days: int, least_trials: int = 1) -> np.ndarray:
    """Return a table of returns as float64, if it can be judged.

    Parameters
    ----------
    returns
        (t, n) simple returns, a row a day and a column a trial.
    least_days, least_trials
        How many of each there must be.

    Raises
    ------
    ValueError
        With one sentence: for anything but a table, too few days or trials, or a value that is no number.
    """
    panel = np.asarray(returns, dtype=np.float64)
    if panel.ndim != 2:
        raise ValueError(f"returns of shape {panel.shape}: give a table, a row a day and a column a trial")
    days, trials = panel.shape
    if days < least_days:
        raise ValueError(f"returns of {days} days: at least {least_days} are needed")
    if trials < least_trials:
        raise ValueError(f"returns of {trials} trials: at least {least_trials} are needed")
    # A sum is finite only if all its terms are; the search for the culprit is left to the bad case.
    if not np.isfinite(panel.sum()) and not (finite := np.isfinite(panel)).all():
        day, trial = np.argwhere(~finite)[0]
        raise ValueError(f"returns of trial {trial} on day {day}: not a finite number; leave failed trials out")
    return panel


def varying_trials(panel: np.ndarray, least_trials: int = 1) -> np.ndarray:
    """Return the column numbers, ascending, of the trials whose returns vary; the others never traded.

    Raises
    ------
    ValueError
        If fewer than `least_trials` vary.
    """
    varying = np.flatnonzero(panel.max(axis=0) > panel.min(axis=0))
    if len(varying) < least_trials:
        raise ValueError(
            f"returns of {len(varying)} trials vary: at least {least_trials} must; the others never traded"
        )
    return varying
