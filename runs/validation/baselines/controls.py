"""Matched levels: the same bets at bars at which no magnet spoke."""

import numpy as np

from runs.validation.dataset import Dataset
from runs.validation.measures.episodes import Episodes
from runs.validation.measures.first_exit import first_exits, outcomes

CONTROLS = 100
"""Matched levels an episode: their draw then adds a hundredth of the variance, so that no verdict hangs on the seed."""

MIN_SILENT = 10
"""Silent bars of a stratum under which controls are drawn from all of its bars (*assumption*: fewer are one week's story)."""

_HOURS_PER_DAY, _SECONDS_PER_HOUR = 24, 3600


def control_values(dataset: Dataset, episodes: Episodes, limit: int, seed: int = 0) -> np.ndarray:
    """Return what matched levels earn: for each episode the mean of `CONTROLS` bets, (m,).

    Notes
    -----
    A control is the same bet (side, distance over current volatility) at a bar of the same hour of day and the same sign of the
    last day's return, at which no magnet spoke; at any such bar where fewer than `MIN_SILENT` are silent. So it carries the
    same drift, the same time of day and the same reversal or momentum, and lacks the cluster.
    """
    closes, volatility = dataset.bars["close"], dataset.snapshots["volatility"]
    strata = _strata(dataset)
    order = _pool(dataset, strata)
    first = np.searchsorted(strata[order], strata[episodes.starts], side="left")
    after = np.searchsorted(strata[order], strata[episodes.starts], side="right")
    drawn = np.random.default_rng(seed).random((len(first), CONTROLS))
    bars = order[(first[:, None] + drawn * (after - first)[:, None]).astype(np.int64)].ravel()
    repeated = np.repeat(np.arange(len(first)), CONTROLS)
    per_volatility = (episodes.distances / volatility[episodes.starts])[repeated]
    distances, directions = per_volatility * volatility[bars], episodes.directions[repeated]
    ends = first_exits(closes, bars, distances, limit)
    return outcomes(closes, bars, ends, directions, distances).reshape(-1, CONTROLS).mean(axis=1)


def _pool(dataset: Dataset, strata: np.ndarray) -> np.ndarray:
    """Return the bars from which controls are drawn, ordered by stratum."""
    count = len(strata)
    usable = (dataset.snapshots["volatility"] > 0.0) & (np.arange(count) < count - 1)
    spoke = np.concatenate([[False], np.abs(dataset.snapshots["magnet"][:-1]) == 1.0])
    silent = np.bincount(strata[usable & ~spoke], minlength=strata.max() + 1)
    bars = np.flatnonzero(usable & (~spoke | (silent < MIN_SILENT)[strata]))
    return bars[np.argsort(strata[bars], kind="stable")]


def _strata(dataset: Dataset) -> np.ndarray:
    """Return (n,) a number for hour of day and sign of the last day's return."""
    closes, day = dataset.bars["close"], max(1, round(_HOURS_PER_DAY * _SECONDS_PER_HOUR / dataset.bar_seconds))
    rose = closes > closes[np.maximum(np.arange(len(closes)) - day, 0)]
    hours = dataset.market.times.astype("datetime64[h]").astype(np.int64) % _HOURS_PER_DAY
    return 2 * hours + rose
