"""Maps that lack one thing, and maps that must know nothing: the baselines and placebos of the claims."""

from dataclasses import replace

import numpy as np

from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.step import run
from runs.validation.baselines.redrawn import redrawn_snapshots
from runs.validation.dataset import MODEL_FIELDS, REPORT_FIELDS, RESPONSE_FIELDS, Dataset, expected_sizes
from runs.validation.measures.reach import price_bins, reached_bins, swept

_LEVELS = 50
_LEVEL_SPAN = 0.2  # log price each side


def path_only(dataset: Dataset, parameters: ModelParameters | None = None) -> np.ndarray:
    """Return (n, 2) the forecast of the same model that sees prices and reports alone."""
    return _forecast(dataset, path_bars(dataset.bars), parameters or dataset.parameters)


def path_bars(bars: np.ndarray) -> np.ndarray:
    """Return the bars (n,) without open interest, and with the same volume in each of them."""
    bars = bars.copy()
    bars["open_interest"], bars["open_interest_break"], bars["volume"] = np.nan, 0.0, 1.0
    bars["taker_buy_volume"] = bars["long_short_ratio"] = np.nan
    return bars


def flat_mixture(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the same model with an equal share of every leverage."""
    return _forecast(dataset, dataset.bars, equal_mixture(dataset.parameters))


def equal_mixture(parameters: ModelParameters) -> ModelParameters:
    """Return the parameters with an equal share of every leverage, which nothing changes."""
    count = len(parameters.leverage_weights)
    return fixed_mixture(parameters, (1.0 / count,) * count)


def permuted_tiers(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the same model with the leverages' shares in the opposite order."""
    return _forecast(dataset, dataset.bars, reversed_mixture(dataset.parameters))


def reversed_mixture(parameters: ModelParameters) -> ModelParameters:
    """Return the parameters with the leverages' shares in the opposite order."""
    return fixed_mixture(parameters, parameters.leverage_weights[::-1])


def fixed_mixture(parameters: ModelParameters, weights: tuple[float, ...]) -> ModelParameters:
    """Return the parameters with a mixture that no report changes."""
    return replace(parameters, leverage_weights=weights, calibrate=False)


def shifted_flow(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) the forecast of the same model on the true path with volume and open interest of another time.

    The series are turned by half of the data, which is as far from the truth as a circle allows; where the ends meet,
    open interest has a break.
    """
    bars, by = dataset.bars.copy(), len(dataset.bars) // 2
    for name in ("volume", "open_interest", "open_interest_break", "taker_buy_volume", "long_short_ratio"):
        bars[name] = np.roll(dataset.bars[name], by)
    bars["open_interest_break"][by] = 1.0
    return _forecast(dataset, bars, dataset.parameters)


def _forecast(dataset: Dataset, bars: np.ndarray, parameters: ModelParameters) -> np.ndarray:
    return expected_sizes(run(build_model(parameters, dataset.bar_seconds), bars))


def average_map(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the mean of all earlier maps by distance: knows distance, and nothing of today."""
    return swept(average_profile(dataset), reached_bins(dataset))


def average_profile(dataset: Dataset) -> np.ndarray:
    """Return (n, 2, bins) the mean of all maps up to each bar, by distance from the close."""
    counts = np.arange(1, len(dataset.outward) + 1)[:, None, None]
    return np.cumsum(dataset.outward, axis=0, dtype=np.float64) / counts


def time_shifted(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the map of another time: turned by half of the data, laid at today's price."""
    return swept(shifted_maps(dataset), reached_bins(dataset))


def shifted_maps(dataset: Dataset) -> np.ndarray:
    """Return the maps (n, 2, bins) turned by half of the data, each with the day's own distances from the close."""
    return np.roll(dataset.outward, len(dataset.outward) // 2, axis=0)


def side_swapped(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in the map of the other side, mirrored at the close."""
    return swept(dataset.outward[:, ::-1], reached_bins(dataset))


def random_levels(dataset: Dataset, seed: int = 0) -> Dataset:
    """Return the dataset with its map replaced by 50 random levels of one coin, drawn anew each day around its first close.

    Such levels score an F1 of 93 % by the measure that a public backtest of a liquidation map uses; here they must be
    validated on nothing, neither its forecast nor the signals that the core reads off them.
    """
    random, width, days = np.random.default_rng(seed), dataset.bin_width, dataset.days
    closes = price_bins(dataset.bars["close"], width)
    outward, bins = np.zeros_like(dataset.outward), dataset.outward.shape[2]
    for day in np.unique(days):
        rows = np.flatnonzero(days == day)
        levels = closes[rows[0]] + np.floor(random.uniform(-_LEVEL_SPAN, _LEVEL_SPAN, _LEVELS) / width).astype(np.int64)
        for row in rows:
            for side, indices in enumerate((closes[row] - 1 - levels, levels - closes[row] - 1)):
                np.add.at(outward[row, side], indices[(indices >= 0) & (indices < bins)], 1.0)
    lost = swept(outward, reached_bins(dataset))
    snapshots = redrawn_snapshots(dataset, outward, lost)
    for side in range(2):
        # Levels learn nothing of a feed: what they expect is what they are.
        for name in (MODEL_FIELDS[side], REPORT_FIELDS[side]):
            snapshots[name] = lost[:, side]
        snapshots[RESPONSE_FIELDS[side]] = 1.0
    return replace(dataset, outward=outward, snapshots=snapshots)
