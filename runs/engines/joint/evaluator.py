"""Candidates on a universe: one account, each market on its own map, compiled where the strategy can be."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from datafeeds.universe.markets import Universe
from indicators.liquidation.bar import BAR
from runs.engines.compiled import Evaluation
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator, Trial, is_compiled
from runs.engines.event import heatmap_of
from runs.engines.instruments import market_prices
from runs.engines.joint.compiled import JointEvaluation, evaluate_jointly, joint_loop
from runs.engines.joint.event import part_of, run_joint_backtest
from runs.engines.joint.plan import JointPlan, configurations_of, joint_plan, joint_shares
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import NOT_OPENED, entries_not_opened, turnover
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.joint_account import side_by_side
from runs.perpetual.orders import PRICES
from runs.perpetual.round_trips import hit_rate, trips_of
from runs.statistics.daily import day_ends, laid_out, returns_of_days
from runs.statistics.holding import constant_exposure_returns, mean_exposure
from runs.statistics.performance import deepest_fall, headline, sharpe, time_in_market, total_return
from strategies.fields_read import fields_read
from strategies.registry import load_strategy

MARKET_FIGURES = ("total_return_fraction", "sharpe", "max_bar_drawdown_fraction")
"""What a trial keeps of each market beside what it is judged by."""


def of_market(name: str, metrics: Mapping[str, float]) -> dict[str, float]:
    """Return a market's `MARKET_FIGURES` as a trial has them, ``sharpe of NAME``."""
    return {f"{figure} of {name}": metrics[figure] for figure in MARKET_FIGURES}


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
        self._steps = [_Steps.of(self._plan, universe, k) for k in range(len(universe))]
        self._bars: np.ndarray | None = None
        self._terms: tuple[InstrumentParameters, tuple[np.ndarray, np.ndarray]] | None = None
        # Of the newest map alone: those of many markets are large.
        self._fields: tuple[Any, np.ndarray] | None = None
        self._shares: tuple[Any, np.ndarray] | None = None
        self._lengths = [len(each.market) for each in universe.markets]

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
        owns = zip(self._each, configurations_of(configuration, self.universe), strict=True)
        inputs = [each.settings(own) for each, own in owns]
        bars, snapshots = self._read(configuration, fields_read(kind.decide))
        prices, tiers = self._priced(configuration, [own["tiers"] for own in inputs])
        shares = self._shared(configuration, snapshots)
        return evaluate_jointly(
            joint_loop(kind.decide), self._lengths, bars, snapshots, prices, tiers, inputs, self._plan, shares
        )

    def trial(self, configuration: Configuration) -> Trial:
        """Return a candidate's figures and daily returns; raises as `evaluate` does."""
        return self.figures(self.evaluate(configuration))

    def figures(self, evaluation: JointEvaluation) -> Trial:
        """Return the account's figures of an evaluation, and those of what each market earned with it."""
        parts, start = evaluation.parts, float(evaluation.parts[0].account["start"][0])
        equity = evaluation.equity[self._plan.first :]
        returns = returns_of_days(equity[self._day_rows], start)
        nets = [trips_of(part.fills, each.closes[-1]) for part, each in zip(parts, self._steps, strict=True)]
        closed = np.concatenate([trips["net"][trips["exit_bar"] >= 0] for trips in nets])
        missed = [entries_not_opened(part.account[0]) for part in parts]
        held = [steps.laid_out(part.position) for part, steps in zip(parts, self._steps, strict=True)]
        both = zip(held, self._steps, strict=True)
        exposures = np.array([mean_exposure(own, steps.closes, equity) for own, steps in both])
        metrics = headline(returns, equity, start) | {
            "trades": sum(map(len, nets)),
            "hit_rate_fraction": hit_rate(closed),
            "fees_quote": sum(float(part.account["fees"][0]) for part in parts),
            "funding_paid_quote": sum(float(part.account["funding"][0]) for part in parts),
            "liquidations": sum(int(part.account["liquidations"][0]) for part in parts),
            "final_equity_quote": float(equity[-1]),
            "time_in_market_fraction": time_in_market(np.abs(held).sum(axis=0)),
            "turnover_quote": sum(turnover(part.fills) for part in parts),
            "mean_exposure": float(exposures.sum()),
            "constant_exposure_return_fraction": total_return(constant_exposure_returns(1.0, exposures @ self._held)),
            **{name: sum(counts[name] for counts in missed) for name in NOT_OPENED},
        }
        for each, alone, part in zip(self.universe.markets, self._each, parts, strict=True):
            own = part.equity[each.first : each.last]
            figures = (own[-1] / start - 1.0, sharpe(alone.daily_returns(own, start)), deepest_fall(own, start))
            metrics |= of_market(each.market.name, dict(zip(MARKET_FIGURES, map(float, figures), strict=True)))
        return Trial(metrics, returns)

    @cached_property
    def _held(self) -> np.ndarray:
        """(k, d) what a day of holding each market earns, 0 where it is not there."""
        return np.array([laid_out(self.days, alone.days, alone.held.daily_returns) for alone in self._each])

    def run(self, configuration: Configuration) -> JointResult:
        """Return a candidate's run as the event engine leaves it, without orders where it was compiled."""
        kind: Any = load_strategy(configuration.strategy)
        if not is_compiled(kind):
            return run_joint_backtest(configuration, self.universe)
        found, parts = self.evaluate(configuration), list[EngineResult]()
        _, read = self._read(configuration, fields_read(kind.decide))
        each_with = zip(
            self.universe.markets, self._each, configurations_of(configuration, self.universe), found.parts, strict=True
        )
        for each, evaluator, own, part in each_with:
            heatmap = heatmap_of(own, each.market.head(each.last), None)
            parts.append(part_of(each, own, evaluator.terms(own).listing, part, heatmap))
        return JointResult(
            self.universe, configuration, self.times, found.equity[self._plan.first :], self._shared(configuration, read),
            tuple(parts),
        )  # fmt: skip

    def _read(self, configuration: Configuration, kind: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        """Return bars and packed snapshots of all markets, one after another."""
        named, markets = (configuration.model, kind), [each.market for each in self.universe.markets]
        if self._bars is None or self._fields is None or self._fields[0] != named:
            count = sum(self._lengths)
            bars = np.empty(count, dtype=BAR) if self._bars is None else self._bars
            snapshots, end = np.empty(count, dtype=kind), 0
            for market in markets:
                own, end = slice(end, end + len(market)), end + len(market)
                snapshots[own] = self._heatmaps.packed(market, configuration.model, kind)
                if self._bars is None:
                    bars[own] = self._heatmaps.bars(market)
            self._bars, self._fields = bars, (named, snapshots)
        return self._bars, self._fields[1]

    def _priced(self, configuration: Configuration, tiers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return prices and brackets of all markets, one after another."""
        if self._terms is None or self._terms[0] != configuration.instrument:
            prices, end = np.empty(sum(self._lengths), dtype=PRICES), 0
            owns = configurations_of(configuration, self.universe)
            for each, evaluator, own in zip(self.universe.markets, self._each, owns, strict=True):
                begin, end = end, end + len(each.market)
                market_prices(each.market, evaluator.terms(own).listing, prices[begin:end])
            self._terms = configuration.instrument, (prices, side_by_side(prices, self._lengths, tiers))
        return self._terms[1]

    def _shared(self, configuration: Configuration, snapshots: np.ndarray) -> np.ndarray:
        named = (configuration.model, configuration.allocation)
        if self._shares is None or self._shares[0] != named:
            ends = np.cumsum(self._lengths)[:-1]
            known = np.split(snapshots["volatility_24h"], ends)
            self._shares = named, joint_shares(self._plan, self.universe, configuration.allocation, known.__getitem__)
        return self._shares[1]


def joint_evaluation(result: JointResult, first: int) -> JointEvaluation:
    """Return a run as an evaluation, whose equity begins `first` steps earlier."""
    parts = tuple(
        Evaluation(part.fills, part.equity, part.position, part.account, part.state_before, part.state_after)
        for part in result.parts
    )
    return JointEvaluation(np.concatenate([np.full(first, result.start), result.equity]), parts)


class _Steps(NamedTuple):
    """A market's newest bar at each step, and its close there; bar -1 before its first."""

    bars: np.ndarray
    closes: np.ndarray

    @classmethod
    def of(cls, plan: JointPlan, universe: Universe, k: int) -> "_Steps":
        """Return those of the k-th market, from the plan's first step on."""
        bars = np.maximum.accumulate(plan.rows[:, k])[plan.first :]
        return cls(bars, universe.markets[k].market.frame["close"].to_numpy()[bars])

    def laid_out(self, values: np.ndarray) -> np.ndarray:
        """Return (n,) values by bar as (t,) values by step, 0 before the first bar."""
        return np.where(self.bars >= 0, values[self.bars], 0.0)
