"""Positions and maps in the same cells: equal steps of log price outward from the mark, longs below and shorts above."""

from typing import NamedTuple

import numpy as np

from runs.validation.measures.reach import within

EVEN_SHARE = 0.05
"""What is mixed into a map in equal parts, so that no cell is impossible."""


class Panel(NamedTuple):
    """A set of cells.

    Attributes
    ----------
    width
        Of a cell, log price.
    cells
        How many on each side.
    """

    width: float
    cells: int

    @property
    def reach(self) -> float:
        """How far from the mark the cells go, log price."""
        return self.width * self.cells


WIDE, NEAR = Panel(0.025, 24), Panel(0.005, 30)
"""Within 60 % and within 15 % of the mark."""


def cell_numbers(prices: np.ndarray, marks: np.ndarray, sides: np.ndarray, panel: Panel) -> np.ndarray:
    """Return the cell of each liquidation price.

    Parameters
    ----------
    prices, marks
        (n,) quote per base; a price that is NaN liquidates nowhere.
    sides
        (n,) 0 a long, 1 a short.

    Returns
    -------
    ndarray
        (n,) int: side x panel.cells + k, with k cells between the mark and the cell; -1 outside, or where the mark has passed the
        price.

    Examples
    --------
    >>> cell_numbers(np.array([99.0, 95.0, 104.0, 1.0]), np.full(4, 100.0), np.array([0, 0, 1, 0]), WIDE).tolist()
    [0, 2, 25, -1]
    """
    away = np.where(sides == 0, -1.0, 1.0) * np.log(prices / marks)
    steps = np.floor(np.where(np.isnan(away), np.inf, away) / panel.width)
    inside = (steps >= 0) & (steps < panel.cells)
    return np.where(inside, sides * panel.cells + np.where(inside, steps, 0).astype(np.int64), -1)


def cell_shares(
    maps: np.ndarray, starts: np.ndarray, bin_width: float, moved: np.ndarray | float, panel: Panel
) -> np.ndarray:
    """Return the share of each map that each cell holds.

    Parameters
    ----------
    maps
        (n, 2, bins) size outward from closes, as `Dataset.density` has it.
    starts
        (n, 2) where in its first bin each map begins (0 .. 1).
    bin_width
        Log price a bin.
    moved
        (n,) log of the mark over the close.

    Returns
    -------
    ndarray
        (n, 2 x panel.cells) the shares within the cells of both sides, which add up to one; even ones where these hold nothing.
    """
    edges = np.arange(panel.cells + 1) * panel.width
    away = np.stack([-np.broadcast_to(moved, len(maps)), np.broadcast_to(moved, len(maps))], axis=1)
    sums = [within(maps, starts, np.maximum(away + edge, 0.0) / bin_width) for edge in edges]
    held = np.diff(np.stack(sums, axis=2), axis=2).reshape(len(maps), -1)
    totals = held.sum(axis=1, keepdims=True)
    return np.where(totals > 0.0, held / np.where(totals > 0.0, totals, 1.0), 1.0 / held.shape[1])


def mixed_with_even(shares: np.ndarray) -> np.ndarray:
    """Return ``.95 x share + .05 / cells`` of (..., cells) shares."""
    return (1.0 - EVEN_SHARE) * shares + EVEN_SHARE / shares.shape[-1]
