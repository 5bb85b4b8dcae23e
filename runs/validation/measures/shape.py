"""SHAPE: whether a map's departures from its own average by distance are those of the positions."""

import numpy as np

from runs.statistics.conditional_logit import conditional_logit
from runs.statistics.crossed import Crossed
from runs.validation.measures.cells import Panel
from runs.validation.measures.position_sample import Rows


def distance_columns(panel: Panel) -> np.ndarray:
    """Return (cells, 7) ``side x (1, d, ln d, d ln d)`` with d the distance of a cell's middle; one of the two ones cancels."""
    distances = (np.arange(panel.cells) + 0.5) * panel.width
    logs = np.log(distances)
    columns = np.stack([np.ones(panel.cells), distances, logs, distances * logs], axis=1)
    return np.kron(np.eye(2), columns)[:, 1:]


def slope(rows: Rows, departures: np.ndarray, panel: Panel) -> float:
    """Return b in ``p proportional to exp(X gamma + b z)``, X the `distance_columns`.

    Parameters
    ----------
    rows
        Positions.
    departures
        (s, cells) z, the log of a map's share over its own average.
    """
    return float(_fit(rows, rows.weight, departures, panel, None)[-1])


def slope_draws(rows: Rows, departures: np.ndarray, panel: Panel, drawn: Crossed) -> np.ndarray:
    """Return (draws,) slopes, each fitted anew to accounts and days as they were drawn; NaN where no row was."""
    account, day = rows.blocks
    start = _fit(rows, rows.weight, departures, panel, None)
    found = np.full(len(drawn.first), np.nan)
    for index, (accounts, days) in enumerate(zip(drawn.first, drawn.second, strict=True)):
        weights = rows.weight * accounts[account] * days[day]
        if weights.any():
            found[index] = _fit(rows, weights, departures, panel, start)[-1]
    return found


def _fit(rows: Rows, weights: np.ndarray, departures: np.ndarray, panel: Panel, start: np.ndarray | None) -> np.ndarray:
    cells = departures.shape[1]
    counts = np.bincount(rows.situation * cells + rows.cell, weights=weights, minlength=departures.size)
    return conditional_logit(distance_columns(panel), departures, counts.reshape(departures.shape), start)
