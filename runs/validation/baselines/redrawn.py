"""The signals of a map that was put in the place of the model's: what the core would say if it stood there."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.kernel import LONG
from indicators.liquidation.model import Model, State, build_model, initial_state
from indicators.liquidation.position_map import BEFORE
from indicators.liquidation.snapshot_writer import write_clusters, write_levels
from indicators.liquidation.wipes import drop_levels, record_level
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import adverse_extremes


def redrawn_snapshots(dataset: Dataset, density: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Return the snapshots with magnet, cascade risk and levels of another map; the core's own functions make them.

    Parameters
    ----------
    dataset
        The market, and the snapshots that give everything but the signals.
    density
        (n, 2, bins) the map that replaces the model's, of any unit: it is scaled to the model's total.
    lost
        (n, 2) what each bar swept of it. As many bars leave levels as did by the model.

    Notes
    -----
    Warm-up, phases, volatility and turnover stay the model's. Without open interest a side's whole map is the level.
    """
    snapshots, model = dataset.snapshots.copy(), build_model(dataset.parameters, dataset.bar_seconds)
    total = float(density.sum(dtype=np.float64))
    scale = float(dataset.density.sum(dtype=np.float64)) / total if total > 0.0 else 0.0
    scaled, sizes = density * scale, lost * scale * dataset.bars["close"][:, None]
    known = snapshots["open_interest"]
    level = np.where(known > 0.0, known, np.maximum(scaled.sum(axis=2).max(axis=1), 1e-300))
    least = np.array([_threshold(dataset, sizes[:, side], name) for side, name in enumerate(("support", "resistance"))])
    positions = np.log(dataset.bars["close"]) / dataset.bin_width
    redraw(
        initial_state(model), model, snapshots, scaled.astype(np.float64), level, positions,
        adverse_extremes(dataset.bars), sizes, least,
    )  # fmt: skip
    return snapshots


@allocation_free
def redraw(
    state: State, model: Model, snapshots: np.ndarray, density: np.ndarray, level: np.ndarray, positions: np.ndarray,
    extremes: np.ndarray, sizes: np.ndarray, least: np.ndarray,
) -> None:  # fmt: skip
    """Write the clusters, the signals on them and the levels of (n, 2, bins) maps into (n,) snapshots."""
    memory, settings = state.memory[0], model.settings[0]
    tolerance = settings.level_tolerance
    for row in range(len(snapshots)):
        view, close = snapshots[row], snapshots[row].close
        memory.bar, memory.position, memory.level, memory.variance = row, positions[row], level[row], view.volatility**2
        state.day[len(state.day) - 1].volume = view.volume_24h
        for side in range(2):
            for column in range(density.shape[2]):
                state.density[side, BEFORE + column] = density[row, side, column] / level[row]
            drop_levels(state.levels, side, close, tolerance, row - settings.level_age_bars)
            sign, price, size = 1.0 if side == LONG else -1.0, extremes[row, side], sizes[row, side]
            if size > 0.0 and size >= least[side] and sign * (close - price) >= -tolerance * price:
                record_level(state.levels, side, price, size, float(row), False, settings.bars_per_hour)
        write_clusters(state, model, view, close)
        write_levels(state.levels, view)


def _threshold(dataset: Dataset, sizes: np.ndarray, name: str) -> float:
    """Return the size beyond which as many bars wiped as made a level by the model."""
    made = dataset.snapshots[f"{name}_bar"]
    count = len(np.unique(made[~np.isnan(made)]))
    return float(np.sort(sizes)[-count]) if 0 < count <= len(sizes) else math.inf
