"""Candidates on one market: each is evaluated compiled where its strategy can be, else by the event engine."""

import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from runs.engines.compiled import Evaluation, EvaluationInputs, evaluate, trading_loop
from runs.engines.configuration import Configuration
from runs.engines.event import run_backtest, run_model
from runs.engines.held import HeldPerpetual, held_perpetual
from runs.engines.instruments import check_history, check_tradable, listing_for, market_prices, smallest_step
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import entries_not_opened, turnover
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import CostParameters, margin_limit, stacked_tiers
from runs.perpetual.round_trips import hit_rate, trips_of
from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.holding import constant_exposure_returns, mean_exposure
from runs.statistics.performance import headline, time_in_market, total_return
from runs.venues.instruments import Listing
from strategies.base import PerpetualStrategy
from strategies.fields_read import fields_read
from strategies.market import funding_terms
from strategies.position import sizing_record
from strategies.registry import load_strategy
from strategies.rule import history_of, is_compiled_rule, new_state, rule_record
from strategies.sizing import SizingParameters
from strategies.trading import trading_record
from strategies.uncompiled import compile_problem

_OVERRIDES = (types.FunctionType, property, classmethod)


@dataclass(frozen=True)
class Trial:
    """What a sweep keeps of a candidate.

    Attributes
    ----------
    metrics
        Named and valued as in `runs.outcome.metrics.run_metrics`.
    daily_returns
        (d,) returns of whole UTC days.
    """

    metrics: dict[str, float]
    daily_returns: np.ndarray


class Terms(NamedTuple):
    """What trading one contract takes, as the compiled loop reads it.

    Attributes
    ----------
    listing
        The contract over time.
    tiers
        (d, n, 4) brackets of each of its terms.
    funding
        (k,) of `FUNDING_TERMS`.
    """

    listing: Listing
    tiers: np.ndarray
    funding: np.ndarray


class Charges(NamedTuple):
    """What an account pays and may do on one contract, as the compiled loop reads it.

    Attributes
    ----------
    costs
        (d,) of `COSTS`, one of each of the contract's terms.
    sizing
        (1,) of `SIZING`.
    """

    costs: np.ndarray
    sizing: np.ndarray


