"""One account in several markets in backtrader: a feed and a strategy for each, one broker for all."""

from collections.abc import Callable
from typing import Any

import backtrader as bt
import numpy as np

from datafeeds.perpetual import PerpetualFeed
from datafeeds.universe.markets import Universe, UniverseMarket
from indicators.liquidation.model import State
from runs.engines.compiled import Evaluation
from runs.engines.configuration import Configuration
from runs.engines.event import Progress, add_strategy, heatmap_of, run_model
from runs.engines.instruments import checked_listing
from runs.engines.joint.broker import JointBroker
from runs.engines.joint.plan import configurations_of, joint_plan, joint_shares
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.venues.instruments import Listing
from strategies.base import PerpetualStrategy
from strategies.errors import error_of
from strategies.registry import BUILT_IN, load_strategy


def run_joint_backtest(
    configuration: Configuration, universe: Universe, report: Callable[[int], None] | None = None
) -> JointResult:
    """Run one backtest with one account over a universe.

    Parameters
    ----------
    configuration, universe
        What to run, on what. A strategy that is not ours gets all feeds, in the order of the universe's names.
    report
        Called with the number of newly done steps, now and then.

    Raises
    ------
    ValueError
        As `runs.engines.event.run_backtest` for any of the markets, and for an allocation that is none.
    """
    kind: Any = load_strategy(configuration.strategy)
    plan, owns = joint_plan(universe), configurations_of(configuration, universe)
    seen = [each.market.head(each.last) for each in universe.markets]
    listings = [checked_listing(own, market) for own, market in zip(owns, seen, strict=True)]
    shares = joint_shares(
        plan, universe, configuration.allocation, lambda k: run_model(configuration.model, seen[k])[0]["volatility_24h"]
    )
    cerebro = bt.Cerebro(stdstats=False)
    for market in seen:
        cerebro.adddata(PerpetualFeed(market=market))
    broker = JointBroker(costs=configuration.costs, listings=listings, leaves=plan.leaves, shares=shares)
    cerebro.broker = broker
    if issubclass(kind, PerpetualStrategy):
        for feed, (own, listing) in enumerate(zip(owns, listings, strict=True)):
            leaves = plan.leaves[feed]
            add_strategy(
                cerebro, own, listing, plan.begins[feed], feed=feed, last_bar=leaves if leaves >= 0 else np.inf
            )  # fmt: skip
    else:
        add_strategy(cerebro, configuration, listings[0], max(plan.begins))
    if report is not None:
        cerebro.addanalyzer(Progress, report=report)
    try:
        strategies = cerebro.run()
    except Exception as error:
        if configuration.strategy in BUILT_IN:
            raise  # a defect of ours
        raise error_of(configuration.strategy, error, kind) from error
    ours = strategies if issubclass(kind, PerpetualStrategy) else [None] * len(seen)
    parts = []
    for each, own, listing, book, strategy in zip(universe.markets, owns, listings, broker.books, ours, strict=True):
        states = getattr(strategy, "state_began", None), getattr(strategy, "rule_state", None)
        found = Evaluation(book.fills.copy(), np.array(book.equities), np.array(book.positions), book.account, *states)
        parts.append(
            part_of(
                each, own, listing, found, heatmap_of(own, each.market.head(each.last), strategy), tuple(book.journal)
            )
        )
    times = universe.times[plan.first : len(plan.rows)]
    return JointResult(universe, configuration, times, np.array(broker.equities)[plan.first :], shares, tuple(parts))


def part_of(
    each: UniverseMarket, configuration: Configuration, listing: Listing, found: Evaluation,
    heatmap: tuple[np.ndarray, np.ndarray, State], orders: Any = None,
) -> EngineResult:  # fmt: skip
    """Return what was done in one market as a run of its own, by the bars until its last traded one."""
    snapshots, clusters, state = heatmap
    return EngineResult(
        market=each.market.head(each.last), configuration=configuration, listing=listing, equity=found.equity[: each.last],
        position=found.position[: each.last], fills=found.fills, account=found.account.copy(), snapshots=snapshots,
        clusters=clusters, state=state, orders=orders, state_before=found.state_before, state_after=found.state_after,
    )  # fmt: skip
