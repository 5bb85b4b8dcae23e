"""Episodes: bets on levels that never overlap, so that a level which stands for a hundred bars is one row."""

from dataclasses import dataclass

import numpy as np

from runs.validation.measures.first_exit import first_exit, outcomes
from strategies.magnet import MagnetParameters

LIMIT_HOURS = 168.0
"""When an episode ends at the latest (*assumption*: a level at the strategy's farthest, 5 %, is 10 hourly deviations of .5 %
away, which take 100 hours in the mean)."""

_TRADED = MagnetParameters()  # how near and how far a level is worth following


@dataclass(frozen=True)
class Signal:
    """Where a level draws price, bar by bar.

    Attributes
    ----------
    direction
        (n,) +1 upward, -1 downward, 0 or NaN no signal.
    distance
        (n,) from the close to the level, fraction of the close; NaN where there is none.
    """

    direction: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True)
class Episodes:
    """Bets on a level, none of which overlaps another.

    Attributes
    ----------
    starts, ends
        (m,) bars; the bet runs from close to close.
    directions
        (m,) +1 or -1.
    distances
        (m,) to the target and to the stop, fraction of the close at the start.
    values
        (m,) `runs.validation.measures.first_exit.outcomes`.
    """

    starts: np.ndarray
    ends: np.ndarray
    directions: np.ndarray
    distances: np.ndarray
    values: np.ndarray


def episodes_of(closes: np.ndarray, signal: Signal, limit: int) -> Episodes:
    """Return the episodes of a signal.

    Parameters
    ----------
    closes
        (n,) quote per base.
    signal
        Known at each close.
    limit
        Bars that an episode lasts at most.

    Notes
    -----
    An episode starts at the close after one at which the signal spoke, with the level within what the strategy trades: what
    bounces between bid and ask at the close that made the signal is in no return. It ends at the first close beyond the
    level or the equally far stop. The next one starts no sooner, so a cluster that stands for a hundred bars is one row.
    """
    closes = np.ascontiguousarray(closes)
    directions = np.concatenate([[0.0], signal.direction[:-1]])
    targets = np.concatenate([[np.nan], (closes * (1.0 + signal.direction * signal.distance))[:-1]])
    distances = directions * (targets / closes - 1.0)
    speaks = np.abs(directions) == 1.0
    within = (distances >= _TRADED.min_distance) & (distances <= _TRADED.max_distance)
    candidates = np.flatnonzero(speaks & within)
    candidates = candidates[candidates < len(closes) - 1]
    starts, ends, index = [], [], 0
    while index < len(candidates):
        start = candidates[index]
        end = first_exit(closes, start, distances[start], limit)
        starts.append(start)
        ends.append(end)
        index = int(np.searchsorted(candidates, end))
    first, last = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
    values = outcomes(closes, first, last, directions[first], distances[first])
    return Episodes(first, last, directions[first], distances[first], values)


def episode_details(episodes: Episodes, bar_hours: float) -> dict[str, object]:
    """Return, by direction, how many episodes there were and how they ended; a fair game touches half of the targets."""
    details: dict[str, object] = {"fair_share_of_targets": 0.5}
    earned = 2.0 * episodes.values  # in distances to the target
    for name, direction in (("upward", 1.0), ("downward", -1.0)):
        ours = episodes.directions == direction
        if not ours.any():
            continue
        details[name] = {
            "episodes": int(ours.sum()),
            "targets_touched": int((earned[ours] >= 1.0 - 1e-12).sum()),
            "stops_touched": int((earned[ours] <= -1.0 + 1e-12).sum()),
            "mean": float(episodes.values[ours].mean()),
            "mean_distance_fraction": float(episodes.distances[ours].mean()),
            "mean_hours": float((episodes.ends - episodes.starts)[ours].mean() * bar_hours),
        }
    return details
