"""What a run over several markets needs besides each market's own: steps, who leaves when, and shares of equity."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.configuration import IN_MEMORY, Configuration
from runs.engines.instruments import checked_listing
from runs.engines.joint.allocation import METHODS, shares_of


@dataclass(frozen=True)
class JointPlan:
    """Steps of an account over several markets.

    Attributes
    ----------
    rows
        (t, k) int32 bar of each market at each step; -1: none, or no longer traded.
    first
        The first step at which a market may be traded.
    begins, leaves
        (k,) each market's first traded bar; its last one where it leaves before the others, or the universe closes, else -1.
    """

    rows: np.ndarray
    first: int
    begins: tuple[int, ...]
    leaves: tuple[int, ...]


def joint_plan(universe: Universe) -> JointPlan:
    """Return the steps of a universe: its times, each market until its last traded bar."""
    lasts, begins = ([getattr(each, name) for each in universe.markets] for name in ("last", "first"))
    rows = np.where(universe.rows < lasts, universe.rows, -1).astype(np.int32)
    rows = rows[: int(np.flatnonzero((rows >= 0).any(axis=1))[-1]) + 1]
    stays = [newest == last - 1 and not universe.closes for newest, last in zip(rows[-1].tolist(), lasts, strict=True)]
    leaves = [-1 if each else last - 1 for each, last in zip(stays, lasts, strict=True)]
    first = int(np.flatnonzero((rows >= begins).any(axis=1))[0])
    return JointPlan(rows, first, tuple(begins), tuple(leaves))


def joint_shares(plan: JointPlan, universe: Universe, method: str, forecast: Callable[[int], np.ndarray]) -> np.ndarray:
    """Return (t, k) shares of equity, by an allocation of `shares_of`; raises as it does.

    Parameters
    ----------
    plan, universe
        The steps, and the weights of the markets.
    method
        Of `shares_of`.
    forecast
        Returns the k-th market's forecast over 24 hours, by its own bars. In a hole the last one holds. It is not asked for equal
        parts, which do not look at it.
    """
    steps = np.arange(len(plan.rows))
    weights = np.zeros(plan.rows.shape)
    volatility = weights if method == METHODS[0] else np.full(plan.rows.shape, np.nan)  # it is not looked at there
    for k, each in enumerate(universe.markets):
        newest = np.maximum.accumulate(np.where(plan.rows[:, k] >= 0, plan.rows[:, k], -1))
        last = steps[plan.rows[:, k] >= 0][-1]
        traded = (newest >= each.first) & (steps <= last)
        weights[traded, k] = each.weight
        if method != METHODS[0]:
            volatility[newest >= 0, k] = forecast(k)[newest[newest >= 0]]
    return shares_of(method, volatility, weights)


def equal_shares(plan: JointPlan, universe: Universe) -> np.ndarray:
    """Return (t, k) shares of equity in proportion to the weights of the markets that are traded at each step."""
    return joint_shares(plan, universe, METHODS[0], lambda _: np.zeros(0))


def configurations_of(configuration: Configuration, universe: Universe) -> tuple[Configuration, ...]:
    """Return the configuration of each market: the account's, with the market's own data and for it alone."""
    return tuple(_alone(configuration, each.source or IN_MEMORY) for each in universe.markets)


def one_of_several(configuration: Configuration, universe: Universe) -> Configuration:
    """Return the configuration of a run on the only market of a universe."""
    return _alone(configuration, universe.markets[0].source or IN_MEMORY)


def _alone(configuration: Configuration, data: str) -> Configuration:
    return replace(configuration, data=data, markets=(), universe=None, allocation=METHODS[0])


def check_joint(configuration: Configuration, universe: Universe) -> None:
    """Raise ValueError for what a run over a universe could not begin with: as `checked_listing`, and an unknown allocation."""
    for each, own in zip(universe.markets, configurations_of(configuration, universe), strict=True):
        checked_listing(own, each.market.head(each.last))
    one = np.ones((1, len(universe)))
    shares_of(configuration.allocation, one, one)
