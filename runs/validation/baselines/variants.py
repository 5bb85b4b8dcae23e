"""Maps that lack one thing, and maps that must know nothing: the baselines and placebos of the claims."""

from dataclasses import replace

import numpy as np

from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import DISTRIBUTIONS, ModelParameters
from indicators.liquidation.step import run
from runs.validation.baselines.redrawn import redrawn_snapshots
from runs.validation.dataset import MODEL_FIELDS, Dataset, expected_sizes
from runs.validation.measures.reach import by_distance, reached, swept

_LEVELS = 50
_LEVEL_SPAN = 0.2  # log price each side


def path_only(dataset: Dataset, parameters: ModelParameters | None = None) -> np.ndarray:
    """Return (n, 2) the forecast of the same map at a constant level: it sees prices alone."""
    return expected_sizes(path_snapshots(dataset, parameters))


def path_snapshots(dataset: Dataset, parameters: ModelParameters | None = None) -> np.ndarray:
    """Return (n,) of `SNAPSHOT`: what the same map says at a constant level and a constant volume."""
    return _snapshots(dataset, path_bars(dataset.bars), parameters or dataset.parameters)


def path_bars(bars: np.ndarray) -> np.ndarray:
    """Return the bars (n,) without open interest and with the same volume in each: coins are then a constant share."""
    bars = bars.copy()
    bars["open_interest"], bars["open_interest_break"], bars["volume"] = np.nan, 0.0, 1.0
    bars["taker_buy_volume"] = bars["long_short_ratio"] = np.nan
    return bars


def other_kernel(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the same model with the first other leverage distribution."""
    return _forecast(dataset, dataset.bars, with_other_kernel(dataset.parameters))


def with_other_kernel(parameters: ModelParameters) -> ModelParameters:
    """Return the parameters with the first leverage distribution that is not theirs."""
    other = next(name for name in DISTRIBUTIONS if name != parameters.leverage_distribution)
    return replace(parameters, leverage_distribution=other)


def reversed_table(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the listed leverages with their weights in the opposite order."""
    weights = dataset.parameters.leverage_weights[::-1]
    return _forecast(
        dataset, dataset.bars, replace(dataset.parameters, leverage_distribution="tiers", leverage_weights=weights)
    )


def shifted_level(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the same map on the true path at the level of another time.

    The series are turned by half of the data, which is as far from the truth as a circle allows; where the ends meet,
    open interest has a break.
    """
    bars, by = dataset.bars.copy(), len(dataset.bars) // 2
    for name in ("volume", "open_interest", "open_interest_break", "taker_buy_volume", "long_short_ratio"):
        bars[name] = np.roll(dataset.bars[name], by)
    bars["open_interest_break"][by] = 1.0
    return _forecast(dataset, bars, dataset.parameters)


def _forecast(dataset: Dataset, bars: np.ndarray, parameters: ModelParameters) -> np.ndarray:
    return expected_sizes(_snapshots(dataset, bars, parameters))


def _snapshots(dataset: Dataset, bars: np.ndarray, parameters: ModelParameters) -> np.ndarray:
    return run(build_model(parameters, dataset.bar_seconds), bars)


def average_map(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the mean of all earlier maps by distance: knows distance, and nothing of today."""
    return swept(average_profile(dataset), reached(dataset))


def average_profile(dataset: Dataset) -> np.ndarray:
    """Return (n, 2, bins) the mean of all maps up to each bar, by distance from the close."""
    counts = np.arange(1, len(dataset.density) + 1)[:, None, None]
    return np.cumsum(by_distance(dataset.density, dataset.starts), axis=0, dtype=np.float64) / counts


def time_shifted(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the map of another time: turned by half of the data, laid at today's price."""
    return swept(shifted_maps(dataset), reached(dataset))


def shifted_maps(dataset: Dataset) -> np.ndarray:
    """Return the maps (n, 2, bins) by distance from the close, turned by half of the data."""
    return np.roll(by_distance(dataset.density, dataset.starts), len(dataset.density) // 2, axis=0)


def side_swapped(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the map of the other side, mirrored at the close."""
    return swept(dataset.density[:, ::-1], reached(dataset), dataset.starts[:, ::-1])


def random_levels(dataset: Dataset, seed: int = 0) -> Dataset:
    """Return the dataset with its map replaced by 50 random levels of one coin, drawn anew each day around its first close.

    Such levels score an F1 of 93 % by the measure that a public backtest of a liquidation map uses; here they must be
    validated on nothing, neither its forecast nor the signals that the core reads off them.
    """
    random, width, days = np.random.default_rng(seed), dataset.bin_width, dataset.days
    positions = np.log(dataset.bars["close"]) / width
    density, bins = np.zeros_like(dataset.density), dataset.density.shape[2]
    for day in np.unique(days):
        rows = np.flatnonzero(days == day)
        levels = positions[rows[0]] + random.uniform(-_LEVEL_SPAN, _LEVEL_SPAN, _LEVELS) / width
        for row in rows:
            for side, (sign, close) in enumerate(((-1.0, -positions[row]), (1.0, positions[row]))):
                places = sign * levels
                indices = np.floor(places[places > close]).astype(np.int64) - int(np.floor(close))
                np.add.at(density[row, side], indices[indices < bins], 1.0)
    lost = swept(density, reached(dataset), dataset.starts)
    snapshots = redrawn_snapshots(dataset, density, lost)
    for side in range(2):
        snapshots[MODEL_FIELDS[side]] = lost[:, side]
    return replace(dataset, density=density, snapshots=snapshots)
