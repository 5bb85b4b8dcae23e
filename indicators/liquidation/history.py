"""The map as it stood after every bar: density by distance, kept for whoever measures what it knew."""

import numpy as np

from indicators.liquidation.compiled import allocation_free
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
