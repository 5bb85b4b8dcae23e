"""Which candidate a train window chooses: a pure function of what each earned there."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

CHOICES = ("best", "region")
"""The best point, or the best neighbourhood: the median of a point and its neighbours on the grid."""


@dataclass(frozen=True)
class Scores:
    """What candidates earned on train windows.

    Attributes
    ----------
    values
        (w, c) the objective, so that more is better; -inf: no result.
    trades
        (w, c) how many trades were made.
    """

    values: np.ndarray
    trades: np.ndarray


def choose(values: np.ndarray, trades: np.ndarray) -> int | None:
    """Return the index of the best candidate of one window, the first of equal ones.

    Parameters
    ----------
    values
        (c,) more is better, -inf (a NaN objective) never wins.
    trades
        (c,) how many trades each made.

    Returns
    -------
    int or None
        None where no candidate traded or none has a result: there is nothing to choose by.
    """
    if not len(values) or not trades.any() or not np.isfinite(values).any():
        return None
    return int(np.where(np.isfinite(values), values, -math.inf).argmax())


def region_medians(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return for each point of a grid the median over it and its neighbours, diagonal ones included.

    Parameters
    ----------
    values
        (c,) of all points, the last axis turning fastest; -inf: no result.
    shape
        Number of values on each axis; their product is c.

    Returns
    -------
    ndarray
        (c,) the lower median, -inf where the point itself has no result: that one could not be traded. A neighbour without
        a result counts as the worst of all.
    """
    grid = values.reshape(shape)
    bordered = np.pad(grid, 1, constant_values=math.nan)
    offsets = itertools.product((0, 1, 2), repeat=len(shape))
    around = [bordered[tuple(slice(o, o + size) for o, size in zip(offset, shape, strict=True))] for offset in offsets]
    ascending = np.sort(np.stack(around), axis=0)  # what lies beyond the grid (NaN) comes last
    middle = (np.count_nonzero(~np.isnan(ascending), axis=0) - 1) // 2
    medians = np.where(np.isfinite(grid), np.take_along_axis(ascending, middle[None], axis=0)[0], -math.inf)
    return medians.ravel()


def choices(scores: Scores, shape: tuple[int, ...] | None) -> list[int | None]:
    """Return what each window chooses: the index of a candidate, or None for the defaults; by region if there is a grid's shape."""
    values = scores.values if shape is None else [region_medians(row, shape) for row in scores.values]
    return [choose(row, trades) for row, trades in zip(values, scores.trades, strict=True)]
