"""What the ledger says of the true map: standing size by liquidation price, and the mixture of leverages."""

import numpy as np

from datafeeds.simulated.parameters import TIERS
from indicators.liquidation.mechanics import liquidation_distance


def true_density(ledger: np.ndarray, bar: int, edges: np.ndarray) -> np.ndarray:
    """Return the base coin that stands at the close of a bar, by side and liquidation price.

    Parameters
    ----------
    ledger
        Of `LEDGER`, as `simulate_with_truth` returns it: ordered by `opened_bar`.
    bar
        Its number, from 0.
    edges
        (n + 1,) ascending prices, quote per base; a level lies in a bin from its lower edge up to, and without, the upper one.

    Returns
    -------
    numpy.ndarray
        (2, n), longs first. What no price liquidates, and what lies outside of the edges, is in no bin.

    Raises
    ------
    ValueError
        For edges that do not ascend, or a ledger out of order.
    """
    edges = np.asarray(edges, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0.0).all():
        raise ValueError("edges must be at least two ascending prices")
    begun = ledger[: np.searchsorted(ledger["opened_bar"], bar, side="right")]
    rows = begun[begun["ended_bar"] > bar]
    bins = np.searchsorted(edges, rows["liquidation_price"], side="right") - 1  # NaN sorts last, past the last edge
    inside = (bins >= 0) & (bins < len(edges) - 1)
    density = np.zeros((2, len(edges) - 1))
    np.add.at(density, (rows["side"][inside], bins[inside]), rows["size"][inside])
    return density
