"""One bar through the model: sweep, decay, deposit, read, signal. The only path from bars to snapshots.

Everything a snapshot says depends on this bar and earlier ones alone.
"""

import numpy as np

from indicators.liquidation.bar_events import take_events
from indicators.liquidation.compiled import Record, allocation_free, inlined
from indicators.liquidation.kernel import LONG
from indicators.liquidation.model import Model, State, initial_state
from indicators.liquidation.moving import move
from indicators.liquidation.position_map import read
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.snapshot_writer import write_clusters, write_rest


@inlined
def step(state: State, model: Model, bar: Record, view: Record) -> None:
    """Take one closed bar through the model."""
    memory = state.memory[0]
    move(state, model, bar, memory.moved)
    take_events(state, model, bar, memory.moved, view)
    for side in range(2):
        close = -memory.position if side == LONG else memory.position
        read(state.positions, side, close, state.density)
    write_clusters(state, model, view, bar.close)
    write_rest(state, model, bar, memory.moved, view)


@allocation_free
def run_bars(state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, first: int, last: int) -> None:
    """Take the closed bars `first` .. `last` - 1 through the model, each by itself and in order.

    Parameters
    ----------
    state
        Changed in place; `copy_state` keeps an earlier value.
    model
        From `build_model`.
    bars
        (n,) of `BAR`; no others are looked at.
    snapshots
        (n,) of `SNAPSHOT`; each bar's row receives what is known at its close.
    """
    for index in range(first, last):
        step(state, model, bars[index], snapshots[index])


def run(model: Model, bars: np.ndarray, state: State | None = None) -> np.ndarray:
    """Take many bars through the model.

    Parameters
    ----------
    model
        From `build_model`.
    bars
        (n,) of `BAR`, in order.
    state
        Where to go on from, changed in place; a fresh one by default.

    Returns
    -------
    ndarray
        (n,) of `SNAPSHOT`; row t depends on bars[: t + 1] alone.
    """
    snapshots = np.zeros(len(bars), dtype=SNAPSHOT)
    run_bars(initial_state(model) if state is None else state, model, bars, snapshots, 0, len(bars))
    return snapshots
