"""Wilder's average, one value after the other."""

from indicators.liquidation.compiled import allocation_free


@allocation_free
def wilder(average: float, value: float, number: int, count: int) -> float:
    """Return the average once a value has come: ``A <- A + (value - A) / count``, begun with the mean of the first `count`.

    Parameters
    ----------
    average
        Before the value; 0 before the first.
    value
        Of any unit.
    number
        Which it is, from 1 on.
    count
        Values of the average.

    Notes
    -----
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> wilder(wilder(wilder(0.0, 2.0, 1, 2), 4.0, 2, 2), 5.0, 3, 2)
    4.0
    """
    return average + (value / count if number <= count else (value - average) / count)
