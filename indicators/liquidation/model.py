"""The model ready to run: its kernel and settings, and the state that it carries from bar to bar."""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.cascade_phase import PHASE
from indicators.liquidation.clusters import FOUND, MAX_CLUSTERS, SPAN
from indicators.liquidation.kernel import MAX_DISTANCE, Kernel, build_kernel
from indicators.liquidation.parameter_fields import as_record
from indicators.liquidation.parameters import THRESHOLD_KINDS, ModelParameters
from indicators.liquidation.position_map import BEFORE, BEHIND, PositionMap, empty_map
from indicators.liquidation.volatility import initial_volatility, volatility_settings
from indicators.liquidation.wipes import DAY, empty_levels

SECONDS_PER_HOUR = 3600.0
SHARE, USD, QUANTILE = (float(number) for number in range(3))
"""Numbers of `THRESHOLD_KINDS` in the settings."""

HOURS_PER_DAY = 24.0  # crypto trades round the clock, 365 days a year

SWEPT_MOVES = (0.02, 0.05, 0.10)
"""Moves of the price whose swept share every snapshot tells."""

AGE = np.dtype([("growth", np.float64), ("opened", np.float64)])
"""One half-life, a bar: the growth of the unit, 1 / g, and the share of all positions that opens, share x (1 - g)."""

MOVED = np.dtype(
    [
        ("position", np.float64),  # the close, bins
        ("shares", np.float64, (2,)),  # of all positions that the bar swept, by side
        ("centres", np.float64, (2,)),  # their mean position, in the side's own bins; NaN where nothing was swept
        ("forecasts", np.float64, (2,)),  # of volatility
    ]
)
"""What a bar did to the map, and what is forecast at its close: the same for every reading of the map."""

MEMORY = np.dtype(
    [
        ("bar", np.float64),  # bars seen
        ("close", np.float64),  # last close; NaN before the first bar
        ("position", np.float64),  # last close, bins
        ("variance", np.float64),  # EWMA of squared log returns
        ("atr", np.float64),  # EWMA of the true range, quote
        ("average_volume", np.float64),  # base coin a bar
        ("level", np.float64),  # base coin that a side's shares are shares of
        ("open_interest", np.float64),  # last known, base coin
        ("break_bar", np.float64),  # last bar in which its series changed
        ("funding_rate", np.float64),  # last settled
        ("phase", PHASE),
        ("magnet", np.float64),
        ("swept", np.float64, (2,)),  # base coin that the last bar swept, by side
        ("moved", MOVED),
        ("wiped_usd", np.float64, (2,)),  # what it wiped, as reported where that is known
        ("branching_ratio", np.float64, (2,)),
        ("shares", np.float64, (2, len(SWEPT_MOVES))),  # of all positions within these moves of the last close
        ("risk", np.float64, (2,)),
        ("fallen", np.int64, (2,)),  # clusters that the last bar reached, by side (`step`)
        ("clusters", np.int64, (2,)),  # how many significant ones stood at the last close, by side
    ]
)
"""What the state remembers besides the map; NaN says not known yet."""

_UNKNOWN = ("close", "position", "variance", "open_interest", "break_bar", "funding_rate", "magnet")


class Model(NamedTuple):
    """A set of parameters, worked out for bars of one length.

    Attributes
    ----------
    kernel
        Where new positions will be liquidated.
    ages
        (half-lives,) of `AGE`.
    settings
        (1,) record of all numeric parameters, with lengths in bars beside those in hours.
    volatility
        (1,) of `VOLATILITY_SETTINGS`.
    """

    kernel: Kernel
    ages: np.ndarray
    settings: np.ndarray
    volatility: np.ndarray


class State(NamedTuple):
    """All that the model carries from one bar to the next.

    Attributes
    ----------
    positions
        The map.
    density
        (2, bins) shares outward from the last close (`position_map.read`).
    smoothed, spans
        Workspace of the extraction.
    clusters
        (2, `MAX_CLUSTERS`) of `FOUND`, longs below then shorts above, outward.
    levels
        (2, `MAX_LEVELS`) of `LEVEL`, supports then resistances.
    day
        (bars a day + 3,) of `DAY`.
    hour
        (2, bars an hour) quote wiped by side, a ring.
    hour_swept
        (2, bars an hour) shares swept by side since the phase last counted them, a ring.
    memory
        (1,) of `MEMORY`.
    volatility
        (1,) of `VOLATILITY`.
    """

    positions: PositionMap
    density: np.ndarray
    smoothed: np.ndarray
    spans: np.ndarray
    clusters: np.ndarray
    levels: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    hour_swept: np.ndarray
    memory: np.ndarray
    volatility: np.ndarray


