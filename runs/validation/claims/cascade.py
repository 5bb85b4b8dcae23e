"""Whether cascade risk forecasts large moves beyond what volatility and the hour of day forecast."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from runs.statistics.glm import fit_logistic, log_loss, predict_logistic
from runs.validation.baselines.variants import path_snapshots
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset
from runs.validation.measures.expanding_window import first_scored
from runs.validation.measures.skill import ratio_test

STATEMENT = "Cascade risk forecasts large moves beyond what volatility forecasts"

STATISTIC = (
    "log-loss skill out of sample, 1 - L with the risk / L without, for a move within 24 hours in the top tenth so far"
)

HORIZON_HOURS = 24.0
"""Hours ahead (stop-loss cascades act for hours, not days: Osler 2005; also how long the strategy stays in one)."""

LARGE = 0.9
"""Quantile of the moves so far beyond which one is large (peers' tests and ours: the top decile)."""

BLOCK_DAYS = 3
"""Days drawn together: longer than the horizon, over which neighbouring rows share their outcome (*assumption*)."""

TOO_FEW = "there are too few bars to fit on one part and score on another"

_VARIANCE_HOURS = (4.0, 168.0)  # half-lives beside the snapshot's own day
_REFIT_SHARE = 0.04  # rows by which data must have grown for a new fit, where that is more than a week
_FURTHEST = 5.0  # standard deviations (*assumption*)
_SECONDS_PER_HOUR, _SECONDS_PER_WEEK = 3600.0, 604_800.0
_MIN_VARIANCE = 1e-12  # stands for no variance under a logarithm: a move of 1e-6


class Forecast(NamedTuple):
    """Out-of-sample probabilities of the scored rows, and what happened.

    Attributes
    ----------
    rows
        (m,) bars.
    events
        (m,) 1 where the move that followed was large, else 0.
    probabilities
        (m,) forecast at the bar's close.
    """

    rows: np.ndarray
    events: np.ndarray
    probabilities: np.ndarray


def largest_moves(bars: np.ndarray, horizon: int) -> np.ndarray:
    """Return (n,) the farthest that price goes either way within `horizon` bars after each close, log price; NaN at the end."""
    moves = np.full(len(bars), np.nan)
    if len(bars) <= horizon:
        return moves
    high = np.lib.stride_tricks.sliding_window_view(bars["high"][1:], horizon).max(axis=1)
    low = np.lib.stride_tricks.sliding_window_view(bars["low"][1:], horizon).min(axis=1)
    closes = bars["close"][: len(high)]
    moves[: len(high)] = np.maximum(np.log(high / closes), np.log(closes / low))
    return moves


def volatility_columns(dataset: Dataset) -> np.ndarray:
    """Return (n, 5) what is known without a map: log variance by three half-lives, and the hour of day as sine and cosine."""
    closes, hours = dataset.bars["close"], dataset.bar_seconds / _SECONDS_PER_HOUR
    squares = pd.Series(np.diff(np.log(closes), prepend=np.log(dataset.bars["open"][0])) ** 2)
    variances = [squares.ewm(halflife=half_life / hours).mean().to_numpy() for half_life in _VARIANCE_HOURS]
    variances.append(dataset.snapshots["volatility"] ** 2)
    seconds = dataset.market.times.astype("datetime64[s]").astype(np.int64) % 86_400
    angle = 2.0 * np.pi * seconds / 86_400.0
    logs = [np.log(np.maximum(np.nan_to_num(values), _MIN_VARIANCE)) for values in variances]
    return np.stack([*logs, np.sin(angle), np.cos(angle)], axis=1)


def risk_columns(snapshots: np.ndarray) -> np.ndarray:
    """Return (n, 2) the risk's class and its gain, both directions added: a move either way counts."""
    classes = snapshots["cascade_risk_down"] + snapshots["cascade_risk_up"]
    gains = snapshots["branching_ratio_down"] + snapshots["branching_ratio_up"]
    return np.nan_to_num(np.stack([classes, gains], axis=1))


def walk_events(covariates: np.ndarray, moves: np.ndarray, horizon: int, every: int) -> Forecast:
    """Return the out-of-sample forecasts of large moves by logistic regression.

    Parameters
    ----------
    covariates
        (n, k) known at each close, without the constant.
    moves
        (n,) of `largest_moves`.
    horizon
        Bars that a move takes: at bar t only the moves of bars up to t - horizon are over.
    every
        Bars between two fits at least; a twenty-fifth of the rows so far where that is more.

    Notes
    -----
    Threshold and coefficients are fixed at each fit, from moves that are over, and serve until the next: a row's event is a
    move beyond the quantile that was known before it. Row t's forecast depends on nothing after bar t.
    """
    count = int(np.isfinite(moves).sum())  # the last moves are not over
    start, first = first_scored(len(moves)), first_scored(len(moves))
    design = _design(covariates, first)
    events, probabilities = np.full(len(moves), np.nan), np.full(len(moves), np.nan)
    coefficients = None
    while start < count:
        known, stop = start - horizon + 1, min(start + max(every, int(_REFIT_SHARE * start)), count)
        if known > 0:
            threshold = np.quantile(moves[:known], LARGE)
            coefficients = fit_logistic(design[:known], moves[:known] > threshold, coefficients)
            events[start:stop] = moves[start:stop] > threshold
            probabilities[start:stop] = predict_logistic(design[start:stop], coefficients)
        start = stop
    rows = np.flatnonzero(np.isfinite(probabilities))
    return Forecast(rows, events[rows], probabilities[rows])


def _design(covariates: np.ndarray, first: int) -> np.ndarray:
    """Return the constant and the covariates, standardised by the first window so that nothing later enters.

    What lies further out than `_FURTHEST` standard deviations counts as that far: no window has seen it.
    """
    centre, spread = covariates[:first].mean(axis=0), covariates[:first].std(axis=0)
    scaled = (covariates - centre) / np.where(spread > 0.0, spread, 1.0)
    return np.column_stack([np.ones(len(covariates)), np.clip(scaled, -_FURTHEST, _FURTHEST)])


def cascade_claim(dataset: Dataset) -> Claim:
    """Return the claim, not judged yet."""
    bars_per_hour = _SECONDS_PER_HOUR / dataset.bar_seconds
    horizon = max(1, round(HORIZON_HOURS * bars_per_hour))
    weekly = max(1, round(_SECONDS_PER_WEEK / dataset.bar_seconds))
    moves, known = largest_moves(dataset.bars, horizon), volatility_columns(dataset)
    without = walk_events(known, moves, horizon, weekly)
    if not (0.0 < without.events.sum() < len(without.events)):
        return Claim("cascade", STATEMENT, STATISTIC, remarks=(TOO_FEW,))
    risk, blocks = risk_columns(dataset.snapshots), dataset.days[without.rows] // BLOCK_DAYS
    turned = np.roll(risk, len(risk) // 2, axis=0)
    path = risk_columns(path_snapshots(dataset))
    ours, shifted, of_path = (
        walk_events(np.column_stack([known, columns]), moves, horizon, weekly) for columns in (risk, turned, path)
    )
    test = _skill("volatility and hour of day", without, ours, blocks)
    placebo = _skill("the risk of another time", without, shifted, blocks, one_sided=True)
    reference = _skill("the risk of the path-only map", without, of_path, blocks)
    details: dict[str, object] = {
        "large_moves": int(without.events.sum()),
        "large_move_share": float(without.events.mean()),
        "brier_skill": 1.0 - _brier(ours) / _brier(without),
        "first_fit_bars": int(without.rows[0]),
    }
    return Claim(
        "cascade", STATEMENT, STATISTIC, (test,), placebos=(placebo,), references=(reference,), details=details
    )


def _skill(baseline: str, without: Forecast, with_it: Forecast, blocks: np.ndarray, one_sided: bool = False) -> Test:
    before, after = (log_loss(found.events, found.probabilities) for found in (without, with_it))
    return ratio_test(baseline, before - after, before, blocks, one_sided)


def _brier(found: Forecast) -> float:
    return float(((found.probabilities - found.events) ** 2).sum())
