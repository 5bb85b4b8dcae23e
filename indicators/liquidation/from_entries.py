"""The map without a history: open interest by entry price and a leverage distribution, to clusters.

For users who know (or assume) where positions were opened. It lays and reads with the functions of `step`.
"""

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import SECONDS_PER_HOUR, Model, State, build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import deposit, place, read
from indicators.liquidation.recording import significant_clusters
from indicators.liquidation.snapshot_writer import extract


@allocation_free
def lay_entries(state: State, model: Model, side: int, positions: np.ndarray, shares: np.ndarray) -> None:
    """Lay one side's entries, (n,) at these places in its own bins, so many shares of all positions, and find its clusters."""
    close = state.memory[0].position if side == SHORT else -state.memory[0].position
    place(state.positions, side, close, int(model.settings[0].reach), True)
    for index in range(len(positions)):
        entry = positions[index]
        deposit(state.positions, model.kernel, side, 0, shares[index], entry, entry, close)
    read(state.positions, side, close, state.density)
    extract(state, model, side)


def clusters_from_entries(
    entry_prices: np.ndarray,
    long_sizes: np.ndarray,
    short_sizes: np.ndarray,
    price: float,
    parameters: ModelParameters | None = None,
) -> np.ndarray:
    """Return the clusters of positions whose entry prices are known.

    Parameters
    ----------
    entry_prices
        (n,) quote per base, > 0.
    long_sizes, short_sizes
        (n,) base coin open at each entry price, >= 0.
    price
        Current price, quote per base, > 0. Size whose liquidation price it has passed is gone.
    parameters
        Leverage distribution and significance; a threshold by share is of the larger side's total.

    Returns
    -------
    ndarray
        (m,) of `CLUSTER`, by magnitude, largest first.

    Raises
    ------
    ValueError
        For arrays of different length, prices that are not positive or sizes below zero.

    Examples
    --------
    Longs at 65,000 with 10x and 0.5 % maintenance margin are force-closed near 58,800:

    >>> tenfold = ModelParameters(leverage_distribution="tiers", leverages=(10.0,), leverage_weights=(1.0,))
    >>> found = clusters_from_entries(np.array([65000.0]), np.array([100.0]), np.array([0.0]), 65000.0, tenfold)
    >>> len(found), round(float(found["price"][0]), -2), bool(found["side"][0] == 1.0)
    (1, 58800.0, True)
    """
    parameters = parameters or ModelParameters()
    entries, longs, shorts = (np.asarray(a, dtype=np.float64) for a in (entry_prices, long_sizes, short_sizes))
    if not entries.shape == longs.shape == shorts.shape or entries.ndim != 1:
        raise ValueError(
            f"entry_prices {entries.shape}, long_sizes {longs.shape} and short_sizes {shorts.shape} must pair up"
        )
    positive, sizes = np.append(entries, price), np.concatenate([longs, shorts])
    if not (
        np.isfinite(positive).all() and (positive > 0.0).all() and np.isfinite(sizes).all() and (sizes >= 0.0).all()
    ):
        raise ValueError("prices must be positive and sizes at least zero, all of them finite")
    model = build_model(parameters, SECONDS_PER_HOUR)
    state = initial_state(model)
    memory = state.memory[0]
    memory["position"], memory["level"] = np.log(price) / parameters.bin_width, max(longs.sum(), shorts.sum())
    memory["close"], memory["variance"] = price, 0.0
    places = np.log(entries) / parameters.bin_width
    for side, sign, held in ((LONG, -1.0, longs), (SHORT, 1.0, shorts)):
        lay_entries(state, model, side, sign * places, held / max(memory["level"], 1e-300))
    return significant_clusters(state)
