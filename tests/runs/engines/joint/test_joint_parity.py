"""One account in several markets: both engines trade alike, and what must not matter does not."""

from dataclasses import replace

import numpy as np
import pytest

from datafeeds.universe.markets import from_markets
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_backtest
from runs.engines.joint.evaluator import JointEvaluator
from runs.engines.joint.event import run_joint_backtest
from runs.engines.joint.parity import first_joint_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import DELISTING, LIQUIDATION, reconciliation_error
from strategies.registry import BUILT_IN
from tests.runs.drawing import candidate
from tests.runs.engines.joint.universes import drawn_market, drawn_universe

EVERY_INTENT = "tests.runs.planted.every_intent:EveryIntent"


def agree(seed, strategy, harsh=0.7):
    """Compare a random candidate on a random universe; return its evaluation and universe."""
    random, universe = np.random.default_rng(seed), drawn_universe(seed)
    configuration = replace(
        candidate(random, strategy, harsh),
        markets=("drawn",),
        allocation=("equal", "inverse-volatility")[seed % 3 == 0],
    )
    found = JointEvaluator(universe, Heatmaps(None)).evaluate(configuration)
    assert first_joint_difference(configuration, universe, found) is None, configuration
    start, names = float(found.parts[0].account["start"][0]), ("fees", "funding", "realised")
    for each, part in zip(universe.markets, found.parts, strict=True):
        close = float(each.market.frame["close"].iloc[each.last - 1])
        assert reconciliation_error(part.account, part.fills, close) < 1e-9
        assert all(np.isfinite(part.account[name]).all() for name in names)
    earned = sum(
        float(part.equity[each.last - 1]) - start for each, part in zip(universe.markets, found.parts, strict=True)
    )
    assert found.equity[-1] == pytest.approx(start + earned, abs=1e-9 * start)
    return found, universe


def kinds_of(done):
    return {int(kind) for found, _ in done for part in found.parts for kind in part.fills["kind"]}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_random_universes_are_traded_alike_by_both_engines(strategy):
    agree(3, strategy)


def test_delistings_and_liquidations_are_carried_out_alike():
    assert {DELISTING, LIQUIDATION} <= kinds_of([agree(seed, EVERY_INTENT, harsh=1.0) for seed in range(5, 13)])


@pytest.mark.slow
def test_100_random_universes_are_traded_alike_by_both_engines():
    strategies = [*BUILT_IN, EVERY_INTENT, EVERY_INTENT]
    done = [agree(seed, strategies[seed % len(strategies)]) for seed in range(100, 200)]
    assert {DELISTING, LIQUIDATION} <= kinds_of(done)


@pytest.mark.parametrize("strategy", ["overlay", pytest.param("magnet", marks=pytest.mark.slow)])
def test_a_universe_of_one_market_is_that_market(strategy):
    market = drawn_market(4, 1200)
    configuration = configuration_from({"strategy": strategy})
    alone = Evaluator(market, Heatmaps(None)).evaluate(configuration)
    joint = JointEvaluator(from_markets([market]), Heatmaps(None)).evaluate(configuration)
    assert len(alone.fills) > 0
    assert (joint.equity == alone.equity).all()
    assert (joint.parts[0].fills == alone.fills).all()
    assert (run_backtest(configuration, market).equity == joint.equity).all()


def test_what_is_listed_first_does_not_matter():
    markets = [drawn_market(seed, 800) for seed in (11, 12, 13)]
    configuration = configuration_from(
        {"strategy": EVERY_INTENT, "costs": {"leverage": 50.0}, "sizing": {"max_leverage": 40.0}}
    )
    equities = [
        JointEvaluator(from_markets(order), Heatmaps(None)).evaluate(configuration).equity
        for order in (markets, markets[::-1], [markets[1], markets[0], markets[2]])
    ]
    assert (equities[0] == equities[1]).all()
    assert (equities[0] == equities[2]).all()


@pytest.mark.parametrize("allocation", ["equal", "inverse-volatility"])
def test_what_comes_later_changes_no_earlier_equity(allocation):
    universe = drawn_universe(7)
    configuration = replace(configuration_from({"strategy": EVERY_INTENT, "model": {}}), allocation=allocation)
    whole = JointEvaluator(universe, Heatmaps(None)).evaluate(configuration).equity
    cut = universe.times[len(universe.times) // 2]
    seen = [each for each in universe.markets if each.market.times[0] < cut]
    heads = [each.market.head(int((each.market.times < cut).sum())) for each in seen]
    firsts = [min(each.first, len(head) - 1) for each, head in zip(seen, heads, strict=True)]
    lasts = [min(each.last, len(head)) for each, head in zip(seen, heads, strict=True)]
    part = from_markets(heads, firsts, lasts, [each.weight for each in seen])
    equity = JointEvaluator(part, Heatmaps(None)).evaluate(configuration).equity
    # At the cut's last step a market may be taken to leave: what it holds is then closed, at a cost.
    assert len(equity) > 300
    assert (equity[:-1] == whole[: len(equity) - 1]).all()


def test_a_share_of_the_account_trades_what_an_account_of_that_size_would():
    markets = [drawn_market(seed, 700) for seed in (21, 22)]
    configuration = configuration_from({"strategy": "overlay"})
    both = JointEvaluator(from_markets(markets), Heatmaps(None)).evaluate(configuration)
    half = replace(configuration, costs=replace(configuration.costs, starting_cash=50_000.0))
    for market, part in zip(markets, both.parts, strict=True):
        alone = Evaluator(market, Heatmaps(None)).evaluate(half)
        assert len(part.fills)
        assert part.fills["size"][0] == alone.fills["size"][0]


def test_progress_counts_a_step_once_however_many_markets_there_are():
    universe, told = from_markets([drawn_market(1, 1100), drawn_market(2, 1100)]), []
    run_joint_backtest(configuration_from({"strategy": "overlay"}), universe, told.append)
    assert told == [1000]
