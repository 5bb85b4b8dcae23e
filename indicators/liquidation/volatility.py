"""A forecast of volatility over the next 4 and 24 hours, learned from the bars before (HAR: Corsi 2009, in logs).

Variance of a bar: (ln high / low)^2 / (4 ln 2), Parkinson 1980, the last close counted into the range. Each full hour, UTC,
gives a row x: logs of mean hourly variance over the last 4, 24, 168 and 720 h, the 24 h return and its size, two harmonics
of the hour, and the weekend's share of the next day. Least squares of the log over the *next* 4 and 24 h on x, over all whole
periods of 30 days, shrunk towards equal weights of the four logs; refitted where a period ends. What is forecast is the
mean: sqrt(hours exp(x b + s^2 / 2)), with s^2 the mean squared residual. A bar longer than an hour takes the hour's place.

A row is learned from when its next 24 h are over. Sums over windows are whole numbers: they do not depend on when the data
began, and leave no dust.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, inlined
from indicators.liquidation.least_squares import FEATURES, FIT, ROW, add_row, fit

_HORIZON_HOURS = (4.0, 24.0)
WINDOW_HOURS = (4.0, 24.0, 168.0, 720.0)
_PERIOD_SECONDS = 720 * 3600.0  # as long as the longest window; counted from 1970-01-01
_MOST_STEPS = 720  # in the longest window
_ROOM, _DAY_ROOM = 1024, 32  # of rings: powers of two, so that a place is found by its last bits
_LAST, _DAY_LAST = _ROOM - 1, _DAY_ROOM - 1

_UNIT = 2.0**-52  # variance per whole number: a return of 1e-7 still counts
_MOST = 1 << 52  # variance 1 within a step: 720 of them fit into 63 bits
_FLOOR = 1e-10  # hourly variance (assumption: what moves less than .001 % an hour stands still)
_PARKINSON = 1.0 / (4.0 * math.log(2.0))
_RETURN_SCALE = 10.0  # a day's return becomes as large as the other features, which are shrunk alike
_SHRINKAGE_HOURS = 720.0  # rows that the equal weights count for (assumption: one period's)
_EQUAL_WEIGHTS = np.array([0.0] + 4 * [0.25] + 7 * [0.0])
_SECONDS_PER_HOUR, _SECONDS_PER_DAY = 3600.0, 86_400.0
_SINCE_MONDAY = 3.0  # days: 1970-01-01 was a Thursday

VOLATILITY_SETTINGS = np.dtype(
    [("bar_seconds", np.float64), ("step_seconds", np.float64), ("windows", np.int64, (4,)), ("known", np.int64, (2,))]
)
"""Seconds of a bar and of a step (an hour, or a longer bar); windows in steps; 1 for horizons that no bar exceeds."""

VOLATILITY = np.dtype(
    [
        ("step", np.int64),  # steps since 1970-01-01 that have ended
        ("seen", np.int64),  # whole steps in the ring; -1 where the present one may have begun before the data
        ("whole", np.int64),  # 1 where all rows of the present period are known
        ("close", np.float64),  # log of the last close; NaN before the first bar
        ("present", np.int64),  # variance so far of the step that has not ended, in units of 2^-52
        ("sums", np.int64, (4,)),  # the same over the windows, whole steps alone
        ("variances", np.int64, (_ROOM,)),  # ring of whole steps
        ("closes", np.float64, (_DAY_ROOM,)),  # ring of log closes at the ends of steps
        ("rows", np.float64, (_DAY_ROOM, ROW)),  # ring of rows: the present one, and those whose next 24 h are not over
        ("sum", FIT),
        ("forecasts", np.float64, (2,)),  # standard deviation of the log return over the next 4 and 24 h; NaN unknown
    ]
)
"""All that the forecast carries from bar to bar, alike for bars of any length."""


def volatility_settings(bar_seconds: float) -> np.ndarray:
    """Return (1,) of `VOLATILITY_SETTINGS` for bars of `bar_seconds` (> 0)."""
    settings = np.zeros(1, dtype=VOLATILITY_SETTINGS)
    step_seconds = max(bar_seconds, _SECONDS_PER_HOUR)
    settings["bar_seconds"], settings["step_seconds"] = bar_seconds, step_seconds
    settings["windows"] = [max(1, round(hours * _SECONDS_PER_HOUR / step_seconds)) for hours in WINDOW_HOURS]
    settings["known"] = [bar_seconds <= hours * _SECONDS_PER_HOUR for hours in _HORIZON_HOURS]
    return settings


def initial_volatility() -> np.ndarray:
    """Return the state (1,) of `VOLATILITY` before the first bar."""
    state = np.zeros(1, dtype=VOLATILITY)
    state["seen"], state["close"], state["forecasts"] = -1, np.nan, np.nan
    return state


@inlined
def _write_row(state: Record, settings: Record, row: int, seconds: float, elapsed: float) -> None:
    """Write what is known `seconds` after 1970 began, `elapsed` (0 .. 1) of a step after the last that ended."""
    features, windows = state.rows[row], settings.windows
    hours = settings.step_seconds / _SECONDS_PER_HOUR
    for index in range(4):
        oldest = state.variances[(state.step - windows[index]) & _LAST]
        variance = _UNIT * ((state.present + state.sums[index]) - elapsed * oldest)
        features[1 + index] = math.log(max(variance / (windows[index] * hours), _FLOOR))
    day = state.step - windows[1]
    before = state.closes[day & _DAY_LAST]
    before += elapsed * (state.closes[(day + 1) & _DAY_LAST] - before)
    change = _RETURN_SCALE * (state.close - before)
    days = seconds / _SECONDS_PER_DAY
    angle = 2.0 * math.pi * (days - math.floor(days))
    sine, cosine = math.sin(angle), math.cos(angle)
    weeks = (days + _SINCE_MONDAY) / 7.0
    since_monday = 7.0 * (weeks - math.floor(weeks))
    features[0], features[5], features[6], features[7], features[8] = 1.0, change, abs(change), sine, cosine
    features[9], features[10] = 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine
    features[11] = max(0.0, min(since_monday - 4.0, 1.0, 7.0 - since_monday))


@inlined
def _end_step(state: Record, windows: np.ndarray, variance: int, close: float) -> None:
    """End a step of this variance (units of 2^-52) and log close."""
    if state.seen >= 0:
        for index in range(4):
            state.sums[index] += variance - state.variances[(state.step - windows[index]) & _LAST]
        state.variances[state.step & _LAST] = variance
    state.step, state.seen, state.close, state.present = state.step + 1, state.seen + 1, close, 0
    state.closes[state.step & _DAY_LAST] = close


@inlined
def _learn(state: Record, settings: Record, seconds: float) -> None:
    """Learn what followed on the row of a day ago, and refit where a period has ended; `seconds` after 1970 began."""
    windows, day = settings.windows, state.step - settings.windows[1]
    if state.whole == 1:
        # What that row should have said stands among the logs of later ones.
        row = state.rows[day & _DAY_LAST]
        row[FEATURES] = state.rows[(day + windows[0]) & _DAY_LAST, 1]
        row[FEATURES + 1] = state.rows[state.step & _DAY_LAST, 2]
        add_row(state.sum, row)
    if seconds - _PERIOD_SECONDS * math.floor(seconds / _PERIOD_SECONDS) < settings.step_seconds:
        if state.whole == 1:
            fit(state.sum, _SHRINKAGE_HOURS * _SECONDS_PER_HOUR / settings.step_seconds, _EQUAL_WEIGHTS)
        state.whole = 1 if state.seen >= windows[3] + windows[1] - 1 else 0


@inlined
def _begin(state: Record, step: int) -> None:
    """Begin the windows anew where `step` steps have ended; what was learned stays."""
    state.step, state.seen, state.whole, state.present = step, -1, 0, 0
    for index in range(4):
        state.sums[index] = 0
    for index in range(_ROOM):
        state.variances[index] = 0


@inlined
def _forecast(state: Record, settings: Record, row: int) -> None:
    """Write the forecasts that a row gives."""
    weights, features, errors = state.sum.coefficients, state.rows[row], state.sum.error_variance
    first, second = 0.5 * errors[0], 0.5 * errors[1]
    for index in range(FEATURES):
        first += weights[index, 0] * features[index]
        second += weights[index, 1] * features[index]
    if settings.known[0] == 1:
        state.forecasts[0] = math.sqrt(_HORIZON_HOURS[0] * math.exp(first))
    state.forecasts[1] = math.sqrt(_HORIZON_HOURS[1] * math.exp(second))


@allocation_free
def update_volatility(
    state: np.ndarray, settings: np.ndarray, bar: Record, low: float, high: float, close: float
) -> None:
    """Take one closed bar; write what is then forecast to ``state[0].forecasts``.

    Parameters
    ----------
    state
        (1,) of `VOLATILITY`, changed in place.
    settings
        (1,) of `VOLATILITY_SETTINGS`.
    bar
        One of `BAR`. `open_time` is in seconds since 1970-01-01 UTC; where it is unknown or goes back, nothing is learned and
        nothing forecast.
    low, high, close
        Logarithms of the bar's.

    Notes
    -----
    The forecasts are NaN for a horizon shorter than a bar, and until a whole period has followed on 31 days of bars: for 61
    to 91 days. A hole's return and variance are spread evenly over it; after one of more than 720 steps the windows fill anew.
    """
    memory, known = state[0], settings[0]
    previous = math.log(bar.open) if math.isnan(memory.close) else memory.close
    span = max(high, previous) - min(low, previous)
    memory.forecasts[0], memory.forecasts[1] = math.nan, math.nan
    seconds = bar.open_time + known.bar_seconds
    steps = math.floor(seconds / known.step_seconds)
    if known.known[1] == 0 or not memory.step <= steps < 1e15:
        return
    memory.present = min(memory.present + int(min(_PARKINSON * span * span, 1.0) / _UNIT), _MOST)
    ended, row = int(steps) - memory.step, 0
    if ended > _MOST_STEPS:
        _begin(memory, int(steps))
        ended = 0
    memory.close, share = close, memory.present // max(ended, 1)
    for index in range(1, max(ended, 1) + 1):
        elapsed = seconds / known.step_seconds - steps
        if ended > 0:
            _end_step(memory, known.windows, share, previous + (close - previous) * (index / ended))
            seconds, elapsed = memory.step * known.step_seconds, 0.0
        if memory.seen >= known.windows[3]:
            row = (memory.step + (1 if ended == 0 else 0)) & _DAY_LAST
            _write_row(memory, known, row, seconds, elapsed)
        if ended > 0:
            _learn(memory, known, seconds)
    if memory.seen >= known.windows[3] and memory.sum.factor[0, 0] > 0.0:
        _forecast(memory, known, row)
