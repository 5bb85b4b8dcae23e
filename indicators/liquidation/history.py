"""The map as it stood after every bar: density by distance, kept for whoever measures what it knew."""

from typing import NamedTuple

import numpy as np

from indicators.liquidation.clusters import MOST
from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.grid import LONG
from indicators.liquidation.model import Model, State, initial_state
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import step


@allocation_free
def record_bars(
    state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, outward: np.ndarray, every: int
) -> None:
    """Do the work of `run_recorded` in one compiled loop, into arrays that the caller made."""
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)
        if (index + 1) % every == 0:
            row = index // every
            for side in range(2):
                for place in range(outward.shape[2]):
                    outward[row, side, place] = state.outward[side, place]


def run_recorded(model: Model, bars: np.ndarray, every: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Take many bars through the model and keep the map after each, or after some.

    Parameters
    ----------
    model
        From `build_model`.
    bars
        (n,) of `BAR`, in order.
    every
        Keep the map after each `every`-th bar (>= 1): after bars every - 1, 2 every - 1, and so on.

    Returns
    -------
    snapshots
        (n,) of `SNAPSHOT`; row t depends on bars[: t + 1] alone.
    outward
        (n // every, 2, window bins) float32: base coin standing in each bin of longs below and shorts above the close of
        the recorded bar, outward from it. Row r depends on bars[: (r + 1) * every] alone.

    Raises
    ------
    ValueError
        For `every` below one.
    """
    if every < 1:
        raise ValueError(f"every = {every} must be at least 1")
    state, snapshots = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT)
    outward = np.zeros((len(bars) // every, *state.outward.shape), dtype=np.float32)
    record_bars(state, model, bars, snapshots, outward, every)
    return snapshots, outward


class Watched(NamedTuple):
    """The map and its clusters as they stood after some bars.

    Attributes
    ----------
    snapshots
        (n,) of `SNAPSHOT`, of all bars.
    ends
        (rows,) int64 indices of the recorded bars; the last is the last bar.
    bins
        (rows,) int64 absolute bin of the close at each.
    outward
        (rows, 2, window bins) float32 base coin per bin, longs below and shorts above that bin, outward from it.
    counts
        (rows, 2) int64 significant clusters by side.
    clusters
        (rows, 2, `MOST`, 4) float32 centre, low and high (quote per base) and size (base coin); the first `counts` are valid.
    """

    snapshots: np.ndarray
    ends: np.ndarray
    bins: np.ndarray
    outward: np.ndarray
    counts: np.ndarray
    clusters: np.ndarray


@allocation_free
def watch_bars(
    state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, ends: np.ndarray, bins: np.ndarray,
    outward: np.ndarray, counts: np.ndarray, clusters: np.ndarray,
) -> None:  # fmt: skip
    """Do the work of `run_watched` in one compiled loop, into arrays that the caller made."""
    row = 0
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)
        if index != ends[row]:
            continue
        bins[row] = state.book.ledger[0].nearest[LONG] + 1
        counts[row, 0], counts[row, 1] = state.memory[0].clusters_below, state.memory[0].clusters_above
        for side in range(2):
            for place in range(outward.shape[2]):
                outward[row, side, place] = state.outward[side, place]
            for place in range(counts[row, side]):
                found = state.clusters[side, place]
                kept = clusters[row, side, place]
                kept[0], kept[1], kept[2], kept[3] = found.price, found.low, found.high, found.magnitude
        row += 1


def run_watched(model: Model, bars: np.ndarray, every: int = 1) -> Watched:
    """Take many bars through the model and keep map and clusters after the last bar and every `every`-th before it.

    Parameters
    ----------
    model
        From `build_model`.
    bars
        (n,) of `BAR`, in order, n >= 1.
    every
        Bars from one record to the next (>= 1).

    Raises
    ------
    ValueError
        For `every` below one.
    """
    if every < 1:
        raise ValueError(f"every = {every} must be at least 1")
    state, snapshots = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT)
    ends = np.arange((len(bars) - 1) % every, len(bars), every)
    bins, counts = np.zeros(len(ends), dtype=np.int64), np.zeros((len(ends), 2), dtype=np.int64)
    outward = np.zeros((len(ends), *state.outward.shape), dtype=np.float32)
    clusters = np.zeros((len(ends), 2, MOST, 4), dtype=np.float32)
    watch_bars(state, model, bars, snapshots, ends, bins, outward, counts, clusters)
    return Watched(snapshots, ends, bins, outward, counts, clusters)