class Evaluator:
    """Evaluate candidates on the bars ``first <= bar < last`` of a market, each with a fresh account.

    Parameters
    ----------
    market
        The whole market.
    heatmaps
        Where snapshots come from.
    first, last
        The bars traded; the whole market by default. The map has seen the bars before `first` as well, and none from `last`
        on: a snapshot follows from its own bar and earlier ones alone. The venue's terms are those in force at each bar.

    Attributes
    ----------
    days
        (d,) datetime64[D] of the evaluated bars.

    Raises
    ------
    ValueError
        For a range that is empty or not within the market.
    """

    def __init__(self, market: Market, heatmaps: Heatmaps, first: int = 0, last: int | None = None) -> None:
        last = len(market) if last is None else last
        if not 0 <= first < last <= len(market):
            raise ValueError(f"{market.name}: bars {first} .. {last} are no range within its {len(market)} bars")
        self._market, self._heatmaps, self._first, self._last = market, heatmaps, first, last
        self._seen = market.head(last)
        self.days, self._day_rows = day_ends(market.times[first:last])
        # What many candidates share costs more to work out anew than they take on the bars.
        self._kinds: dict[str, Any] = {}
        self._terms: dict[InstrumentParameters, Terms] = {}
        self._prices: dict[InstrumentParameters, np.ndarray] = {}
        self._charges: dict[tuple[InstrumentParameters, CostParameters, SizingParameters], Charges] = {}

    @cached_property
    def held(self) -> HeldPerpetual:
        """What holding the perpetual on these bars comes to."""
        return held_perpetual(market_prices(self._market)[self._first : self._last], self._day_rows)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: it works out itself what candidates share."""
        kept = {name: value for name, value in self.__dict__.items() if name != "held"}
        return kept | {"_kinds": {}, "_terms": {}, "_prices": {}, "_charges": {}}

    def evaluate(self, configuration: Configuration, state: np.ndarray | None = None) -> Evaluation:
        """Return what a candidate does, fill by fill; its rule begins with a `state`, (1,), or anew.

        Raises
        ------
        ValueError
            For parameters outside their domain; for a leverage that the venue does not allow; for a strategy that is not ours
            and a `first` other than 0.
        """
        if not is_compiled(self._kind(configuration)):
            result = run_backtest(configuration, self._seen, first_bar=self._first, state=state)
            equity, position = result.equity[self._first :], result.position[self._first :]
            states, sent = (result.state_before, result.state_after), len(result.orders or ())
            return Evaluation(result.fills, equity, position, result.account, *states, self._first, sent)
        try:
            return evaluate(*self.prepared(configuration, state))
        except IndexError:  # of the rule; the event engine says in which line
            run_backtest(configuration, self._seen, first_bar=self._first, state=state)
            raise

    def expect(self, models: Iterable[ModelParameters]) -> None:
        """Hear by which models the next candidates trade: those that share a map are read off it in one pass."""
        self._heatmaps.expect(models)

    def prepared(
        self, configuration: Configuration, state: np.ndarray | None = None
    ) -> tuple[Callable[..., bool], EvaluationInputs]:
        """Return the loop of a compiled candidate and what it runs on; raises as `evaluate` does."""
        kind = self._kind(configuration)
        inputs = EvaluationInputs(
            bars=self._heatmaps.bars(self._market),
            snapshots=self._heatmaps.packed(self._market, configuration.model, fields_read(kind.decide)),
            prices=self.prices(configuration),
            **self.settings(configuration, state),
        )
        return trading_loop(kind.decide), inputs

    def settings(self, configuration: Configuration, state: np.ndarray | None = None) -> dict[str, Any]:
        """Return `EvaluationInputs` of a candidate but for bars, snapshots and prices; raises as `evaluate` does."""
        kind = self._kind(configuration)
        rule = kind.parameters_kind(**configuration.rule)
        terms, charges, history = self.terms(configuration), self._charged(configuration), history_of(kind, rule)
        check_history(configuration, self._seen, history)
        return {
            "first": self._first,
            "last": self._last,
            "history": history,
            "funding": terms.funding,
            "rule": rule_record(rule),
            "state": new_state(kind) if state is None else state,
            "sizing": charges.sizing,
            "trading": trading_record(configuration.trading),
            "costs": charges.costs,
            "tiers": terms.tiers,
            "starting_cash": configuration.costs.starting_cash,
            "bar_seconds": float(self._market.bar_seconds),
        }

    def terms(self, configuration: Configuration) -> Terms:
        """Return a candidate's contract over time; worked out once for all that trade it."""
        key = configuration.instrument
        if key not in self._terms:
            listing = listing_for(configuration, self._seen)
            self._terms[key] = Terms(
                listing,
                stacked_tiers(listing.instruments),
                funding_terms(listing.funding_intervals),
            )
        return self._terms[key]

    def prices(self, configuration: Configuration) -> np.ndarray:
        """Return (n,) of `PRICES` with the terms in force at each bar; worked out once for all on a contract."""
        key = configuration.instrument
        if key not in self._prices:
            self._prices[key] = market_prices(self._market, self.terms(configuration).listing)
        return self._prices[key]

    def _kind(self, configuration: Configuration) -> Any:
        name = configuration.strategy
        if name not in self._kinds:
            self._kinds[name] = load_strategy(name)
        return self._kinds[name]

    def _charged(self, configuration: Configuration) -> Charges:
        """Return a candidate's costs and sizes, checked; worked out once for all that have the same."""
        costs, sizing = configuration.costs, configuration.sizing
        key = (configuration.instrument, costs, sizing)
        if key not in self._charges:
            listing = self.terms(configuration).listing
            check_tradable(configuration, self._seen, listing)
            records = costs.records(listing.instruments)
            limits = sizing_record(sizing, smallest_step(listing), margin_limit(records))
            self._charges[key] = Charges(records, limits)
        return self._charges[key]

    def trial(self, configuration: Configuration) -> Trial:
        """Return a candidate's figures and daily returns; raises as `evaluate` does."""
        return self.figures(self.evaluate(configuration))

    def figures(self, evaluation: Evaluation) -> Trial:
        """Return the figures of an evaluation on this evaluator's bars."""
        account, equity = evaluation.account[0], evaluation.equity
        start = float(account["start"])
        returns = self.daily_returns(equity, start)
        exposure = mean_exposure(evaluation.position, self.held.close, equity)
        trips = trips_of(evaluation.fills, float(self.held.close[-1]))
        metrics = headline(returns, equity, start) | {
            "trades": len(trips),
            "hit_rate_fraction": hit_rate(trips["net"][trips["exit_bar"] >= 0]),
            "fees_quote": float(account["fees"]),
            "funding_paid_quote": float(account["funding"]),
            "liquidations": int(account["liquidations"]),
            "final_equity_quote": float(equity[-1]),
            "time_in_market_fraction": time_in_market(evaluation.position),
            "turnover_quote": turnover(evaluation.fills),
            "mean_exposure": exposure,
            "constant_exposure_return_fraction": total_return(
                constant_exposure_returns(exposure, self.held.daily_returns)
            ),
            **entries_not_opened(account),
        }
        return Trial(metrics, returns)

    def daily_returns(self, equity: np.ndarray, start: float) -> np.ndarray:
        """Return (d,) returns of equity, (n,) at each evaluated bar's close; `start` is what was there before."""
        return returns_of_days(equity[self._day_rows], start)


def run_compiled(configuration: Configuration, market: Market) -> EngineResult:
    """Run one backtest without backtrader where its strategy can be compiled, else as `run_backtest`: the same result.

    Returns
    -------
    EngineResult
        Without orders where it was compiled.

    Raises
    ------
    ValueError
        For a leverage that the venue does not allow.
    """
    kind: Any = load_strategy(configuration.strategy)
    if not is_compiled(kind):
        return run_backtest(configuration, market)
    snapshots, state = run_model(configuration.model, market)
    heatmaps = Heatmaps(None)
    heatmaps.hold(market, configuration.model, snapshots)
    evaluator = Evaluator(market, heatmaps)
    found = evaluator.evaluate(configuration)
    return EngineResult(
        market=market,
        configuration=configuration,
        listing=evaluator.terms(configuration).listing,
        equity=found.equity,
        position=found.position,
        fills=found.fills,
        account=found.account,
        state_before=found.state_before,
        state_after=found.state_after,
        snapshots=snapshots,
        clusters=significant_clusters(state),
        state=state,
        orders=None,
    )


@cache
def is_compiled(kind: type) -> bool:
    """Return whether a strategy can run without backtrader: a compiled rule, carried out in the usual way."""
    if not issubclass(kind, PerpetualStrategy) or not is_compiled_rule(getattr(kind, "decide", None)):
        return False
    ours = [vars(part) for part in kind.__mro__ if issubclass(part, PerpetualStrategy)]
    own = [value for names in ours for name, value in names.items() if name != "history"]
    if compile_problem(kind) is not None:
        return False
    base = {id(value) for value in vars(PerpetualStrategy).values()}
    return not any(isinstance(value, _OVERRIDES) and id(value) not in base for value in own)
