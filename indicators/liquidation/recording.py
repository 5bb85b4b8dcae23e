"""The map as it stood after some bars: density and clusters, kept for whoever measures or draws what it knew."""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.clusters import MAX_CLUSTERS
from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import Model, State, initial_state
from indicators.liquidation.position_map import BEFORE, BEHIND
from indicators.liquidation.snapshot import CLUSTER, SNAPSHOT
from indicators.liquidation.step import run_bars


class HeatmapRecord(NamedTuple):
    """The map and its clusters as they stood after some bars.

    Attributes
    ----------
    snapshots
        (n,) of `SNAPSHOT`, of all bars.
    ends
        (rows,) int64 indices of the recorded bars.
    positions
        (rows,) the close of each in bins.
    density
        (rows, 2, bins) float32 base coin per bin, longs below and shorts above the close, outward from it. The first is
        the part of the close's own bin that lies beyond the close; row r depends on bars[: ends[r] + 1] alone.
    counts
        (rows, 2) int64 significant clusters by side.
    clusters
        (rows, 2, `MAX_CLUSTERS`, 4) float32 centre, low, high (quote per base) and size (base coin); the first `counts` are valid.
    """

    snapshots: np.ndarray
    ends: np.ndarray
    positions: np.ndarray
    density: np.ndarray
    counts: np.ndarray
    clusters: np.ndarray


@allocation_free
def record_bars(
    state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, ends: np.ndarray, positions: np.ndarray,
    density: np.ndarray, counts: np.ndarray, clusters: np.ndarray,
) -> None:  # fmt: skip
    """Do the work of `record_heatmap` in one compiled loop, into arrays that the caller made."""
    memory = state.memory[0]
    done = int(np.int64(0))  # a plain 0 has a type of its own, for which all would be compiled again
    for row in range(len(ends)):
        run_bars(state, model, bars, snapshots, done, ends[row] + 1)
        done, positions[row] = ends[row] + 1, memory.position
        for side in range(2):
            for column in range(density.shape[2]):
                density[row, side, column] = memory.level * state.density[side, BEFORE + column]
            counts[row, side] = memory.clusters[side]
            for place in range(counts[row, side]):
                found, kept = state.clusters[side, place], clusters[row, side, place]
                low, high = (-found.high, -found.low) if side == LONG else (found.low, found.high)
                kept[0], kept[3] = found.price, found.size
                kept[1], kept[2] = memory.close * math.exp(low), memory.close * math.exp(high)
    run_bars(state, model, bars, snapshots, done, len(bars))


def record_heatmap(model: Model, bars: np.ndarray, ends: np.ndarray | None = None) -> HeatmapRecord:
    """Take many bars through the model and keep map and clusters after some of them.

    Parameters
    ----------
    model
        From `build_model`.
    bars
        (n,) of `BAR`, in order.
    ends
        (rows,) ascending indices of the bars after which to keep it; after each by default.
    """
    state, snapshots = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT)
    ends = np.arange(len(bars)) if ends is None else np.asarray(ends, dtype=np.int64)
    bins = state.density.shape[1] - BEFORE - BEHIND
    record = HeatmapRecord(
        snapshots, ends, np.zeros(len(ends)), np.zeros((len(ends), 2, bins), dtype=np.float32),
        np.zeros((len(ends), 2), dtype=np.int64), np.zeros((len(ends), 2, MAX_CLUSTERS, 4), dtype=np.float32),
    )  # fmt: skip
    record_bars(state, model, bars, *record)
    return record


def density_by_price(state: State, model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bin centres (quote per base, ascending), long and short density (base coin per bin) around the last close.

    The close's own bin is in it once: its longs are those below the close, its shorts those above.
    """
    settings, memory = model.settings[0], state.memory[0]
    bins = state.density.shape[1] - BEFORE - BEHIND
    row = memory["level"] * state.density[:, BEFORE : BEFORE + bins]
    close_bin = math.floor(memory["position"])
    places = np.arange(close_bin - bins + 1, close_bin + bins)
    prices = np.exp((places + 0.5 + settings["grid_phase"]) * settings["bin_width"])
    longs, shorts = np.zeros(len(places)), np.zeros(len(places))
    longs[:bins], shorts[bins - 1 :] = row[LONG, ::-1], row[SHORT]
    return prices, longs, shorts


def significant_clusters(state: State) -> np.ndarray:
    """Return the significant clusters at the last close, (n,) of `CLUSTER`, by magnitude, largest first."""
    memory, sides = state.memory[0], []
    for side, sign in ((LONG, -1.0), (SHORT, 1.0)):
        found = state.clusters[side, : memory["clusters"][side]]
        made = np.zeros(len(found), dtype=CLUSTER)
        edges = memory["close"] * np.exp(sign * np.array([found["low"], found["high"]]))
        made["price"], made["low"], made["high"] = found["price"], edges.min(axis=0), edges.max(axis=0)
        made["short_size" if side else "long_size"] = made["magnitude"] = found["size"]
        made["magnitude_usd"] = found["size"] * found["price"]
        made["distance"], made["side"] = found["price"] / memory["close"] - 1.0, -sign
        sides.append(made)
    both = np.concatenate(sides)
    return both[np.argsort(-both["magnitude"], kind="stable")]
