"""Whether price is drawn to the magnet: one row an episode, against a fair game and against levels without a magnet."""

import numpy as np

from runs.validation.baselines.controls import control_values
from runs.validation.baselines.variants import path_snapshots
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset
from runs.validation.measures.episodes import LIMIT_HOURS, Signal, episode_details, episodes_of
from runs.validation.measures.skill import mean_test

STATEMENT = "Price is drawn to the magnet"

STATISTIC = (
    "mean signed return until target or equally far stop, over the distance between them (targets touched, less 1/2)"
)

NO_EPISODES = "the magnet has not pointed at a level within reach"

_SECONDS_PER_HOUR = 3600


def magnet_signal(snapshots: np.ndarray) -> Signal:
    """Return what (n,) snapshots say: the dominating cluster's side and distance."""
    direction = snapshots["magnet"]
    target = np.where(direction > 0.0, snapshots["cluster_above_price"], snapshots["cluster_below_price"])
    return Signal(direction, direction * (target / snapshots["close"] - 1.0))


def lesser_signal(snapshots: np.ndarray) -> Signal:
    """Return the placebo with the sides swapped: the cluster that the magnet dominates, where there is one."""
    direction = -snapshots["magnet"]
    target = np.where(direction > 0.0, snapshots["cluster_above_price"], snapshots["cluster_below_price"])
    return Signal(direction, direction * (target / snapshots["close"] - 1.0))


def shifted_signal(signal: Signal) -> Signal:
    """Return the signal of another time, turned by half of the data and laid at today's price."""
    by = len(signal.direction) // 2
    return Signal(np.roll(signal.direction, by), np.roll(signal.distance, by))


def magnet_claim(dataset: Dataset) -> Claim:
    """Return the claim, not judged yet.

    Notes
    -----
    Two tests. Against a fair game the mean is zero by optional stopping. A market that rises lets bets on rising win, magnet
    or not; so the second test is against matched levels, which rise as much. Placebos are against matched levels too.
    """
    limit = max(1, round(LIMIT_HOURS * _SECONDS_PER_HOUR / dataset.bar_seconds))
    signal = magnet_signal(dataset.snapshots)
    episodes = episodes_of(dataset.bars["close"], signal, limit)
    if not len(episodes.starts):
        return Claim("magnet", STATEMENT, STATISTIC, remarks=(NO_EPISODES,))
    tests = (
        mean_test("a fair game", episodes.values, dataset.days[episodes.starts]),
        *_against_levels("matched levels", dataset, signal, limit),
    )
    placebos = (
        *_against_levels("the magnet of another time", dataset, shifted_signal(signal), limit, one_sided=True),
        *_against_levels("the lesser cluster", dataset, lesser_signal(dataset.snapshots), limit, one_sided=True),
    )
    path = magnet_signal(path_snapshots(dataset))
    references = _against_levels("the magnet of the path-only map", dataset, path, limit)
    details = episode_details(episodes, dataset.bar_seconds / _SECONDS_PER_HOUR)
    return Claim("magnet", STATEMENT, STATISTIC, tests, placebos=placebos, references=references, details=details)


def _against_levels(
    label: str, dataset: Dataset, signal: Signal, limit: int, one_sided: bool = False
) -> tuple[Test, ...]:
    """Return the test of a signal's episodes against matched levels; none where it has no episode."""
    found = episodes_of(dataset.bars["close"], signal, limit)
    if not len(found.starts):
        return ()
    gains = found.values - control_values(dataset, found, limit)
    return (mean_test(label, gains, dataset.days[found.starts], one_sided),)
