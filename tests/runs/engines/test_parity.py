"""The compiled evaluation and the event engine do the same, trade for trade; and what differs is found and named."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest

from datafeeds.markets import open_market
from datafeeds.resampling import resample
from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_model
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import ACCOUNT, FILL_KINDS, FUNDING, LIQUIDATION, MARKET
from runs.perpetual.contract import InstrumentParameters
from strategies.registry import BUILT_IN
from strategies.trading import TradingParameters
from tests.runs.drawing import HARSH, candidate, drawn

EAGER = {
    "cascade": {"rule": {"min_risk": 1.0}, "model": {"leverage_distribution": "tiers"}}
}  # by default it trades nothing
RESTLESS = "tests.runs.planted.restless:Restless"
EVERY_INTENT = "tests.runs.planted.every_intent:EveryIntent"
PLAIN_EVERY_INTENT = "tests.runs.planted.every_intent:PlainEveryIntent"


@pytest.fixture(scope="module")
def real(market_data):
    return open_market(str(market_data / "bybit_1h" / "BTCUSDT.parquet"))


@pytest.fixture(scope="module")
def simulated():
    return simulate(11, bars=1500)


def agree(market, strategy, sets, seed, harsh=0.5):
    """Compare random candidates; return their evaluations."""
    evaluator, random = Evaluator(market, Heatmaps(None)), np.random.default_rng(seed)
    done = []
    for _ in range(sets):
        configuration = candidate(random, strategy, harsh)
        evaluation = evaluator.evaluate(configuration)
        assert first_difference(configuration, market, evaluation) is None, configuration
        done.append(evaluation)
    return done


@pytest.mark.parametrize("strategy", BUILT_IN)
def test_random_candidates_trade_alike_on_real_bars(real, strategy):
    done = agree(real.head(6000), strategy, 3, seed=1)
    assert sum(len(evaluation.fills) for evaluation in done) > 10


@pytest.mark.slow
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_200_random_candidates_trade_alike_on_all_real_bars(real, strategy):
    fills = np.concatenate([evaluation.fills for evaluation in agree(real, strategy, 200, seed=2)])
    assert {FUNDING, LIQUIDATION} <= set(fills["kind"].tolist())


@pytest.mark.parametrize("strategy", BUILT_IN)
def test_random_candidates_trade_alike_on_simulated_bars(simulated, strategy):
    agree(simulated, strategy, 2, seed=3)


@pytest.mark.parametrize("strategy", ["overlay", RESTLESS])
def test_bars_with_settlements_within_them_are_traded_alike(strategy):
    market = resample(simulate(12, bars=12 * 700), 12 * 3600)
    assert market.has("funding_rate_within")
    done = agree(market, strategy, 4, seed=6, harsh=0.8)
    assert FUNDING in np.concatenate([evaluation.fills["kind"] for evaluation in done])


def test_every_kind_of_intent_in_any_order_is_carried_out_alike(simulated):
    done = agree(simulated, RESTLESS, 12, seed=4, harsh=1.0)
    kinds = np.concatenate([evaluation.fills["kind"] for evaluation in done])
    assert set(kinds.tolist()) == {0, 1, 2, 3, 4}, "market, limit, stop, liquidation and funding all occur"


def says_all(market, seeds, options=False, plain=False):
    """Compare both engines over rules that use every intent, with a state and a history of any length; return the evaluations."""
    evaluator, done = Evaluator(market, Heatmaps(None)), []
    for seed in seeds:
        random = np.random.default_rng(seed)

        def one_of(values, random=random):
            return values[random.integers(len(values))]

        rule = {"seed": float(seed), "reach": one_of([0.004, 0.01, 0.03]), "window": one_of([1, 2, 24, 240])}
        costs = {name: one_of(HARSH[name]) for name in ("margin_mode", "starting_cash")}
        costs |= {"leverage": one_of([5.0, 50.0]), "limit_through_ticks": one_of([0.0, 0.0, 3.0])}
        costs |= {"impact": one_of([0.0, 0.5]), "max_volume_share": one_of([0.0, 0.0, 0.01])}
        sizing = {"max_leverage": one_of([1.0, 40.0]), "risk_fraction": one_of([0.02, 0.2])}
        sizing["volatility_target"] = one_of([0.0, 0.0, 0.6]) if len(market) > 2000 else 0.0
        trading = asdict(drawn(random, TradingParameters, False)) if options else {}
        groups = {"rule": rule, "costs": costs, "sizing": sizing, "trading": trading}
        configuration = configuration_from({"strategy": EVERY_INTENT, **groups})
        evaluation = evaluator.evaluate(configuration)
        theirs = replace(configuration, strategy=PLAIN_EVERY_INTENT) if plain else configuration
        assert first_difference(theirs, market, evaluation) is None, configuration
        done.append(evaluation)
    return done


def assert_all_occurs(done):
    """Assert that there are fills of every kind, and orders that expired and were refused as post-only."""
    fills = np.concatenate([evaluation.fills for evaluation in done])
    assert set(fills["kind"].tolist()) == set(range(len(FILL_KINDS)))
    for name in ("expired", "refused_post_only"):
        assert sum(evaluation.account[name][0] for evaluation in done) > 5, name


def test_rules_that_use_every_intent_trade_alike(real, simulated):
    done = says_all(simulated, range(8)) + says_all(real.head(2000), range(8, 10))
    assert sum(len(evaluation.fills) for evaluation in done) > 1000


def test_rules_that_use_every_intent_under_options_trade_alike(simulated):
    done = says_all(simulated, range(20, 26), options=True) + says_all(simulated, (26, 27), options=True, plain=True)
    assert sum(len(evaluation.fills) for evaluation in done) > 300


@pytest.mark.slow
def test_300_rules_that_use_every_intent_trade_alike(real, simulated):
    done = says_all(simulated, range(100, 150)) + says_all(simulated, range(150, 230), options=True)
    done += says_all(simulated, range(230, 250), options=True, plain=True)
    done += says_all(real.head(6000), range(250, 300)) + says_all(real.head(6000), range(300, 385), options=True)
    done += says_all(real.head(6000), range(385, 400), options=True, plain=True)
    assert len(done) == 300
    assert_all_occurs(done)


def test_every_option_for_the_pessimist_is_carried_out_alike(simulated):
    evaluator, reasons = Evaluator(simulated, Heatmaps(None)), set()
    for seed, options in enumerate(itertools.product((0.0, 30.0), (0.0, 0.0002), (0.0, 2.0))):
        costs = dict(zip(("limit_through_ticks", "max_volume_share", "impact"), options, strict=True))
        sizing = {"max_leverage": 20.0, "risk_fraction": 1.0}
        configuration = configuration_from(
            {"strategy": RESTLESS, "rule": {"seed": float(seed)}, "costs": costs | {"leverage": 20.0}, "sizing": sizing}
        )
        evaluation = evaluator.evaluate(configuration)
        assert first_difference(configuration, simulated, evaluation) is None, options
        reasons |= {name for name in ACCOUNT.names if name.startswith("refused") and evaluation.account[name][0]}
    assert "refused_volume" in reasons


@pytest.mark.parametrize("strategy", BUILT_IN)
def test_under_a_volatility_target_both_engines_trade_alike_and_less(real, strategy):
    market, traded = real.head(6000), []
    for target in (0.0, 0.3):
        sizing = {"volatility_target": target, "risk_fraction": 0.2}
        configuration = configuration_from({"strategy": strategy, "sizing": sizing, **EAGER.get(strategy, {})})
        evaluation = Evaluator(market, Heatmaps(None)).evaluate(configuration)
        assert first_difference(configuration, market, evaluation) is None
        traded.append(evaluation)
    free, limited = traded
    assert len(limited.fills) > 2
    first = int(np.flatnonzero(np.isfinite(run_model(configuration.model, market)[0]["volatility_24h"]))[0])
    assert limited.fills["bar"].min() > first, "nothing is opened before there is a forecast"
    held = np.abs(limited.position) * market.frame["close"].to_numpy() / limited.equity
    assert 0.0 < held.max() < (np.abs(free.position) * market.frame["close"].to_numpy() / free.equity).max()


DATED = """
[[profile]]
venue = "dated"
on = 2024-01-{day:02}
taker_fee_bps = {taker}
maker_fee_bps = {maker}
liquidation_fee_rate = {liquidation}
liquidated_at = "{where}"
[profile.contracts]
BTC = {{ price_tick = {tick}, contract_step = {step}, smallest_notional = {smallest} }}
[profile.brackets]
BTC = [[0, {rate}, {leverage}], [{floor}, {higher}]]
"""


def test_terms_that_change_every_few_days_are_traded_alike(simulated, tmp_path):
    random = np.random.default_rng(6)
    profiles = [
        DATED.format(
            day=day, taker=random.uniform(0, 9), maker=random.uniform(-3, 3), liquidation=random.choice([0.0, 0.01]),
            where=random.choice(["mark price", "bankruptcy price"]), tick=random.choice([0.0, 0.01, 0.5, 250.0]),
            step=random.choice([0.001, 0.004, 0.1]), smallest=random.choice([0.0, 20_000.0]), rate=random.uniform(0.002, 0.009),
            leverage=random.choice([40, 100]), floor=random.choice([2e4, 2e5]), higher=random.uniform(0.01, 0.03),
        )
        for day in range(1, 31, 3)
    ]  # fmt: skip
    venue = tmp_path / "dated.toml"
    venue.write_text("".join(profiles))
    random, done, refused = np.random.default_rng(5), [], 0.0
    for _ in range(8):
        drawn = candidate(random, RESTLESS, 0.5)
        costs = replace(
            drawn.costs, taker_fee_bps=None, maker_fee_bps=None, liquidation_fee_rate=None, starting_cash=1e5
        )
        costs = replace(costs, leverage=float(random.choice([20.0, 50.0, 90.0])))
        drawn = replace(drawn, costs=costs, instrument=InstrumentParameters(venue=str(venue), symbol="BTCUSDT"))
        evaluation = Evaluator(simulated, Heatmaps(None)).evaluate(drawn)
        assert first_difference(drawn, simulated, evaluation) is None, drawn
        refused += evaluation.account["refused_notional"][0]
        done.append(evaluation)
    fills = np.concatenate([evaluation.fills for evaluation in done])
    traded = fills[(fills["kind"] == MARKET)]
    assert len(np.unique(np.round(traded["fee"] / np.abs(traded["size"] * traded["price"]), 7))) > 5
    assert refused > 0.0


def test_a_later_first_bar_trades_alike(real):
    market = real.head(3000)
    for strategy in ("magnet", "wipe"):
        configuration = configuration_from({"strategy": strategy})
        evaluation = Evaluator(market, Heatmaps(None), 1000, 2500).evaluate(configuration)
        assert len(evaluation.fills)
        assert evaluation.fills["bar"].min() > 1000
        assert first_difference(configuration, market, evaluation) is None


@pytest.fixture(scope="module")
def compared(simulated):
    configuration = configuration_from({"strategy": "overlay"})
    return configuration, Evaluator(simulated, Heatmaps(None)).evaluate(configuration)


@pytest.mark.parametrize("field", ["price", "size", "fee", "wallet_after", "bar", "kind"])
def test_a_planted_mismatch_is_named_by_its_first_trade(simulated, compared, field):
    configuration, evaluation = compared
    fills = evaluation.fills.copy()
    line = int(np.flatnonzero(fills["kind"] == MARKET)[2])
    fills[field][line] += (
        1 if field in ("bar", "kind") else fills[field][line] * 2e-9 + 2e-4 * (field in ("fee", "wallet_after"))
    )
    fills["price"][line + 2] *= 2.0
    sentence = first_difference(configuration, simulated, replace(evaluation, fills=fills))
    assert sentence.startswith(f"trade {line + 1} (market ")
    assert f" differs in {field}: " in sentence


def test_a_missing_and_a_surplus_trade_are_named(simulated, compared):
    configuration, evaluation = compared
    count = len(evaluation.fills)
    short = first_difference(configuration, simulated, replace(evaluation, fills=evaluation.fills[:-1]))
    assert short.startswith(f"trade {count} differs: none compiled, ")
    long = np.concatenate([evaluation.fills, evaluation.fills[-1:]])
    assert first_difference(configuration, simulated, replace(evaluation, fills=long)).endswith(
        "none in the event engine"
    )


def test_an_equity_that_differs_alone_is_named_with_its_bar(simulated, compared):
    configuration, evaluation = compared
    equity = evaluation.equity.copy()
    equity[77] *= 1.0 + 2e-9
    sentence = first_difference(configuration, simulated, replace(evaluation, equity=equity))
    assert sentence.startswith("equity at bar 77 (")
