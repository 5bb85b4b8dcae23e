"""What a venue publishes of its forced orders: all of them, or what its throttle lets through."""

import numpy as np


def passed(prints: np.ndarray, report: str) -> np.ndarray:
    """Return (n,) whether each print reaches the public.

    Parameters
    ----------
    prints
        Of `PRINT`, in the order of time.
    report
        As in `SimulationParameters`. A second counts both sides together, a bar each side by itself.

    Notes
    -----
    Of equally large prints the first one passes.
    """
    if report == "full":
        return np.ones(len(prints), dtype=bool)
    bars, order = prints["bar"], np.arange(len(prints))
    within = prints["side"] if report == "largest_per_bar" else np.floor(prints["second"]).astype(np.int64)
    # Sorted by group, and within it the one that passes first.
    rank = (-order,) if report == "latest_per_second" else (order, -prints["size"])
    by_group = np.lexsort((*rank, within, bars))
    group = np.stack([bars[by_group], within[by_group]])
    first = np.ones(len(prints), dtype=bool)
    first[1:] = (group[:, 1:] != group[:, :-1]).any(axis=0)
    out = np.zeros(len(prints), dtype=bool)
    out[by_group[first]] = True
    return out


def reported_sizes(prints: np.ndarray, bars: int) -> np.ndarray:
    """Return (2, bars) base coin reported as liquidated, longs first."""
    sizes = np.zeros((2, bars))
    shown = prints[prints["reported"]]
    np.add.at(sizes, (shown["side"], shown["bar"]), shown["size"])
    return sizes
