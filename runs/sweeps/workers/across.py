"""Candidates across the markets of a universe: judged on one account in all of them, or on the median or the worst market."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from datafeeds.universe.markets import Universe
from indicators.liquidation.parameters import ModelParameters
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator, Trial
from runs.engines.event import run_backtest
from runs.engines.joint.evaluator import JointEvaluator, of_market
from runs.engines.joint.event import run_joint_backtest
from runs.engines.joint.parity import first_joint_difference
from runs.engines.joint.plan import configurations_of
from runs.engines.joint.result import JointResult
from runs.engines.parity import first_difference
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import MAX_IN_MEMORY, Heatmaps
from runs.statistics.daily import laid_out
from runs.sweeps.rows.objective import score

ACROSS = ("account", "median", "worst")
"""What a candidate is judged on: one account in all markets; or each market alone with the whole cash, of which one counts."""


def check_across(across: str, several: bool) -> str:
    """Return what candidates are judged on.

    Raises
    ------
    ValueError
        For what is none of `ACROSS`, or needs several markets where there is one.
    """
    if across not in ACROSS:
        raise ValueError(f"--across {across}: it is one of {', '.join(ACROSS)}")
    if across != ACROSS[0] and not several:
        raise ValueError(f"--across {across}: it needs several markets; name them by --data A --data B, or --universe")
    return across


def counted(scores: Sequence[float], across: str) -> int:
    """Return the index of the market that counts: the worst, or the median; of an even number the worse of the middle two.

    Parameters
    ----------
    scores
        (k,) the objective in each market, more being better; -inf where it is not defined.
    across
        ``median`` or ``worst``.

    Examples
    --------
    >>> counted([3.0, 1.0, 2.0, 9.0], "median"), counted([3.0, 1.0, 2.0, 9.0], "worst")
    (2, 1)
    """
    order = np.argsort(np.asarray(scores), kind="stable")
    return int(order[0 if across == "worst" else (len(order) - 1) // 2])


def heatmaps_across(folder: Path | None, markets: int) -> Heatmaps:
    """Return where snapshots of so many markets come from: a map of each stays open, and the one that it was read from."""
    return Heatmaps(folder, most_in_memory=max(MAX_IN_MEMORY, 2 * markets))


class UniverseEvaluator:
    """Evaluate candidates across a universe.

    Parameters
    ----------
    universe, heatmaps
        The markets, and where their snapshots come from.
    objective, across
        By which metric markets are ordered, and which of `ACROSS` counts.

    Attributes
    ----------
    days
        (d,) datetime64[D] on which any market may be traded.
    account
        What evaluates one account in all of them.
    universe, across
        As given.
    """

    def __init__(self, universe: Universe, heatmaps: Heatmaps, objective: str, across: str) -> None:
        self.account = JointEvaluator(universe, heatmaps)
        self.days, self.universe = self.account.days, universe
        self._objective, self.across, self._heatmaps = objective, across, heatmaps
        self._alone: list[Evaluator | JointEvaluator] = [
            JointEvaluator(universe.only(k), heatmaps)
            if universe.closes
            else Evaluator(each.market, heatmaps, each.first, each.last)
            for k, each in enumerate(universe.markets)
        ]

    @property
    def on_account(self) -> bool:
        """Whether candidates are judged on one account, and not on one market."""
        return self.across == ACROSS[0]

    def expect(self, models: Iterable[ModelParameters]) -> None:
        """Hear by which models the next candidates trade, as `Evaluator.expect`."""
        self._heatmaps.expect(models, len(self.universe))

    def trial(self, configuration: Configuration) -> Trial:
        """Return figures and daily returns of what a candidate is judged on, and each market's own figures.

        Where one market counts, all figures are those of its run, and a day on which it is not there returns 0.

        Raises
        ------
        ValueError
            As `JointEvaluator.evaluate`, for any of the markets.
        """
        if self.on_account:
            return self.account.trial(configuration)
        trials = self.alone(configuration)
        index = self.counted(trials)
        metrics, names = dict(trials[index].metrics), self.universe.names
        for name, trial in zip(names, trials, strict=True):
            metrics |= of_market(name, trial.metrics)
        return Trial(metrics, laid_out(self.days, self._alone[index].days, trials[index].daily_returns))

    def alone(self, configuration: Configuration) -> list[Trial]:
        """Return what a candidate comes to in each market by itself, with the whole cash, on the market's own days."""
        owns = configurations_of(configuration, self.universe)
        return [alone.trial(own) for alone, own in zip(self._alone, owns, strict=True)]

    def counted(self, trials: Sequence[Trial]) -> int:
        """Return the index of the market that counts."""
        return counted([score(self._objective, trial.metrics[self._objective]) for trial in trials], self.across)

    def run(self, configuration: Configuration) -> JointResult | EngineResult | None:
        """Return a candidate's run in the event engine: the account's, or that of the market that counts if all of it is traded."""
        if self.on_account:
            return run_joint_backtest(configuration, self.universe)
        index = self.counted(self.alone(configuration))
        each = self.universe.markets[index]
        whole = each.first == 0 and each.last == len(each.market)
        return run_backtest(configurations_of(configuration, self.universe)[index], each.market) if whole else None

    def difference(self, configuration: Configuration) -> str | None:
        """Run a candidate in the event engine; return None where it agrees, else a sentence with the first difference."""
        if self.on_account:
            return first_joint_difference(configuration, self.universe, self.account.evaluate(configuration))
        owns = configurations_of(configuration, self.universe)
        for each, alone, own in zip(self.universe.markets, self._alone, owns, strict=True):
            said = (
                first_joint_difference(own, alone.universe, alone.evaluate(own))
                if isinstance(alone, JointEvaluator)
                else first_difference(own, each.market, alone.evaluate(own))
            )
            if said is not None:
                return f"{each.market.name}: {said}"
        return None
