"""What a map puts into the cells around the mark, in the snapshots that are scored."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indicators.liquidation.model import build_model
from indicators.liquidation.recording import record_heatmap
from runs.validation.dataset import Dataset, grid_starts
from runs.validation.measures.cells import cell_shares
from runs.validation.measures.position_sample import PositionSample, Rows

MAP_REACH = 0.7
"""Log price to which maps are read: the widest cells, and a mark that has moved by a tenth since the close."""


def shares_of_maps(datasets: Sequence[Dataset], sample: PositionSample, another_time: bool = False) -> np.ndarray:
    """Return the share of each cell in the map of the last closed bar, (s, cells) for the sample's situations.

    Parameters
    ----------
    datasets
        Those that the sample was made of; each is taken through the model once more, as its own window is too narrow.
    another_time
        A placebo: the maps of half of the data earlier, on a circle, laid at today's mark.
    """
    shares = np.zeros((len(sample.situations), 2 * sample.panel.cells))
    for coin, dataset in enumerate(datasets):
        own = np.flatnonzero(sample.situations["coin"] == coin)
        if not len(own):
            continue
        bars, moved = sample.situations["bar"][own], sample.situations["moved"][own]
        if another_time:
            bars, moved = (bars - len(dataset.bars) // 2) % len(dataset.bars), np.zeros(len(own))
        ends, row = np.unique(bars, return_inverse=True)
        wide = replace(dataset.parameters, cluster_window=MAP_REACH)
        record = record_heatmap(build_model(wide, dataset.bar_seconds), dataset.bars, ends)
        starts = grid_starts(record.positions)
        shares[own] = cell_shares(record.density[row], starts[row], wide.bin_width, moved, sample.panel)
    return shares


def own_average(shares: np.ndarray, sample: PositionSample) -> np.ndarray:
    """Return (s, cells) the mean of each coin's shares over the later half: what its map says of distance, and not of today."""
    average = np.zeros_like(shares)
    for coin in np.unique(sample.situations["coin"]):
        own = sample.situations["coin"] == coin
        average[own] = shares[own & sample.later].mean(axis=0) if (own & sample.later).any() else shares[own]
    return average


def true_profile(sample: PositionSample) -> np.ndarray:
    """Return (s, cells) the share of the earlier half's positions in each cell, one for all coins; even where there are none."""
    rows, cells = sample.earlier_rows, 2 * sample.panel.cells
    counts = np.bincount(rows.cell, weights=rows.weight, minlength=cells)
    profile = counts / counts.sum() if len(rows.cell) else np.full(cells, 1.0 / cells)
    return np.broadcast_to(profile, (len(sample.situations), cells))


def bits(shares: np.ndarray, rows: Rows) -> np.ndarray:
    """Return (n,) how many bits (s, cells) mixed shares know of each position's cell beyond even cells: ``log2(cells q)``."""
    return np.log2(shares.shape[1] * shares[rows.situation, rows.cell])
