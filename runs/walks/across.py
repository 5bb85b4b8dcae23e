"""Test windows of a walk across markets: one account trades all of them, window after window, and their join is one run."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from datafeeds.universe.markets import Universe, UniverseMarket
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.snapshot import CLUSTER
from runs.engines.configuration import Configuration
from runs.engines.instruments import listing_for
from runs.engines.joint.compiled import JointEvaluation
from runs.engines.joint.evaluator import JointEvaluator
from runs.engines.joint.parity import first_joint_difference
from runs.engines.joint.plan import configurations_of, joint_plan, joint_shares
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import ACCOUNT, FILL
from runs.walks.joining import MIN_CASH, summed_account
from runs.walks.windows import Window


@dataclass(frozen=True)
class JointTradedWindow:
    """A test window traded by one account in all markets.

    Attributes
    ----------
    window, universe
        Where: times of the whole universe, and the part of it that may be traded there.
    configuration
        With what; its starting cash is what the window before left.
    times, evaluation
        (t,) naive UTC opens of its steps, and what came of it, flat at the end; None where no cash was left to trade.
    cash
        What it left, quote.
    metrics
        Its figures; returns are of the window's own starting cash.
    """

    window: Window
    universe: Universe
    configuration: Configuration
    times: np.ndarray
    evaluation: JointEvaluation | None
    cash: float
    metrics: dict[str, float]


def trade_across(
    universe: Universe, heatmaps: Heatmaps, windows: Sequence[Window], chosen: Sequence[Configuration]
) -> tuple[JointTradedWindow, ...]:
    """Trade each test window with what its train window chose; each begins with the cash that the one before left.

    What is held at a window's end is closed as where a market leaves. Each rule begins anew in each window.
    """
    traded: list[JointTradedWindow] = []
    cash = chosen[0].costs.starting_cash
    for window, configuration in zip(windows, chosen, strict=True):
        evaluator = JointEvaluator(universe.window(window.test_first, window.test_last), heatmaps)
        evaluation, metrics = None, dict[str, float]()
        if cash >= MIN_CASH:
            configuration = replace(configuration, costs=replace(configuration.costs, starting_cash=cash))
            evaluation = evaluator.evaluate(configuration)
            metrics, cash = evaluator.figures(evaluation).metrics, float(evaluation.equity[-1])
        where = window, evaluator.universe, configuration
        traded.append(JointTradedWindow(*where, evaluator.times, evaluation, cash, metrics))
    return tuple(traded)


def confirm_across(
    count: int, traded_windows: Sequence[JointTradedWindow], report: Callable[[int], None]
) -> dict[str, Any]:
    """Run the first `count` test windows again in the event engine, until one differs."""
    found: dict[str, Any] = {"asked": count, "equal": 0, "window": None, "difference": None}
    traded = [(number, each) for number, each in enumerate(traded_windows, start=1) if each.evaluation is not None]
    for number, each in traded[:count]:
        assert each.evaluation is not None
        difference = first_joint_difference(each.configuration, each.universe, each.evaluation)
        report(1)
        if difference is not None:
            return found | {"window": number, "difference": difference}
        found["equal"] += 1
    return found


def join_across(
    universe: Universe, heatmaps: Heatmaps, base: Configuration, traded_windows: Sequence[JointTradedWindow]
) -> JointResult:
    """Return the traded windows as one result on the steps from the first test to the last.

    Parameters
    ----------
    universe, heatmaps
        What was walked.
    base
        The configuration around which candidates lie; the result's.
    traded_windows
        From `trade_across`.
    """
    whole = universe.window(traded_windows[0].window.test_first, traded_windows[-1].window.test_last)
    plan, start = joint_plan(whole), base.costs.starting_cash
    times = whole.times[plan.first : len(plan.rows)]
    equity, before = np.full(len(times), start), start
    for each in traded_windows:
        at = np.searchsorted(times, each.times)
        equity[at[0] :] = each.cash  # until the next window
        equity[at] = before if each.evaluation is None else each.evaluation.equity[-len(at) :]
        before = each.cash
    shares = joint_shares(
        plan,
        whole,
        base.allocation,
        lambda k: heatmaps.snapshots(whole.markets[k].market, base.model)["volatility_24h"],
    )
    owns = configurations_of(base, whole)
    parts = [_part(each, own, heatmaps, traded_windows, start) for each, own in zip(whole.markets, owns, strict=True)]
    return JointResult(whole, base, times, equity, shares, tuple(parts))


def _part(
    each: UniverseMarket, base: Configuration, heatmaps: Heatmaps, traded_windows: Sequence[JointTradedWindow], start: float
) -> EngineResult:  # fmt: skip
    """Return what all windows did in one market as a run of its own: its equity is the start and what this market has earned."""
    seen = each.market.head(each.last)
    equity, position = np.full(len(seen), start), np.zeros(len(seen))
    snapshots = heatmaps.snapshots(each.market, base.model)[: each.last].copy()
    ledgers, accounts, sent = [np.zeros(0, dtype=FILL)], [], 0
    for traded in traded_windows:
        if traded.evaluation is None or each.market.name not in traded.universe.names:
            continue
        k = traded.universe.names.index(each.market.name)
        own, part = traded.universe.markets[k], traded.evaluation.parts[k]
        bars, earned = slice(own.first, own.last), float(equity[own.first])
        equity[bars] = earned + part.equity[bars] - float(part.account["start"][0])
        equity[own.last :] = equity[own.last - 1]
        position[bars] = part.position[bars]
        snapshots[bars] = heatmaps.snapshots(each.market, traded.configuration.model)[bars]
        fills = part.fills.copy()
        fills["order"][fills["order"] >= 0] += sent
        sent += part.sent
        ledgers.append(fills)
        accounts.append(part.account)
    fills, account = np.concatenate(ledgers), np.zeros(1, dtype=ACCOUNT)
    if accounts:
        account = summed_account(accounts)
    account["start"] = start
    account["wallet"] = start + math.fsum(float(one["wallet"][0] - one["start"][0]) for one in accounts)
    return EngineResult(
        market=seen, configuration=base, listing=listing_for(base, seen), equity=equity, position=position, fills=fills,
        account=account, snapshots=snapshots, clusters=np.zeros(0, dtype=CLUSTER),
        state=initial_state(build_model(base.model, seen.bar_seconds)), orders=None,
    )  # fmt: skip
