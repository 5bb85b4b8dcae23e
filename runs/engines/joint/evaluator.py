"""Candidates on a universe: one account, each market on its own map, compiled where the strategy can be."""

from typing import Any

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.compiled import Evaluation, EvaluationInputs
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator, Trial, is_compiled
from runs.engines.event import run_model
from runs.engines.joint.compiled import JointEvaluation, evaluate_jointly, joint_loop
from runs.engines.joint.event import part_of, run_joint_backtest
from runs.engines.joint.plan import configurations_of, joint_plan, joint_shares
from runs.engines.joint.result import JointResult
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import NOT_OPENED, entries_not_opened, turnover
from runs.perpetual.round_trips import hit_rate, trips_of
from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.performance import headline
from strategies.registry import load_strategy


class JointEvaluator:
    """Evaluate candidates on a universe, each with a fresh account.

    Parameters
    ----------
    universe
        The markets.
    heatmaps
        Where snapshots come from.

    Attributes
    ----------
    days
        (d,) datetime64[D] of the evaluated steps.
    """

    def __init__(self, universe: Universe, heatmaps: Heatmaps) -> None:
        self.universe, self._heatmaps, self._plan = universe, heatmaps, joint_plan(universe)
        self.times = universe.times[self._plan.first : len(self._plan.rows)]
        self.days, self._day_rows = day_ends(self.times)
        self._each = [Evaluator(each.market, heatmaps, each.first, each.last) for each in universe.markets]
        self._shares: dict[Any, np.ndarray] = {}

    def evaluate(self, configuration: Configuration) -> JointEvaluation:
        """Return what a candidate does, fill by fill.

        Raises
        ------
        ValueError
            As `Evaluator.evaluate`, and for an allocation that is none.
        """
        kind: Any = load_strategy(configuration.strategy)
        if not is_compiled(kind):
            return joint_evaluation(run_joint_backtest(configuration, self.universe), self._plan.first)
        inputs = self._inputs(configuration)
        shares = self._shared(configuration)
        return evaluate_jointly(joint_loop(kind.decide), inputs, self._plan, shares)

    def trial(self, configuration: Configuration) -> Trial:
        """Return a candidate's figures and daily returns; raises as `evaluate` does."""
        return self.figures(self.evaluate(configuration))

    def figures(self, evaluation: JointEvaluation) -> Trial:
        """Return the account's figures of an evaluation, and what each market earned."""
        parts, start = evaluation.parts, float(evaluation.parts[0].account["start"][0])
        equity = evaluation.equity[self._plan.first :]
        returns = returns_of_days(equity[self._day_rows], start)
        closes = [float(each.market.frame["close"].iloc[each.last - 1]) for each in self.universe.markets]
        nets = [trips_of(part.fills, close) for part, close in zip(parts, closes, strict=True)]
        closed = np.concatenate([trips["net"][trips["exit_bar"] >= 0] for trips in nets])
        missed = [entries_not_opened(part.account[0]) for part in parts]
        metrics = headline(returns, equity, start) | {
            "trades": sum(map(len, nets)),
            "hit_rate_fraction": hit_rate(closed),
            "fees_quote": sum(float(part.account["fees"][0]) for part in parts),
            "funding_paid_quote": sum(float(part.account["funding"][0]) for part in parts),
            "liquidations": sum(int(part.account["liquidations"][0]) for part in parts),
            "final_equity_quote": float(equity[-1]),
            "turnover_quote": sum(turnover(part.fills) for part in parts),
            **{name: sum(counts[name] for counts in missed) for name in NOT_OPENED},
        }
        for name, part in zip(self.universe.names, parts, strict=True):
            metrics[f"return_fraction of {name}"] = float(part.equity[-1] - start) / start
        return Trial(metrics, returns)

    def run(self, configuration: Configuration) -> JointResult:
        """Return a candidate's run as the event engine leaves it, without orders where it was compiled."""
        kind: Any = load_strategy(configuration.strategy)
        if not is_compiled(kind):
            return run_joint_backtest(configuration, self.universe)
        found, parts = self.evaluate(configuration), []
        each_with = zip(
            self.universe.markets, self._each, configurations_of(configuration, self.universe), found.parts, strict=True
        )
        for each, evaluator, own, part in each_with:
            snapshots, state = run_model(own.model, each.market.head(each.last))
            parts.append(part_of(each, own, evaluator.terms(own).listing, part, snapshots, state))
        return JointResult(
            self.universe, configuration, self.times, found.equity[self._plan.first :], self._shared(configuration),
            tuple(parts),
        )  # fmt: skip

    def _inputs(self, configuration: Configuration) -> list[EvaluationInputs]:
        configurations = configurations_of(configuration, self.universe)
        return [each.prepared(own)[1] for each, own in zip(self._each, configurations, strict=True)]

    def _shared(self, configuration: Configuration) -> np.ndarray:
        named = (configuration.model, configuration.allocation)
        if named not in self._shares:
            known = [
                self._heatmaps.snapshots(each.market, configuration.model)["volatility_24h"]
                for each in self.universe.markets
            ]
            self._shares = {named: joint_shares(self._plan, self.universe, known, configuration.allocation)}
        return self._shares[named]


def joint_evaluation(result: JointResult, first: int) -> JointEvaluation:
    """Return a run as an evaluation, whose equity begins `first` steps earlier."""
    parts = tuple(
        Evaluation(part.fills, part.equity, part.position, part.account, part.state_before, part.state_after)
        for part in result.parts
    )
    return JointEvaluation(np.concatenate([np.full(first, result.start), result.equity]), parts)
