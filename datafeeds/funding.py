"""What is doubtful about funding rates: filled forward, in percent, settled too often, or missing. Named; nothing is changed."""

import numpy as np

_HOUR = 3600
LONGEST_INTERVAL = 8 * _HOUR
"""Seconds between settlements on the venues (Binance, Bybit, OKX; 1 to 8 hours by contract). None settles less often."""

BASE_RATE = 1e-4
"""Rate of a settlement every eight hours while nothing presses: .01 %, the interest that venues fix at .03 % a day."""

_BY_CHANCE = 1e-3  # assumption: that changes which may come at any bar all keep to one hour of the grid by chance
_TOO_MUCH_A_YEAR = 3.0  # assumption: the median rate has never been 300 % a year; in percent the base rate is 1,095 %
_OFTEN_A_YEAR = 0.8  # assumption: the base rate of eight hours paid every hour is 88 % a year
_BASE_SHARE = 0.05  # assumption: no rate of a shorter interval hits another interval's base rate so often
_LEAST = 6  # assumption: settlements below which a median says nothing
_NEIGHBOURS = 5  # assumption: settlements on either side that tell the interval; venues change it for months at a time
_YEAR = 365 * 24 * _HOUR


def funding_doubts(
    seconds: np.ndarray, rate: np.ndarray, bar_seconds: int, within: np.ndarray | None = None
) -> list[tuple[np.ndarray, str]]:
    """Return what is doubtful about a market's funding, each with its rows and with how to mend it.

    Parameters
    ----------
    seconds
        (n,) int64, the bars' opens since 1970.
    rate
        (n,) fraction settled at the open; NaN where none settles.
    bar_seconds
        Length of a bar.
    within
        (n,) what settles later within the bars, as a fraction; None: no bar says.

    Returns
    -------
    list
        Of (n,) bool and one sentence.
    """
    settled = np.flatnonzero(~np.isnan(rate) & (rate != 0.0))
    if not len(settled):
        return []
    filled = filled_forward(seconds, rate, bar_seconds)
    if filled:
        interval, phase = filled
        interval_doubts = [_filled_forward(seconds, rate, interval, phase)]
    else:
        interval, interval_doubts = _usual_interval(seconds[settled], bar_seconds), []
    found = interval_doubts + _size_doubts(rate, settled, interval, bool(filled))
    if within is None or np.isnan(within).all():
        found += _untold(rate, bar_seconds)
    else:
        rate = np.where(np.isnan(rate) & ~np.isnan(within), 0.0, rate)  # what settles is told, though none at the open
    return found if filled else found + _missing(seconds, rate, settled, bar_seconds)


def settlement_interval(seconds: np.ndarray, rate: np.ndarray, bar_seconds: int) -> int | None:
    """Return the commonest distance between settlements, seconds; None for too few, or on bars longer than the venues' interval.

    Parameters
    ----------
    seconds, rate, bar_seconds
        As of `funding_doubts`.
    """
    settled = seconds[~np.isnan(rate) & (rate != 0.0)]
    return _usual_interval(settled, bar_seconds) if len(settled) >= _LEAST and bar_seconds <= LONGEST_INTERVAL else None


def filled_forward(seconds: np.ndarray, rate: np.ndarray, bar_seconds: int) -> tuple[int, int] | None:
    """Return interval and phase (seconds) of rates that are repeated from one settlement to the next; None if they are not.

    Notes
    -----
    Rates that settle on every bar change at any of them. If all changes keep to every k-th bar, for the largest k that
    divides eight hours, and would do so by chance less than once in a thousand, the bars between repeat a rate.
    """
    known = ~np.isnan(rate)
    changes = np.flatnonzero(known[1:] & known[:-1] & (np.diff(rate) != 0.0)) + 1
    if len(changes) < 2:
        return None
    for interval in (hours * _HOUR for hours in (8, 4, 2, 1) if hours * _HOUR > bar_seconds):
        phases = seconds[changes] % interval
        by_chance = (bar_seconds / interval) ** (len(changes) - 1)
        repeated = known & (seconds % interval != phases[0])
        if (phases == phases[0]).all() and by_chance < _BY_CHANCE and repeated.any():
            return interval, int(phases[0])
    return None


def _filled_forward(seconds: np.ndarray, rate: np.ndarray, interval: int, phase: int) -> tuple[np.ndarray, str]:
    repeated = ~np.isnan(rate) & (seconds % interval != phase)
    hours = _hours(interval)
    text = (
        f"funding_rate seems filled forward: it changes every {hours} h at most and stands on {int(repeated.sum())} bars between, "
        f"where it is charged again; {_keep(interval)}"
    )
    return repeated, text


