"""Many readings of one map: what changes only how a map is read shares one pass over the bars.

Bars go through the map in blocks. What every reading needs of a block is worked out once; then each reads it by itself.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from indicators.liquidation.bar_events import take_events
from indicators.liquidation.clusters import (
    FOUND,
    MAX_CLUSTERS,
    SPAN,
    find_spans,
    finds_same_spans,
    smooth,
    weigh_spans,
)
from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.kernel import LONG
from indicators.liquidation.model import MOVED, SWEPT_MOVES, Model, State, build_model, initial_state
from indicators.liquidation.moving import move
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import read
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.snapshot_writer import judge, write_extracted, write_rest, write_shares

MAP = (
    "leverage_distribution",
    "leverages",
    "leverage_weights",
    "maintenance_margin_rate",
    "liquidation_price_spread",
    "half_life_hours",
    "half_life_shares",
    "bin_width",
    "cluster_window",
)
"""The parameters that a map follows from. The window is one: by it entries are laid at once or later, in another order of sums."""

_BLOCK = 512  # bars; what is known of them stays in a core's cache


class Block(NamedTuple):
    """What all readings need of some bars; an array has a row a bar.

    Attributes
    ----------
    moved
        (n,) of `MOVED`.
    density, smoothed
        (n, 2, bins) as of `State`, smoothed by side.
    shares
        (n, 2, moves) of all positions within `SWEPT_MOVES`.
    spans, span_counts
        (n, 2, most) of `SPAN` by the prominence last asked for, and (n, 2) how many.
    clusters, cluster_counts
        (n, 2, most) of `FOUND` that they hold, sizes as shares of all positions, and (n, 2) how many.
    """

    moved: np.ndarray
    density: np.ndarray
    smoothed: np.ndarray
    shares: np.ndarray
    spans: np.ndarray
    span_counts: np.ndarray
    clusters: np.ndarray
    cluster_counts: np.ndarray


def _empty_block(bars: int, bins: int) -> Block:
    return Block(
        moved=np.zeros(bars, dtype=MOVED),
        density=np.zeros((bars, 2, bins)),
        smoothed=np.zeros((bars, 2, bins)),
        shares=np.zeros((bars, 2, len(SWEPT_MOVES))),
        spans=np.zeros((bars, 2, MAX_CLUSTERS + 1), dtype=SPAN),
        span_counts=np.zeros((bars, 2), dtype=np.int64),
        clusters=np.zeros((bars, 2, MAX_CLUSTERS), dtype=FOUND),
        cluster_counts=np.zeros((bars, 2), dtype=np.int64),
    )


@allocation_free
def move_bars(state: State, model: Model, bars: np.ndarray, block: Block) -> None:
    """Take bars through the map alone; write what no reading changes."""
    memory = state.memory[0]
    for row in range(len(bars)):
        move(state, model, bars[row], block.moved[row])
        memory.position = block.moved[row].position
        for side in range(2):
            close = -memory.position if side == LONG else memory.position
            read(state.positions, side, close, block.density[row])
            smooth(block.density[row], side, block.smoothed[row, side])
            write_shares(block.density[row], side, close - math.floor(close), model.settings[0], block.shares[row])
        memory.bar += 1.0


@allocation_free
def find_in_block(settings: np.ndarray, block: Block, bars: int, known: float) -> None:
    """Find clusters by a prominence; a smaller one (`known`, NaN for none) has found those that are there."""
    prominence = settings[0].cluster_prominence
    for row in range(bars):
        for side in range(2):
            spans, count = block.spans[row, side], block.span_counts[row, side]
            if known <= prominence and finds_same_spans(spans, count, known, prominence):
                continue
            count = find_spans(block.smoothed[row, side], prominence, spans)
            position = -block.moved[row].position if side == LONG else block.moved[row].position
            block.span_counts[row, side] = count
            block.cluster_counts[row, side] = weigh_spans(
                block.density[row], side, spans, count, block.clusters[row], position, settings[0], 1.0
            )


@allocation_free
def read_block(state: State, model: Model, bars: np.ndarray, block: Block, snapshots: np.ndarray) -> None:
    """Read bars that went through the map and whose clusters were found: all of a step that is left."""
    memory = state.memory[0]
    for row in range(len(bars)):
        bar, moved, view = bars[row], block.moved[row], snapshots[row]
        take_events(state, model, bar, moved, view)
        for side in range(2):
            for place in range(block.cluster_counts[row, side]):
                state.clusters[side, place] = block.clusters[row, side, place]
                state.clusters[side, place].size *= memory.level
            for index in range(len(SWEPT_MOVES)):
                memory.shares[side, index] = block.shares[row, side, index]
            judge(state, model, block.density[row], side, block.cluster_counts[row, side])
        write_extracted(state, model, view, bar.close)
        write_rest(state, model, bar, moved, view)


def map_of(parameters: ModelParameters) -> tuple[Any, ...]:
    """Return what a map follows from: equal where two sets of parameters read the same one."""
    return tuple(getattr(parameters, name) for name in MAP)


def read_together(
    readings: Sequence[ModelParameters], bars: np.ndarray, bar_seconds: float, kind: np.dtype = SNAPSHOT
) -> list[np.ndarray]:
    """Take bars through one map, and read it by many sets of parameters: bit for bit what `run` makes of each.

    Parameters
    ----------
    readings
        At least one, equal in `MAP`.
    bars, bar_seconds
        As of `run` and `build_model`.
    kind
        Fields of `SNAPSHOT` to return.

    Returns
    -------
    list of ndarray
        (n,) of `kind` for each.

    Raises
    ------
    ValueError
        For sets that need different maps.
    """
    if len({map_of(parameters) for parameters in readings}) != 1:
        raise ValueError("what is read together must be equal in all that a map follows from")
    models = [build_model(parameters, bar_seconds) for parameters in readings]
    states, found = [initial_state(model) for model in models], [np.empty(len(bars), dtype=kind) for _ in models]
    state, snapshots = initial_state(models[0]), np.zeros(_BLOCK, dtype=SNAPSHOT)
    columns = [[(own[name], snapshots[name]) for name in kind.names or ()] for own in found]
    by_prominence = sorted(range(len(models)), key=lambda index: readings[index].cluster_prominence)
    block = _empty_block(_BLOCK, state.density.shape[1])
    for first in range(0, len(bars), _BLOCK):
        some, known = bars[first : first + _BLOCK], math.nan
        move_bars(state, models[0], some, block)
        for index in by_prominence:
            prominence = readings[index].cluster_prominence
            if prominence != known:
                find_in_block(models[index].settings, block, len(some), known)
                known = prominence
            read_block(states[index], models[index], some, block, snapshots)
            for kept, read_now in columns[index]:
                kept[first : first + len(some)] = read_now[: len(some)]
    return found
