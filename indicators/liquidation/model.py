"""The model ready to run: its grid and settings, and the state that it carries from bar to bar."""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.book import Book, copy_book, empty_book
from indicators.liquidation.calibration import nothing_learned
from indicators.liquidation.clusters import MOST, empty_clusters
from indicators.liquidation.domain import as_record
from indicators.liquidation.grid import Grid, build_grid
from indicators.liquidation.parameters import MAX_TIERS, POPULATIONS, THRESHOLD_KINDS, ModelParameters
from indicators.liquidation.signals import empty_levels

SECONDS_PER_HOUR = 3600.0
SHARE, USD, QUANTILE = (float(number) for number in range(3))
"""Numbers of `THRESHOLD_KINDS` in the settings."""

HOURS_PER_DAY = 24.0  # crypto trades round the clock, 365 days a year

MEMORY = np.dtype(
    [
        ("bar", np.float64),  # bars seen
        ("close", np.float64),  # last close; NaN before the first bar
        ("variance", np.float64),  # EWMA of squared log returns
        ("average_range", np.float64),  # EWMA of the true range, quote
        ("average_volume", np.float64),  # base coin a bar: plain mean at first, then by the calibration's half-life
        ("open_interest", np.float64),  # last known, base coin
        ("funding_rate", np.float64),  # last settled
        ("phase", np.float64),
        ("phase_direction", np.float64),
        ("phase_reference", np.float64),
        ("phase_lowest", np.float64),
        ("phase_quiet_bars", np.float64),
        ("long_usd", np.float64),  # liquidated within 24 hours
        ("short_usd", np.float64),
        ("volume", np.float64),  # traded within 24 hours, base coin
        ("clusters_below", np.int64),  # how many significant clusters stood at the last close
        ("clusters_above", np.int64),
    ]
)
"""What the state remembers besides the book; NaN says not known yet."""

DAY = np.dtype(
    [("long_usd", np.float64), ("short_usd", np.float64), ("volume", np.float64)],
)
"""One bar's place in the ring of the last 24 hours."""


class Model(NamedTuple):
    """A set of parameters, worked out for bars of one length.

    Attributes
    ----------
    grid
        Bins, tiers and kernels.
    settings
        (1,) record of all numeric parameters, with lengths in bars beside those in hours.
    prior
        (1,) of `LEARNED`: what the state knows of the mixture before the first report.
    """

    grid: Grid
    settings: np.ndarray
    prior: np.ndarray


class State(NamedTuple):
    """All that the model carries from one bar to the next.

    Attributes
    ----------
    book
        Open size by side, tier and liquidation price.
    clusters
        (2, most) significant clusters at this bar's close, outward by side; the memory says how many are valid.
    levels
        (2, most) post-wipe supports and resistances.
    day
        Ring of the last 24 hours' bars.
    memory
        (1,) of `MEMORY`.
    outward
        (2, bins) density by distance from this bar's close, base coin.
    learned
        (1,) of `LEARNED`: the mixture, and what is known of the feed.
    smoothed, spans, sizes, opened
        (bins,), (most, 2), (tiers, 2) and (populations,): room to work in, so that no bar allocates any; nothing in them lasts.
    """

    book: Book
    clusters: np.ndarray
    levels: np.ndarray
    day: np.ndarray
    memory: np.ndarray
    outward: np.ndarray
    learned: np.ndarray
    smoothed: np.ndarray
    spans: np.ndarray
    sizes: np.ndarray
    opened: np.ndarray


def build_model(parameters: ModelParameters, bar_seconds: float) -> Model:
    """Work out a set of parameters for bars of `bar_seconds` (> 0).

    Raises
    ------
    ValueError
        For a bar length that is not positive.
    """
    if not bar_seconds > 0.0:
        raise ValueError(f"bar_seconds = {bar_seconds} must be positive")
    bars_per_hour = SECONDS_PER_HOUR / bar_seconds
    derived = {
        "bar_seconds": float(bar_seconds),
        "threshold_kind": float(THRESHOLD_KINDS.index(parameters.cluster_threshold_kind)),
        "bars_per_day": max(1.0, round(bars_per_hour * HOURS_PER_DAY)),
        "bars_per_hour": max(1.0, round(bars_per_hour)),
        "holders_half_life_bars": parameters.half_life_hours * parameters.half_life_spread * bars_per_hour,
        "traders_half_life_bars": parameters.half_life_hours / parameters.half_life_spread * bars_per_hour,
        "level_age_bars": parameters.level_age_days * HOURS_PER_DAY * bars_per_hour,
        "trigger_bars": parameters.trigger_hours * bars_per_hour,
        "steady_bars": parameters.steady_hours * bars_per_hour,
        "recovery_bars": parameters.recovery_hours * bars_per_hour,
        "warmup_bars": parameters.warmup_hours * bars_per_hour,
        "volatility_weight": 1.0 - 0.5 ** (1.0 / (parameters.volatility_half_life_hours * bars_per_hour)),
        "calibration_kept": 0.5 ** (1.0 / (parameters.calibration_half_life_hours * bars_per_hour)),
        "calibration_prior_bars": parameters.calibration_prior_hours * bars_per_hour,
        "window_bins": float(math.ceil(parameters.cluster_window / parameters.bin_width)),
    }
    record = as_record(parameters)
    layout = record.dtype.descr + [(name, "<f8") for name in derived]
    settings = np.array([tuple(record) + tuple(derived.values())], dtype=layout)
    return Model(build_grid(parameters), settings, nothing_learned(parameters))


def initial_state(model: Model) -> State:
    """Return the state before the first bar: an empty book, nothing known."""
    settings = model.settings[0]
    memory = np.zeros(1, dtype=MEMORY)
    for name in (
        "close",
        "variance",
        "average_range",
        "open_interest",
        "funding_rate",
        "phase_reference",
        "phase_lowest",
    ):
        memory[name] = np.nan
    return State(
        book=empty_book(model.grid),
        clusters=np.stack([empty_clusters(), empty_clusters()]),
        levels=empty_levels(),
        day=np.zeros(int(settings["bars_per_day"]), dtype=DAY),
        memory=memory,
        outward=np.zeros((2, int(settings["window_bins"]))),
        learned=model.prior.copy(),
        smoothed=np.zeros(int(settings["window_bins"])),
        spans=np.zeros((MOST, 2), dtype=np.int64),
        sizes=np.zeros((MAX_TIERS, 2)),
        opened=np.zeros(POPULATIONS),
    )


def copy_state(state: State) -> State:
    """Return an independent copy: stepping either leaves the other as it is."""
    return State(copy_book(state.book), *(array.copy() for array in state[1:]))


def copy_into(source: State, target: State) -> None:
    """Make `target` equal to `source` without making new arrays; both must come from the same model."""
    for ours, theirs in zip((*target.book, *target[1:]), (*source.book, *source[1:]), strict=True):
        np.copyto(ours, theirs)
