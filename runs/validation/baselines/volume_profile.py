"""The volume profile with a leverage kernel: where positions would be liquidated if every trade opened one and none were."""

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.kernel import LONG, Kernel, build_kernel
from indicators.liquidation.model import Model, State, build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import BEFORE, BEHIND, decay, deposit, mass_between, place, read
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import adverse_extremes

_PLACES = np.dtype([(name, np.float64) for name in ("low", "high", "close", "lowest", "highest")])
"""A bar's prices and adverse extremes, log price in bins."""


@allocation_free
def profile_bars(
    state: State,
    model: Model,
    volume: np.ndarray,
    places: np.ndarray,
    every: int,
    forecast: np.ndarray,
    maps: np.ndarray,
) -> None:
    """Write what each bar reaches into `forecast` (n, 2), lay its volume, and write every `every`-th map into `maps`."""
    close, reach = places[0].close, int(model.settings[0].reach)
    for bar in range(len(volume)):
        for side in range(2):
            sign, extreme = (-1.0, places[bar].lowest) if side == LONG else (1.0, places[bar].highest)
            start = sign * close - np.floor(sign * close)
            forecast[bar, side] = mass_between(state.density, side, start, start, start + sign * (extreme - close))[0]
        close = places[bar].close
        decay(state.positions, model.ages)
        for side in range(2):
            sign = -1.0 if side == LONG else 1.0
            one, other, position = sign * places[bar].low, sign * places[bar].high, sign * close
            place(state.positions, side, position, reach, bar == 0)
            for age in range(len(model.ages)):
                opened = volume[bar] * model.ages[age].opened
                low, high = min(one, other, position), max(one, other, position)
                deposit(state.positions, model.kernel, side, age, opened, low, high, position)
            read(state.positions, side, position, state.density)
            if (bar + 1) % every == 0:
                for column in range(maps.shape[2]):
                    maps[bar // every, side, column] = state.density[side, BEFORE + column]


def _run(
    bars: np.ndarray, parameters: ModelParameters, bar_seconds: float, every: int
) -> tuple[np.ndarray, np.ndarray]:
    model = build_model(parameters, bar_seconds)
    state, places, extremes = initial_state(model), np.zeros(len(bars), dtype=_PLACES), adverse_extremes(bars)
    prices = (bars["low"], bars["high"], bars["close"], extremes[:, 0], extremes[:, 1])
    for name, values in zip(_PLACES.names or (), prices, strict=True):
        places[name] = np.log(values) / parameters.bin_width
    forecast, bins = np.zeros((len(bars), 2)), state.density.shape[1] - BEFORE - BEHIND
    maps = np.zeros((len(bars) // every, 2, bins))
    profile_bars(state, model, np.ascontiguousarray(bars["volume"]), places, every, forecast, maps)
    return forecast, maps


def profile_maps(bars: np.ndarray, parameters: ModelParameters, bar_seconds: float, every: int) -> np.ndarray:
    """Return (n // every, 2, window bins) what the volume profile puts outward from each `every`-th close of (n,) `BAR`."""
    return _run(bars, parameters, bar_seconds, every)[1]


def volume_profile(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in a volume profile with a leverage kernel that nothing wipes, any unit.

    Notes
    -----
    The model's own map with each bar's volume in place of a constant share, and without a sweep. It knows where trades took
    place and how far leverage liquidates, but not which of those levels price has already been to.
    """
    return _run(dataset.bars, dataset.parameters, dataset.bar_seconds, len(dataset.bars) + 1)[0]


def kernel_share(dataset: Dataset, distances: np.ndarray) -> np.ndarray:
    """Return (n, 2) the share of positions entered at the last close that an excursion (n, 2; log price) liquidates."""
    kernel: Kernel = build_kernel(dataset.parameters)
    rows = kernel.running[:, kernel.margin : kernel.margin + kernel.reach + 1]
    middles = np.concatenate([[0.0], np.arange(rows.shape[1]) + 0.5])  # H(m) is the mean of F between m and m + 1
    bins = distances / dataset.bin_width
    return np.stack([np.interp(bins[:, side], middles, np.append(0.0, rows[side])) for side in range(2)], axis=1)
