"""What happens whatever the accounts do: the efficient price, the premium of the perpetual over it, and activity."""

import math
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from datafeeds.simulated.parameters import STEPS, SimulationParameters

_HOURS_PER_YEAR = 8760.0
_PEAK_HOUR = 14.5  # UTC
_FIRST_WEEKDAY, _SATURDAY = 3.0, 5.0  # 1970-01-01 was a Thursday; Monday is 0
_SHOCK_DEGREES = 4  # of freedom of Student's t, for moves within a bar
_BOUNCE_HALF_LIFE_HOURS = 0.2  # assumption: within the hour, so that only neighbouring bars share it


class Exogenous(NamedTuple):
    """Paths that no account can change; rows are bars, from the first of the burn-in.

    Attributes
    ----------
    efficient
        (bars, steps) log efficient price, relative to an arbitrary start.
    premium
        (bars, steps) log of the perpetual over it.
    volatility
        (bars,) standard deviation of a bar's log move.
    activity, pace
        (bars,) rates of opening and of closing over those of a median hour.
    """

    efficient: np.ndarray
    premium: np.ndarray
    volatility: np.ndarray
    activity: np.ndarray
    pace: np.ndarray


def autoregression(noise: np.ndarray, half_life: float, spread: float) -> np.ndarray:
    """Return a first-order autoregression of stationary standard deviation `spread`.

    Parameters
    ----------
    noise
        (bars, steps) independent, unit variance, in the order of time row by row; the first draws the stationary start.
    half_life
        In observations, > 0.

    Returns
    -------
    numpy.ndarray
        (bars, steps).

    Notes
    -----
    All bars go through their steps at once: from zero, to know where each ends, and again from where the one before ended.
    """
    keep = 0.5 ** (1.0 / half_life)
    shocks = noise * (spread * math.sqrt(1.0 - keep * keep))
    shocks[0, 0] = noise[0, 0] * spread
    ends = np.zeros(len(noise))
    for step in range(noise.shape[1]):
        ends = keep * ends + shocks[:, step]
    across = keep ** noise.shape[1]
    levels = np.array(list(accumulate(ends.tolist(), lambda level, end: across * level + end)))
    level = np.concatenate([[0.0], levels[:-1]])
    for step in range(noise.shape[1]):
        level = keep * level + shocks[:, step]
        shocks[:, step] = level
    return shocks


def _log_volatility(
    random: np.random.Generator, bars: int, hours: float, first_hour: float, p: SimulationParameters
) -> np.ndarray:
    noise = random.standard_normal((bars, len(p.volatility_spreads)))
    components = zip(p.volatility_half_lives, p.volatility_spreads, strict=True)
    level = np.zeros(bars)
    for number, (half_life, spread) in enumerate(components):
        level += autoregression(noise[:, number, None], half_life / hours, spread)[:, 0]
    hour = first_hour + hours * np.arange(bars)
    weekend = np.floor(hour / 24.0 + _FIRST_WEEKDAY) % 7.0 >= _SATURDAY
    return level + p.seasonality * np.cos((hour - _PEAK_HOUR) * (math.pi / 12.0)) - p.weekend * weekend


def _efficient(
    random: np.random.Generator,
    jumps: np.random.Generator,
    volatility: np.ndarray,
    hours: float,
    p: SimulationParameters,
) -> np.ndarray:
    bars = len(volatility)
    unit = math.sqrt(_SHOCK_DEGREES / (_SHOCK_DEGREES - 2.0) * STEPS)
    moves = random.standard_t(_SHOCK_DEGREES, (bars, STEPS)) * (volatility / unit)[:, None]
    # Drawn for every bar, whether it jumps or not, and each kind from its own stream: a longer run begins like a shorter one.
    places, sizes = jumps.spawn(2)
    place, size = places.random((bars, 2)), sizes.standard_normal(bars)
    struck = np.flatnonzero(place[:, 0] < p.jumps_per_year * hours / _HOURS_PER_YEAR)
    moves[struck, (place[struck, 1] * STEPS).astype(np.int64)] += p.jump_mean + p.jump_size * size[struck]
    return np.cumsum(moves).reshape(bars, STEPS)


def _premium(random: np.random.Generator, volatility: np.ndarray, hours: float, p: SimulationParameters) -> np.ndarray:
    steps_per_hour = STEPS / hours
    noise = random.standard_normal((len(volatility), STEPS, 2))
    lasting = autoregression(noise[:, :, 0], p.premium_half_life * steps_per_hour, p.premium_spread)
    brief = autoregression(noise[:, :, 1], _BOUNCE_HALF_LIFE_HOURS * steps_per_hour, p.bounce)
    hourly = (volatility / math.sqrt(hours))[:, None]
    return p.premium_mean + lasting + hourly * brief


def exogenous_paths(
    streams: list[np.random.Generator], bars: int, hours: float, first_hour: float, p: SimulationParameters
) -> Exogenous:
    """Return the paths.

    Parameters
    ----------
    streams
        Five generators: volatility, moves, jumps, premium, activity.
    bars, hours
        How many bars (burn-in included), of how many hours.
    first_hour
        Hours since 1970, UTC, at which the first opens.
    """
    level = _log_volatility(streams[0], bars, hours, first_hour, p)
    volatility = p.hourly_volatility * math.sqrt(hours) * np.exp(level)
    noise = streams[4].standard_normal((bars, 1))
    pace = np.exp(p.activity_elasticity * level)
    return Exogenous(
        efficient=_efficient(streams[1], streams[2], volatility, hours, p),
        premium=_premium(streams[3], volatility, hours, p),
        volatility=volatility,
        activity=pace * np.exp(autoregression(noise, p.activity_half_life / hours, p.activity_spread)[:, 0]),
        pace=pace,
    )
