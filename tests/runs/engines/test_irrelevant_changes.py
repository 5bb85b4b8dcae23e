"""What a strategy earns hardly hangs on what should not matter, and how much it does is told."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.step import run
from runs.engines.compiled import evaluate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import model_bars, run_backtest
from runs.engines.irrelevant_changes import PHASES, STARTS, irrelevant_changes, summary
from runs.engines.snapshot_cache import Heatmaps

LISTED = {"leverage_distribution": "tiers"}
SETTINGS = {
    "magnet": {},
    "magnet, listed leverages": {"model": LISTED},
    "cascade": {"rule": {"min_risk": 1.0}, "model": LISTED},
    "wipe": {},
    "overlay": {},
    "overlay, listed leverages": {"model": LISTED},
}
PRICES = ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close")
SIZES = ("volume", "open_interest", "liquidated_long", "liquidated_short", "taker_buy_volume")
WARM = 168 + max(STARTS)  # bars before the starts are compared


def configuration(name, **groups):
    return configuration_from({"strategy": name.split(",")[0], **SETTINGS.get(name, {}), **groups})


def examined(settings, market):
    return irrelevant_changes(settings, market, Evaluator(market, Heatmaps(None)).prepared(settings))


@pytest.fixture(scope="module")
def market():
    return simulate(8, bars=1500)


def scaled(market, price=1.0, size=1.0):
    factors = dict.fromkeys(PRICES, price) | dict.fromkeys(SIZES, size)
    return replace(
        market, frame=market.frame.assign(**{n: market.frame[n] * f for n, f in factors.items() if n in market.frame})
    )


def equity(settings, market, phase=0.0, money=1.0, coin=1.0):
    """Return (n,) equity over what the account began with; a unit of quote is `money` of another currency, a coin `coin` others."""
    loop, inputs = Evaluator(market, Heatmaps(None)).prepared(settings)
    model = build_model(settings.model, market.bar_seconds, grid_phase=phase % 1.0)
    tiers, costs, sizing = inputs.tiers * np.array([money, 1.0, money, 1.0]), inputs.costs.copy(), inputs.sizing.copy()
    for terms, name, unit in (
        (costs, "price_tick", money / coin), (costs, "through_tick", money / coin), (costs, "contract_step", coin),
        (costs, "smallest_notional", money), (sizing, "contract_step", coin),
    ):  # fmt: skip
        terms[name] *= unit
    inputs = replace(inputs, snapshots=run(model, model_bars(market)), tiers=tiers, costs=costs, sizing=sizing)
    return evaluate(loop, inputs).equity / inputs.starting_cash


def test_the_first_phase_is_the_backtest_and_each_start_is_the_event_engine_on_fewer_bars(market):
    settings = configuration("magnet")
    found = examined(settings, market)
    whole = run_backtest(settings, market).equity[-1] / 1e5
    assert found["phases"][0] == pytest.approx(whole - 1.0, rel=1e-9)
    common = run_backtest(settings, market, first_bar=WARM).equity[-1] / 1e5
    for drop, earned in zip((3, 50), (found["starts"][2], found["starts"][7]), strict=True):
        fewer = replace(market, frame=market.frame.iloc[drop:].reset_index(drop=True))
        later = run_backtest(settings, fewer, first_bar=WARM - drop).equity[-1] / 1e5
        assert 1.0 + earned == pytest.approx(whole * later / common, rel=1e-9)


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_phase_of_the_grid_is_the_same_market_in_other_coins(market, number):
    """A coin split so that log prices move by that part of a bin, and sizes with it: every trade is worth the same."""
    settings = configuration("overlay, listed leverages")
    factor = math.exp(-PHASES[number] * settings.model.bin_width)
    earned = equity(settings, scaled(market, price=factor, size=1.0 / factor), coin=1.0 / factor)[-1] - 1.0
    assert examined(settings, market)["phases"][number] == pytest.approx(earned, rel=1e-9)


@pytest.mark.parametrize("power", [-10, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_unit_of_the_coin_does_not_matter(market, name, power):
    unit, settings = 2.0**power, configuration(name)
    phase = -power * math.log(2.0) / settings.model.bin_width
    there = equity(settings, scaled(market, 1.0 / unit, unit), phase, coin=unit)
    np.testing.assert_allclose(there, equity(settings, market), rtol=1e-9)


@pytest.mark.parametrize("power", [-7, 10])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_currency_does_not_matter(market, name, power):
    unit, settings = 2.0**power, configuration(name)
    model = SETTINGS[name].get("model", {}) | {"wipe_usd": settings.model.wipe_usd * unit}
    other = configuration(name, costs={"starting_cash": 1e5 * unit}, model=model)
    there = equity(other, scaled(market, unit), power * math.log(2.0) / settings.model.bin_width, unit)
    np.testing.assert_allclose(there, equity(settings, market), rtol=1e-9)


def halved(market):
    """Two bars for one: what happened in the first half, and a second in which nothing did."""
    frame = market.frame.loc[market.frame.index.repeat(2)].reset_index(drop=True)
    second = np.arange(len(frame)) % 2 == 1
    for name in ("open", "high", "low"):
        frame.loc[second, name] = frame["close"]
    for name in {"mark_high", "mark_low"} & set(frame):
        frame.loc[second, name] = frame["mark_close"]
    for name in {"volume", "liquidated_long", "liquidated_short", "taker_buy_volume"} & set(frame):
        frame.loc[second, name] = 0.0
    frame.loc[second, "funding_rate"] = np.nan
    frame.loc[second, "ts"] += pd.Timedelta(seconds=market.bar_seconds // 2)
    return replace(market, frame=frame, bar_seconds=market.bar_seconds // 2)


# About twice the worst of three simulated markets; the map takes half of an hour's entries to be at its close.
SPLITTING = {
    "magnet": 0.07, "magnet, listed leverages": 0.05, "cascade": 0.05, "wipe": 0.015, "overlay": 0.18,
    "overlay, listed leverages": 0.09,
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_two_bars_for_one_move_a_return_by_no_more_than_this(market, name):
    """Lengths in bars, and ranges of bars of which half are empty, count twice."""
    settings = configuration(name)
    twice = {
        key: value * (2.0 if key.endswith("_atr") or key == "min_age_bars" else 1.0)
        for key, value in settings.rule.items()
    }
    there = equity(replace(settings, rule=twice), halved(market))[-1]
    assert abs(there - equity(settings, market)[-1]) <= SPLITTING[name]


# Standard deviation over eight phases or starts, in points of a return: about twice the worst of three simulated markets.
BOUNDS = {
    "magnet": (5.0, 1.2),
    "magnet, listed leverages": (3.0, 1.2),
    "cascade": (2.0, 0.6),
    "wipe": (0.05, 0.02),
    "overlay": (10.0, 0.5),
    "overlay, listed leverages": (1.2, 0.2),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_where_the_grid_and_the_data_begin_moves_a_return_by_no_more_than_this(market, name):
    found = examined(configuration(name), market)
    assert len(found["phases"]) == len(found["starts"]) == 8
    assert 100.0 * np.std(found["phases"]) <= BOUNDS[name][0]
    assert 100.0 * np.std(found["starts"]) <= BOUNDS[name][1]


@pytest.mark.parametrize("name", SETTINGS)
def test_noise_of_a_tenth_of_a_basis_point_hardly_matters(market, name):
    random, noisy = np.random.default_rng(5), market.frame.copy()
    for column in ("open", "high", "low", "close"):
        noisy[column] *= 1.0 + 1e-5 * random.uniform(-1.0, 1.0, len(noisy))
    noisy["high"], noisy["low"] = (
        getattr(noisy[["open", "high", "low", "close"]], how)(axis=1) for how in ("max", "min")
    )
    settings = configuration(name)
    ours, theirs = (equity(settings, m)[-1] for m in (market, replace(market, frame=noisy)))
    assert abs(theirs - ours) <= 0.01


def test_a_return_whose_sign_is_not_the_same_in_all_is_undetermined():
    sure, unsure = summary([0.1, 0.2, 0.3], [0.4]), summary([0.1, -0.2], [0.3])
    assert (sure["undetermined"], unsure["undetermined"]) == (False, True)
    assert (sure["low_fraction"], sure["median_fraction"], sure["high_fraction"]) == (0.1, 0.25, 0.4)
    assert sure["sentence"].endswith("the total return is +10.0 .. +40.0 %, median +25.0 %.")
    assert unsure["sentence"].endswith("its sign is not the same in all, so it is undetermined.")
    assert summary([0.0, 0.0], [])["undetermined"] is False
    assert summary([0.0, 0.1], [])["undetermined"] is True


def test_a_market_too_short_for_starts_has_phases_alone(market):
    short = replace(market, frame=market.frame.iloc[:WARM].reset_index(drop=True))
    found = examined(configuration("wipe"), short)
    assert (len(found["phases"]), found["starts"]) == (8, [])
