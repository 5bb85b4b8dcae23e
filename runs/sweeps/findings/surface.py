"""The objective over the parameters: by pairs of values, and how good the surroundings of each point are."""

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

MAX_VALUES = 12
"""More different values of a number are grouped into as many classes of equal count, so that a surface stays readable."""

_APART = 2
"""Steps between values that have no order (text, yes or no): never neighbours."""

_ROWS = 256  # distances at a time: bounds the memory


class Surface(NamedTuple):
    """The objective by the values of two parameters; the others vary freely within a cell.

    Attributes
    ----------
    across, down
        Names of the parameters; `down` is empty if only one was swept.
    columns, rows
        Labels of the values or classes, ascending.
    mean, median
        (rows, columns) of the objective; NaN where nothing was tried.
    counts
        (rows, columns) trials.
    """

    across: str
    down: str
    columns: list[str]
    rows: list[str]
    mean: np.ndarray
    median: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Neighbourhoods:
    """What surrounds each point, itself included.

    Attributes
    ----------
    kind
        "adjacent" values of a grid, or "nearest" points by rank.
    sizes
        (n,) points.
    mean, median, worst
        (n,) of the objective, more being better.
    best
        The point with the best median, of equal ones with the best mean: the centre of the best region. -1 if there is none.
    """

    kind: str
    sizes: np.ndarray
    mean: np.ndarray
    median: np.ndarray
    worst: np.ndarray
    best: int


def surfaces(parameters: pd.DataFrame, objective: np.ndarray, most: int) -> list[Surface]:
    """Return the surfaces of the pairs of parameters, those that differ most over their cells first.

    Parameters
    ----------
    parameters
        (n,) rows, a column a parameter.
    objective
        (n,); what is not finite is left out.
    most
        How many surfaces at most.
    """
    usable = np.isfinite(objective)
    table, values = parameters[usable], objective[usable]
    classes = {str(name): _classes(table[name]) for name in table.columns if table[name].nunique(dropna=False) > 1}
    pairs: list[tuple[str, str]] = list(itertools.combinations(classes, 2)) or [(name, "") for name in classes]
    found = [_surface(pair, classes, values) for pair in pairs]
    return sorted(found, key=lambda surface: -_contrast(surface))[:most]


def _classes(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Return (n,) the class of each value, and the classes' labels."""
    kinds = column.map(type).nunique()
    numeric = kinds == 1 and pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > MAX_VALUES:
        edges = np.unique(np.quantile(column, np.linspace(0.0, 1.0, MAX_VALUES + 1)))
        indices = np.clip(np.searchsorted(edges, column.to_numpy(), side="right") - 1, 0, len(edges) - 2)
        return indices, [f"{low:.3g} .. {high:.3g}" for low, high in itertools.pairwise(edges)]
    values = column.to_numpy() if numeric else column.astype(str).to_numpy()
    known, indices = np.unique(values, return_inverse=True)
    return indices, _labels(known) if numeric else [str(value) for value in known]


def _labels(values: np.ndarray) -> list[str]:
    """Return numbers in as few digits, three at least, as tell them apart."""
    for digits in range(3, 17):
        labels = [f"{value:.{digits}g}" for value in values]
        if len(set(labels)) == len(labels):
            return labels
    return [repr(float(value)) for value in values]


def _surface(pair: tuple[str, str], classes: dict[str, tuple[np.ndarray, list[str]]], objective: np.ndarray) -> Surface:
    columns, column_labels = classes[pair[0]]
    rows, row_labels = classes[pair[1]] if pair[1] else (np.zeros(len(objective), dtype=np.int64), ["all"])
    shape = (len(row_labels), len(column_labels))
    grouped = pd.Series(objective).groupby(rows * shape[1] + columns)
    mean, median, counts = (np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.int64))
    for target, figures in ((mean, grouped.mean()), (median, grouped.median()), (counts, grouped.size())):
        target.flat[figures.index.to_numpy()] = figures.to_numpy()
    return Surface(*pair, column_labels, row_labels, mean, median, counts)


def _contrast(surface: Surface) -> float:
    return float(np.nanstd(surface.median)) if np.isfinite(surface.median).any() else 0.0


def neighbourhoods(parameters: pd.DataFrame, scores: np.ndarray) -> Neighbourhoods:
    """Return what surrounds each point, so that a lone peak is told from a plateau.

    Parameters
    ----------
    parameters
        (n,) rows, a column a parameter.
    scores
        (n,) the objective, more being better; -inf where it is not defined, which counts as worst.

    Notes
    -----
    On a grid (as many different points as the product of the values, or nearly) the surroundings are all points at most one
    value away in every parameter; in a random search the nearest ``2 p + 1`` of p parameters, by the largest difference
    in rank. Values without an order are never near one another. A point with less than half of the largest
    surroundings lies in a corner and is no centre of a region.
    """
    count = len(scores)
    if not count:
        empty = np.zeros(0)
        return Neighbourhoods("adjacent", empty.astype(np.int64), empty, empty, empty, -1)
    grid = _is_grid(parameters, count)
    indices = _indices(parameters, grid)
    nearest = min(2 * indices.shape[1] + 1, count)
    sizes, figures = np.zeros(count, dtype=np.int64), np.full((3, count), np.nan)
    for start in range(0, count, _ROWS):
        distance = _distances(indices, start)
        for row, line in enumerate(distance, start):
            near = np.flatnonzero(line <= 1.0) if grid else np.argpartition(line, nearest - 1)[:nearest]
            values = scores[near]
            sizes[row] = len(near)
            figures[:, row] = values.mean(), np.median(values), values.min()
    eligible = np.isfinite(figures[1]) & (2 * sizes >= sizes.max())
    ranked = np.lexsort((-figures[0], -figures[1]))
    best = int(ranked[eligible[ranked]][0]) if eligible.any() else -1
    return Neighbourhoods("adjacent" if grid else "nearest", sizes, figures[0], figures[1], figures[2], best)


def _is_grid(parameters: pd.DataFrame, count: int) -> bool:
    return math.prod(parameters[name].nunique(dropna=False) for name in parameters.columns) <= 2 * count


def _indices(parameters: pd.DataFrame, grid: bool) -> np.ndarray:
    """Return (n, p) indices: the number of the value on a grid, else the rank as a share; without an order far apart."""
    columns = []
    for name in parameters.columns:
        column = parameters[name]
        ordered = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        values = column.to_numpy() if ordered else column.astype(str).to_numpy()
        codes = np.unique(values, return_inverse=True)[1].astype(np.float64)
        if ordered and not grid:
            codes = column.rank(pct=True).to_numpy()
        columns.append(codes if ordered else _APART * codes)
    return np.stack(columns, axis=1) if columns else np.zeros((len(parameters), 1))


def _distances(indices: np.ndarray, start: int) -> np.ndarray:
    """Return (rows, n) the largest difference over the parameters, from some rows to all points."""
    some, farthest = indices[start : start + _ROWS], np.zeros((min(_ROWS, len(indices) - start), len(indices)))
    for column in range(indices.shape[1]):
        np.maximum(farthest, np.abs(some[:, column, None] - indices[None, :, column]), out=farthest)
    return farthest