def model_settings(parameters: ModelParameters, bar_seconds: float, grid_phase: float = 0.0) -> np.ndarray:
    """Return (1,) record of all numeric parameters, with lengths in bars beside those in hours; arguments as of `build_model`."""
    if not bar_seconds > 0.0:
        raise ValueError(f"bar_seconds = {bar_seconds} must be positive")
    bars_per_hour = SECONDS_PER_HOUR / bar_seconds
    derived = {
        "bar_seconds": float(bar_seconds),
        "grid_phase": grid_phase,
        "threshold_kind": float(THRESHOLD_KINDS.index(parameters.cluster_threshold_kind)),
        "bars_per_hour": bars_per_hour,
        "bars_per_day": bars_per_hour * HOURS_PER_DAY,
        "half_life_bars": max(parameters.half_life_hours) * bars_per_hour,
        "level_age_bars": parameters.level_age_days * HOURS_PER_DAY * bars_per_hour,
        "trigger_bars": parameters.trigger_hours * bars_per_hour,
        "steady_bars": parameters.steady_hours * bars_per_hour,
        "recovery_bars": parameters.recovery_hours * bars_per_hour,
        "warmup_bars": parameters.warmup_hours * bars_per_hour,
        "volatility_weight": 1.0 - 0.5 ** (1.0 / (parameters.volatility_half_life_hours * bars_per_hour)),
        "turnover_weight": 1.0 - 0.5 ** (1.0 / (parameters.turnover_half_life_hours * bars_per_hour)),
        "reach": float(math.ceil(MAX_DISTANCE / parameters.bin_width)),
        "window": parameters.cluster_window / parameters.bin_width,
    }
    record = as_record(parameters)
    names = [name for name in record.dtype.names if record.dtype[name].shape == ()]
    settings = np.zeros(1, dtype=[*((name, np.float64) for name in (*names, *derived)), ("away", np.float64, (2, 3))])
    for name, value in (*((name, record[name]) for name in names), *derived.items()):
        settings[name] = value
    settings["away"] = np.abs(np.log1p(np.outer([-1.0, 1.0], SWEPT_MOVES))) / parameters.bin_width
    return settings


def build_model(
    parameters: ModelParameters,
    bar_seconds: float,
    *,
    grid_phase: float = 0.0,
    lowest_leverage: float = 0.0,
    highest_leverage: float = math.inf,
) -> Model:
    """Work out a set of parameters for bars of `bar_seconds` (> 0).

    Parameters
    ----------
    parameters
        From which everything follows.
    bar_seconds
        Length of a bar.
    grid_phase
        Where in a bin (0 .. 1) price 1 lies; no answer should depend on it.
    lowest_leverage, highest_leverage
        Only positions with leverage in [lowest, highest): the map of one group.

    Raises
    ------
    ValueError
        For a bar length that is not positive.
    """
    settings = model_settings(parameters, bar_seconds, grid_phase)
    bars_per_hour = settings["bars_per_hour"][0]
    ages = np.zeros(len(parameters.half_life_hours), dtype=AGE)
    ages["growth"] = 2.0 ** (1.0 / (np.array(parameters.half_life_hours) * bars_per_hour))
    ages["opened"] = np.array(parameters.half_life_shares) * (1.0 - 1.0 / ages["growth"])
    kernel = build_kernel(parameters, lowest_leverage, highest_leverage)
    return Model(kernel, ages, settings, volatility_settings(bar_seconds))


def initial_memory() -> np.ndarray:
    """Return what is remembered before the first bar, (1,) of `MEMORY`: nothing."""
    memory = np.zeros(1, dtype=MEMORY)
    for name in _UNKNOWN:
        memory[name] = np.nan
    memory["phase"]["reference"] = memory["phase"]["lowest"] = np.nan
    return memory


def initial_state(model: Model) -> State:
    """Return the state before the first bar: an empty map, nothing known."""
    settings = model.settings[0]
    bins = math.ceil(settings["window"]) + 1  # the window begins within a bin
    return State(
        positions=empty_map(float(settings["bin_width"]), len(model.ages)),
        density=np.zeros((2, BEFORE + bins + BEHIND)),
        smoothed=np.zeros(BEFORE + bins + BEHIND),
        spans=np.zeros(MAX_CLUSTERS + 1, dtype=SPAN),
        clusters=np.zeros((2, MAX_CLUSTERS), dtype=FOUND),
        levels=empty_levels(),
        day=np.zeros(max(1, round(settings["bars_per_day"])) + 3, dtype=DAY),
        hour=np.zeros((2, max(1, round(settings["bars_per_hour"])))),
        hour_swept=np.zeros((2, max(1, round(settings["bars_per_hour"])))),
        memory=initial_memory(),
        volatility=initial_volatility(),
    )


def copy_state(state: State) -> State:
    """Return an independent copy: stepping either leaves the other as it is."""
    return State(PositionMap(*(array.copy() for array in state.positions)), *(array.copy() for array in state[1:]))


def copy_into(source: State, target: State) -> None:
    """Make `target` equal to `source` without making new arrays; both must come from the same model."""
    for ours, theirs in zip((*target.positions, *target[1:]), (*source.positions, *source[1:]), strict=True):
        np.copyto(ours.view(np.uint8), theirs.view(np.uint8))  # as bytes: numpy would copy records field by field