def _usual_interval(times: np.ndarray, bar_seconds: int) -> int:
    """Return the commonest distance between settlements, seconds: eight hours at most, and no less than a bar."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    usual = int(steps[counts.argmax()]) if len(steps) else LONGEST_INTERVAL
    return max(min(usual, LONGEST_INTERVAL), bar_seconds)


def _size_doubts(rate: np.ndarray, settled: np.ndarray, interval: int, filled: bool) -> list[tuple[np.ndarray, str]]:
    """Return the doubt that rates are in percent, or else that they are paid too often."""
    rates, rows = np.abs(rate[settled]), np.zeros(len(rate), dtype=bool)
    rows[settled] = True
    if len(rates) < _LEAST:
        return []
    annual = float(np.median(rates)) * _YEAR / interval
    if annual > _TOO_MUCH_A_YEAR:
        text = (
            f"funding_rate seems to be in percent: as a fraction its median of {np.median(rates):g} every {_hours(interval)} h is "
            f'{annual:,.0%} a year. Divide by 100, or map it with {{column = "...", scale = 0.01}}'
        )
        return [(rows, text)]
    base = float(np.isclose(rates, BASE_RATE, rtol=1e-6, atol=0.0).mean())
    if interval < LONGEST_INTERVAL and not filled and (annual > _OFTEN_A_YEAR or base > _BASE_SHARE):
        text = (
            f"funding_rate seems to be that of 8 hours, and is charged every {_hours(interval)} h. Its median makes {annual:,.0%} "
            f"a year, and {base:.0%} of the rates are the usual {BASE_RATE:g} of 8 hours. If so, {_keep(LONGEST_INTERVAL)}"
        )
        return [(rows, text)]
    return []


def _untold(rate: np.ndarray, bar_seconds: int) -> list[tuple[np.ndarray, str]]:
    """Return the bars that are longer than the venues' interval, and tell what settles at their open alone."""
    if bar_seconds <= LONGEST_INTERVAL:
        return []
    text = (
        f"funding_rate is charged at the open of bars of {_hours(bar_seconds)} h, and no settlement after it is told. Give smaller "
        "bars and --timeframe, or the sum of the later rates as funding_rate_within"
    )
    return [(~np.isnan(rate), text)]


def _missing(
    seconds: np.ndarray, rate: np.ndarray, settled: np.ndarray, bar_seconds: int
) -> list[tuple[np.ndarray, str]]:
    """Return the bars without a rate at which one was due, from the first rate to the last bar.

    Notes
    -----
    A rate is due in steps of the longer of the usual intervals before and after: where a venue changes its interval nothing
    is missing.
    """
    times = seconds[settled]
    steps = np.diff(times)
    ends = np.append(times[1:], seconds[-1] + bar_seconds)
    due: list[int] = []
    first_interval = 0
    for row in np.flatnonzero(ends - times > max(bar_seconds, steps.min() if len(steps) else 0)):
        around = [steps[max(row - _NEIGHBOURS, 0) : row], steps[row + 1 : row + 1 + _NEIGHBOURS]]
        usual = max((float(np.median(part)) for part in around if len(part)), default=LONGEST_INTERVAL)
        interval = max(int(min(usual, LONGEST_INTERVAL)), bar_seconds)
        later = range(int(times[row]) + interval, int(ends[row]), interval)
        first_interval = first_interval or (interval if len(later) else 0)
        due.extend(later)
    at = np.searchsorted(seconds, due)
    at = at[(at < len(seconds)) & (seconds[np.minimum(at, len(seconds) - 1)] == due)]
    rows = np.zeros(len(rate), dtype=bool)
    rows[at] = np.isnan(rate[at])
    if not rows.any():
        return []
    first = np.datetime_as_string(np.datetime64(int(seconds[rows.argmax()]), "s"), unit="m").replace("T", " ")
    text = (
        f"{int(rows.sum())} settlements of funding_rate missing where one is due every {_hours(first_interval)} h, the first at "
        f"{first}. None is charged there: download them, or write their rates"
    )
    return [(rows, text)]


def _keep(interval: int) -> str:
    return (
        "leave it empty on all bars but those at whose open it settles, or map the file with "
        f'[funding] every = "{_hours(interval)}h"'
    )


def _hours(seconds: int) -> str:
    return f"{seconds / _HOUR:g}"


def marks_at_open(opened: np.ndarray, mark_close: np.ndarray) -> np.ndarray:
    """Return (n,) the last mark known at each open, quote: the mark's close of the bar before, else the open (n,)."""
    before = np.concatenate([[np.nan], mark_close[:-1]])
    return np.where(np.isnan(before), opened, before)


def within_larger(rate: np.ndarray, within: np.ndarray, mark: np.ndarray, larger_mark: np.ndarray) -> np.ndarray:
    """Return (n,) what settles in larger bars after their opens, each rate weighed by its mark over that at the larger bar's open.

    Parameters
    ----------
    rate, within, mark
        (n, parts) of the parts of each bar: what settles at their opens and later in them, and the marks at their opens.
    larger_mark
        (n,) marks at the larger bars' opens.

    Returns
    -------
    numpy.ndarray
        So that a position which is held through a bar pays what it pays through its parts. NaN where nothing settles.
    """
    due = np.concatenate([np.full((len(rate), 1), np.nan), rate[:, 1:]], axis=1)
    known = ~(np.isnan(due) & np.isnan(within)).all(axis=1)
    paid = np.cumsum((np.nan_to_num(due) + np.nan_to_num(within)) * mark, axis=1)[:, -1]
    return np.where(known, paid / larger_mark, np.nan)
