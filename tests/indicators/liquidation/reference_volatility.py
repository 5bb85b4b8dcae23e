"""The forecast of volatility, slowly: whole arrays, and numpy's least squares on every expanding window."""

import numpy as np

FLOOR, PERIOD_HOURS, SHRINKAGE_HOURS = 1e-10, 720, 720.0


def trailing(values, count):
    """Sums of the last `count` values; NaN before there are as many."""
    sums = np.full(len(values), np.nan)
    sums[count - 1 :] = np.lib.stride_tricks.sliding_window_view(values, count).sum(axis=1)
    return sums


def steps_of(bars, bar_seconds):
    """Variance, log close and end (hours since 1970) of the steps that `bars` fill, the first of them left out."""
    previous = np.r_[bars["open"][0], bars["close"][:-1]]
    span = np.log(np.maximum(bars["high"], previous) / np.minimum(bars["low"], previous))
    seconds = max(3600, bar_seconds)
    step = ((bars["open_time"] + bar_seconds - 1) // seconds).astype(int)
    variance = np.bincount(step - step[0], weights=span**2 / (4.0 * np.log(2.0)))
    last = np.flatnonzero(np.diff(np.r_[step, step[-1] + 1]))
    return variance[1:], np.log(bars["close"][last])[1:], (step[last] + 1)[1:] * (seconds / 3600.0), last[1:]


def features(variance, log_close, ends, hours):
    """(n, 12), NaN where a window is not full."""
    steps = [max(1, round(window / hours)) for window in (4, 24, 168, 720)]
    logs = [np.log(np.maximum(trailing(variance, count) / (count * hours), FLOOR)) for count in steps]
    change = np.full(len(ends), np.nan)
    change[steps[1] :] = 10.0 * (log_close[steps[1] :] - log_close[: -steps[1]])
    angle = 2.0 * np.pi * ends / 24.0
    hours_of_next_day = ends[:, None] + np.arange(24) + 0.5
    weekend = (np.floor(hours_of_next_day / 24.0 + 3.0) % 7 >= 5).mean(axis=1)  # 1970-01-01 was a Thursday
    harmonics = [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    return np.column_stack([np.ones(len(ends)), *logs, change, abs(change), *harmonics, weekend])


def forecasts(bars, bar_seconds):
    """(n steps, 2) standard deviations over the next 4 and 24 hours, and the index of each step's last bar."""
    hours = max(3600, bar_seconds) / 3600.0
    variance, log_close, ends, last = steps_of(bars, bar_seconds)
    rows, answers = features(variance, log_close, ends, hours), np.full((len(ends), 2), np.nan)
    day = max(1, round(24 / hours))
    refits = np.flatnonzero(ends % PERIOD_HOURS == 0)
    for column, horizon in enumerate((4, 24)):
        if bar_seconds > horizon * 3600:
            continue
        count = max(1, round(horizon / hours))
        target = np.log(np.maximum(trailing(variance, count) / (count * hours), FLOOR))
        known = []
        for before, refit, after in zip(refits, refits[1:], [*refits[2:], len(ends)], strict=False):
            learned = np.arange(before + 1, refit + 1) - day
            if learned[0] >= 0 and np.isfinite(rows[learned]).all():
                known.extend(learned)
            if known:
                x, y = rows[known], target[np.add(known, count)]
                strength = np.sqrt(SHRINKAGE_HOURS / hours)
                equal = np.r_[np.full(4, 0.25), np.zeros(7)]
                shrunk = np.vstack([x, np.c_[np.zeros(11), strength * np.eye(11)]])
                weights = np.linalg.lstsq(shrunk, np.r_[y, strength * equal], rcond=None)[0]
                level = np.mean((y - x @ weights) ** 2) / 2.0
                answers[refit:after, column] = np.sqrt(horizon * np.exp(rows[refit:after] @ weights + level))
    return answers, last
