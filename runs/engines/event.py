"""The composition root: assembles backtrader from a configuration, runs it, and hands back arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import backtrader as bt
import numpy as np

from datafeeds.errors import MarketError
from datafeeds.markets import open_market
from datafeeds.perpetual import PerpetualFeed
from datafeeds.resampling import resample
from datafeeds.schema import MODEL_COLUMNS, Market
from datafeeds.series import timeframe_seconds
from datafeeds.simulated.market import simulate
from indicators.liquidation.bar import empty_bars
from indicators.liquidation.model import State, build_model, copy_state, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from indicators.liquidation.step import run
from runs.engines.broker import PerpetualBroker
from runs.engines.configuration import IN_MEMORY, Configuration
from runs.engines.instruments import checked_listing, smallest_step
from runs.engines.result import EngineResult
from runs.perpetual.costs import margin_limit
from runs.venues.instruments import Listing
from strategies.base import PerpetualStrategy
from strategies.errors import error_of
from strategies.market import funding_terms
from strategies.registry import BUILT_IN, load_strategy

_BARS_A_REPORT = 1000


@dataclass(frozen=True)
class EngineMode:
    """How backtrader runs; every mode gives the same result (tested), the default is the fastest."""

    preload: bool = True
    runonce: bool = True
    exactbars: int = 0


class Progress(bt.Analyzer):  # type: ignore[misc]
    """Tell that another thousand bars are done; of strategies that share an account only the first tells."""

    params = (("report", None),)

    def next(self) -> None:
        if len(self.strategy) % _BARS_A_REPORT == 0 and not getattr(self.strategy.p, "feed", None):
            self.p.report(_BARS_A_REPORT)


def load_market(configuration: Configuration) -> Market:
    """Return the market a configuration names, cut to its range; without a name the simulated one."""
    if configuration.several:
        raise MarketError("several markets are named, and this takes one: give one --data, and no --universe")
    if configuration.data is None:
        market = simulate(configuration.seed).between(configuration.start, configuration.end)
        return resample(market, timeframe_seconds(configuration.timeframe)) if configuration.timeframe else market
    if configuration.data == IN_MEMORY:
        raise MarketError("the data of this run was in memory: name a file that holds it with --data")
    return open_market(
        configuration.data,
        configuration.start,
        configuration.end,
        configuration.timeframe,
        configuration.mapping,
        configuration.catalog,
    )


def model_bars(market: Market) -> np.ndarray:
    """Return a market as (n,) of the model's `BAR`."""
    bars = empty_bars(len(market))
    columns = market.columns()
    for name in MODEL_COLUMNS:
        bars[name] = columns[name]
    bars["open_time"] = market.times.astype("datetime64[ms]").astype(np.int64) / 1000.0
    return bars


def run_backtest(
    configuration: Configuration,
    market: Market,
    mode: EngineMode | None = None,
    report: Callable[[int], None] | None = None,
    first_bar: int = 0,
    state: np.ndarray | None = None,
) -> EngineResult:
    """Run one backtest.

    Parameters
    ----------
    configuration, market
        What to run, on what.
    mode
        How backtrader runs.
    report
        Called with the number of newly done bars, now and then; it costs time.
    first_bar
        Index of the first bar at whose close the rule is asked; the map sees those before as well.
    state
        (1,) with which the rule begins; None: anew.

    Raises
    ------
    ValueError
        As of `checked_listing`; for a `first_bar` other than 0 and a strategy that is not ours: it has
        no way to be told.
    """
    listing = checked_listing(configuration, market)
    strategy, broker = _run(configuration, market, mode or EngineMode(), listing, report, first_bar, state)
    snapshots, clusters, at_last = heatmap_of(configuration, market, strategy)
    return EngineResult(
        market=market,
        configuration=configuration,
        listing=listing,
        equity=np.array(broker.equities),
        position=np.array(broker.positions),
        fills=broker.fills.copy(),
        account=broker.account.copy(),
        snapshots=snapshots,
        clusters=clusters,
        state=at_last,
        orders=tuple(broker.journal),
        state_before=getattr(strategy, "state_began", None),
        state_after=getattr(strategy, "rule_state", None),
    )


def _run(
    configuration: Configuration,
    market: Market,
    mode: EngineMode,
    listing: Listing,
    report: Any,
    first_bar: int,
    began: np.ndarray | None,
) -> tuple[Any, PerpetualBroker]:
    cerebro = bt.Cerebro(stdstats=False, preload=mode.preload, runonce=mode.runonce, exactbars=mode.exactbars)
    cerebro.adddata(PerpetualFeed(market=market))
    broker = PerpetualBroker(costs=configuration.costs, listing=listing)
    cerebro.broker = broker
    add_strategy(cerebro, configuration, listing, first_bar, began)
    if report is not None:
        cerebro.addanalyzer(Progress, report=report)
    kind = load_strategy(configuration.strategy)
    try:
        return cerebro.run()[0], broker
    except Exception as error:
        if configuration.strategy in BUILT_IN:
            raise  # a defect of ours
        raise error_of(configuration.strategy, error, kind) from error


def add_strategy(
    cerebro: bt.Cerebro,
    configuration: Configuration,
    listing: Listing,
    first_bar: int = 0,
    state: np.ndarray | None = None,
    **feed: Any,
) -> None:
    """Add the configured strategy to a cerebro, with its parameters; ours may begin at a later bar, and with a state.

    `feed`: ``feed`` and ``last_bar`` of `PerpetualStrategy`, where one account trades several markets.
    """
    kind = load_strategy(configuration.strategy)
    if issubclass(kind, PerpetualStrategy):
        cerebro.addstrategy(
            kind,
            rule=kind.parameters_kind(**configuration.rule),
            sizing=configuration.sizing,
            trading=configuration.trading,
            model=configuration.model,
            contract_step=smallest_step(listing),
            margin_limit=margin_limit(configuration.costs.records(listing.instruments)),
            funding=funding_terms(listing.funding_intervals),
            first_bar=first_bar,
            state=state,
            **feed,
        )
    elif first_bar:
        raise ValueError(
            f"strategy {configuration.strategy}: it cannot begin at bar {first_bar}; only subclasses of PerpetualStrategy can"
        )
    else:
        cerebro.addstrategy(kind, **configuration.rule)


def heatmap_of(configuration: Configuration, market: Market, strategy: Any) -> tuple[np.ndarray, np.ndarray, State]:
    """Return the snapshots of all bars, and clusters and state at the last; computed here if the strategy has no heatmap."""
    if isinstance(strategy, PerpetualStrategy):
        heatmap = strategy.heatmap
        snapshots = heatmap.view()[0]
        if len(snapshots) > len(market):  # bar by bar there is room for more; else they are this run's as they are
            snapshots = snapshots[: len(market)].copy()
        return snapshots, heatmap.clusters().copy(), copy_state(heatmap.state())
    snapshots, state = run_model(configuration.model, market)
    return snapshots, significant_clusters(state), state


def run_model(parameters: ModelParameters, market: Market) -> tuple[np.ndarray, State]:
    """Take a market through the model; return the (n,) snapshots, and the state at the last close."""
    model = build_model(parameters, market.bar_seconds)
    state = initial_state(model)
    return run(model, model_bars(market), state), state
