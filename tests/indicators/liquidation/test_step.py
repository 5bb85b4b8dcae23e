"""Properties of the whole model: prefix invariance, idempotence, units, mirror, hostile input, sums of a day."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.model import build_model, copy_into, copy_state, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, run_bars
from runs.analyze import heatmap
from tests.indicators.liquidation.markets import calm, market

MODEL = build_model(ModelParameters(warmup_hours=5.0), 3600.0)


def same(a, b):
    return a.tobytes() == b.tobytes()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 119))
def test_what_is_said_at_a_bar_depends_on_no_later_one(seed, cut):
    bars = market(seed, 120)
    whole = run(MODEL, bars)
    assert same(run(MODEL, bars[:cut]), whole[:cut])
    poisoned = bars.copy()
    poisoned[cut:] = market(seed + 1, 120, volatility=0.2)[cut:]
    assert same(run(MODEL, poisoned)[:cut], whole[:cut])


def test_chunks_give_the_same_as_the_whole():
    bars, state = market(1, 200), initial_state(MODEL)
    parts = [run(MODEL, bars[a:b], state) for a, b in ((0, 1), (1, 77), (77, 200))]
    assert same(np.concatenate(parts), run(MODEL, bars))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_the_same_bar_from_the_same_state_says_the_same(seed, before):
    bars, snapshots = market(seed, before + 1), np.zeros(before + 1, dtype=SNAPSHOT)
    state = initial_state(MODEL)
    run(MODEL, bars[:before], state)
    kept = copy_state(state)
    answers = set()
    for _ in range(3):
        copy_into(kept, state)
        run_bars(state, MODEL, bars, snapshots, before, before + 1)
        answers.add(snapshots[before].tobytes())
    assert len(answers) == 1


def test_stepping_a_copy_leaves_the_original():
    bars, state = market(3, 50), initial_state(MODEL)
    run(MODEL, bars[:40], state)
    before = [array.tobytes() for array in (*state.positions, *state[1:])]
    run(MODEL, bars[40:], copy_state(state))
    assert before == [array.tobytes() for array in (*state.positions, *state[1:])]


def test_the_map_is_linear_in_its_kernel():
    """The maps of leverage groups add up to the whole."""
    parameters, bars = ModelParameters(), market(7, 150)
    edges, maps = (0.0, 5.5, 15.0, 30.0, np.inf), []
    for low, high in itertools.pairwise(edges):
        state = initial_state(model := build_model(parameters, 3600.0, lowest_leverage=low, highest_leverage=high))
        run(model, bars, state)
        maps.append(state.positions.mass)
    whole = initial_state(model := build_model(parameters, 3600.0))
    run(model, bars, whole)
    np.testing.assert_allclose(sum(maps), whole.positions.mass, atol=1e-12)


PRICES = (
    "close", "high", "low", "cluster_above_price", "cluster_below_price", "support_price", "resistance_price", "atr",
    *(name for name in SNAPSHOT.names if name.endswith("_usd")),
)  # fmt: skip
SIZES = (
    "model_liquidated_long", "model_liquidated_short", "open_interest", "volume_24h",
    *(name for name in SNAPSHOT.names if name.endswith("_usd")),
)  # fmt: skip


def assert_scaled(one, other, names, factor, skipped=()):
    """Thresholds in USD do not scale, so what hangs on them is left out."""
    for name in SNAPSHOT.names:
        if name != "market_state" and name not in skipped:
            expected = one[name] * (factor if name in names else 1.0)
            np.testing.assert_allclose(other[name], expected, rtol=1e-6, atol=1e-9 * max(factor, 1.0), err_msg=name)


@pytest.mark.parametrize("bins", [1, 137, -2000])
def test_prices_times_a_constant_change_only_prices(bins):
    # A whole number of bins, so that the grid shifts with the prices.
    factor = float(np.exp(bins * ModelParameters().bin_width))
    bars = market(5, 150)
    scaled = bars.copy()
    for name in ("open", "high", "low", "close"):
        scaled[name] *= factor
    assert_scaled(run(MODEL, bars), run(MODEL, scaled), PRICES, factor)


@pytest.mark.parametrize("factor", [1e-4, 7.3, 1e6])
@pytest.mark.parametrize("with_open_interest", [True, False])
def test_sizes_times_a_constant_change_only_sizes(factor, with_open_interest):
    bars = market(6, 150, with_open_interest=with_open_interest)
    scaled = bars.copy()
    for name in ("volume", "open_interest", "liquidated_long", "liquidated_short"):
        scaled[name] *= factor
    levels = [name for name in SNAPSHOT.names if name.startswith(("support", "resistance"))]
    assert_scaled(run(MODEL, bars), run(MODEL, scaled), SIZES, factor, () if with_open_interest else levels)


def test_the_mirrored_market_swaps_the_sides():
    """Prices reciprocal, longs for shorts: every signal changes its side."""
    bars = market(11, 150)
    mirrored = bars.copy()
    for ours, theirs in (("open", "open"), ("close", "close"), ("high", "low"), ("low", "high")):
        mirrored[ours] = 1.0 / bars[theirs]
    mirrored["liquidated_long"], mirrored["liquidated_short"] = bars["liquidated_short"], bars["liquidated_long"]
    mirrored["funding_rate"] = -bars["funding_rate"]
    one, other = run(MODEL, bars), run(MODEL, mirrored)
    for ours, theirs in (("long", "short"), ("short", "long")):
        np.testing.assert_allclose(other[f"model_liquidated_{ours}"], one[f"model_liquidated_{theirs}"], rtol=1e-6)
    np.testing.assert_array_equal(other["cluster_count_below"], one["cluster_count_above"])
    np.testing.assert_allclose(1.0 / other["cluster_below_price"], one["cluster_above_price"], rtol=1e-9)
    np.testing.assert_allclose(other["cluster_below_gap"], one["cluster_above_gap"], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(other["cluster_spacing_below"]), one["cluster_count_above"] < 2)
    np.testing.assert_array_equal(other["phase"], one["phase"])
    np.testing.assert_array_equal(other["phase_direction"], -one["phase_direction"])


def test_the_gap_to_a_cluster_ends_at_its_near_edge():
    bars, state = market(11, 150), initial_state(MODEL)
    last = run(MODEL, bars, state)[-1]
    clusters = significant_clusters(state)
    above, below = clusters[clusters["distance"] > 0.0], clusters[clusters["distance"] < 0.0]
    assert last["close"] * np.exp(last["cluster_above_gap"]) == pytest.approx(above["low"].min(), rel=1e-6)
    assert last["close"] * np.exp(-last["cluster_below_gap"]) == pytest.approx(below["high"].max(), rel=1e-6)
    assert above["low"].min() < last["cluster_above_price"]


MAY_BE_UNKNOWN = {
    "cluster_above_price", "cluster_above_usd", "cluster_above_gap", "cluster_below_price", "cluster_below_usd",
    "cluster_below_gap", "cluster_spacing_below", "cluster_spacing_above", "magnet", "support_price", "support_bar",
    "resistance_price", "resistance_bar", "open_interest",
    "open_interest_break_bar", "funding_rate", "volatility_4h", "volatility_24h",
}  # fmt: skip

HOSTILE = {
    "one tick": lambda b: [b.__setitem__(n, 1000.0) for n in ("open", "high", "low", "close")],
    "nothing traded": lambda b: b.__setitem__("volume", 0.0),
    "crash of 90 %": lambda b: [b[n].__setitem__(slice(50, None), b[n][50:] * 0.1) for n in ("high", "low", "close")],
    "tenfold pump": lambda b: [b[n].__setitem__(slice(50, None), b[n][50:] * 10.0) for n in ("high", "low", "close")],
    "one bar over everything": lambda b: (b["high"].__setitem__(50, 1e7), b["low"].__setitem__(50, 1e-2)),
    "huge volume": lambda b: b.__setitem__("volume", 1e15),
    "next to no turnover": lambda b: b.__setitem__("volume", 1e-300),
    "open interest to zero and back": lambda b: b["open_interest"].__setitem__(slice(40, 60), 0.0),
    "no open interest": lambda b: b.__setitem__("open_interest", np.nan),
    "coins of dust": lambda b: [b[n].__imul__(1e-12) for n in ("open", "high", "low", "close")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markets_stay_finite_and_within_all_positions(name):
    bars = market(23, 120)
    HOSTILE[name](bars)
    bars["open"] = np.clip(bars["open"], bars["low"], bars["high"])
    state = initial_state(MODEL)
    snapshots = run(MODEL, bars, state)
    for field in SNAPSHOT.names:
        if field not in MAY_BE_UNKNOWN:
            assert np.isfinite(snapshots[field]).all(), field
    assert ((state.positions.mass / state.positions.unit[:, None]).sum(axis=(1, 2)) <= 1.0).all()
    for side in ("down", "up"):
        ten = snapshots[f"swept_share_{side}_10"]
        assert (ten >= snapshots[f"swept_share_{side}_5"]).all()
        assert (ten <= 1.0).all()


@pytest.mark.parametrize("volatility", [0.005, 0.02])
def test_clusters_lie_outward_and_apart(volatility):
    bars, state, snapshots = market(17, 300, volatility), initial_state(MODEL), np.zeros(300, dtype=SNAPSHOT)
    seen = 0
    for index in range(300):
        run_bars(state, MODEL, bars, snapshots, index, index + 1)
        clusters = np.sort(significant_clusters(state), order="price")
        for sign in (-1, 1):
            found = clusters[clusters["side"] == -sign][::sign]
            seen += len(found)
            assert (np.diff(sign * found["price"]) > 0.0).all(), "outward"
            assert (found["low"] <= found["price"]).all()
            assert (found["price"] <= found["high"]).all()
            edges = np.sort(np.column_stack([found["low"], found["high"]]), axis=0)
            assert (edges[1:, 0] >= edges[:-1, 1] * (1.0 - 1e-12)).all(), "apart"
            assert (sign * found["distance"] > 0.0).all()
    assert seen > 100


@pytest.mark.parametrize("seconds", [60.0, 300.0, 900.0, 2400.0, 5400.0, 14_400.0, 86_400.0, 604_800.0])
def test_any_bar_length_runs_and_sums_the_last_24_hours(seconds):
    bars = calm(200)
    bars["liquidated_long"] = np.random.default_rng(1).exponential(1.0, 200) * (np.arange(200) % 3)
    snapshots = run(build_model(ModelParameters(), seconds), bars)
    width = max(1, round(86_400.0 / seconds))
    usd = pd.Series(1000.0 * bars["liquidated_long"]).rolling(width, min_periods=1)
    np.testing.assert_allclose(snapshots["liquidated_long_24h_usd"], usd.sum(), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(snapshots["largest_liquidation_bar_usd"], usd.max(), rtol=1e-12)
    volume = pd.Series(bars["volume"]).rolling(width, min_periods=1).sum()
    np.testing.assert_allclose(snapshots["volume_24h"], volume, rtol=1e-12)


def test_a_day_without_a_liquidation_sums_to_exactly_zero():
    bars = calm(100)
    bars["liquidated_long"][:50] = np.random.default_rng(2).exponential(1e6, 50) * 1e-7 + 1e9
    sums = run(MODEL, bars)["liquidated_long_24h_usd"]
    assert (sums[49:73] > 0.0).all()
    assert (sums[73:] == 0.0).all()


def test_without_open_interest_coins_are_shares_of_nine_hours_turnover():
    bars = calm(100, volume=50.0)
    known, unknown = run(MODEL, bars), bars.copy()
    unknown["open_interest"] = np.nan
    guessed = run(MODEL, unknown)
    assert (known["level_from_open_interest"] == 1.0).all()
    assert (guessed["level_from_open_interest"] == 0.0).all()
    ratio = guessed["cluster_above_usd"] / known["cluster_above_usd"]
    np.testing.assert_allclose(ratio[np.isfinite(ratio)], 9.0 * 50.0 / 10_000.0)
    assert np.isfinite(ratio).any()


def test_a_break_rescales_coins_and_is_named_and_no_phase_takes_it_for_a_fall():
    bars = market(31, 60)
    bars["open_interest_break"], bars["open_interest"] = 0.0, 20_000.0
    smooth = run(MODEL, bars)
    bars["open_interest"][30:], bars["open_interest_break"][30] = 5_000.0, 1.0
    cut = run(MODEL, bars)
    np.testing.assert_allclose(4.0 * cut["cluster_above_usd"][30:], smooth["cluster_above_usd"][30:])
    np.testing.assert_allclose(cut["open_interest_drop"], smooth["open_interest_drop"], atol=1e-12)
    np.testing.assert_array_equal(cut["phase"], smooth["phase"])
    assert np.isnan(cut["open_interest_break_bar"][:30]).all()
    assert (cut["open_interest_break_bar"][30:] == 30.0).all()


def test_a_break_in_a_cascade_rescales_what_its_phase_remembers():
    model, bars = build_model(ModelParameters(), 3600.0), market(31, 20)
    bars["open_interest"][:10], bars["open_interest"][10:], bars["open_interest_break"] = 800.0, 200.0, 0.0
    bars["open_interest_break"][10] = 1.0
    state = initial_state(model)
    run(model, bars[:10], state)
    memory = state.memory
    memory["phase"], memory["clusters"] = (3.0, -1.0, 1000.0, 760.0, 0.0), 0  # washed out
    run(model, bars[10:11], state)
    assert (memory["phase"]["reference"][0], memory["phase"]["lowest"][0]) == (250.0, 190.0)


def test_a_mark_that_did_not_reach_a_level_does_not_wipe_it():
    bars = market(37, 80)
    bars["low"][79] *= 0.8
    wiped = run(MODEL, bars)["model_liquidated_long"][79]
    bars["mark_low"][79], bars["mark_high"][79] = bars["close"][79], bars["close"][79]
    assert run(MODEL, bars)["model_liquidated_long"][79] < 0.5 * wiped


def test_a_wipe_leaves_one_level_where_it_was_and_none_where_nothing_was_wiped():
    """Five-minute bars: the hour that is summed reaches over bars that wiped nothing."""
    bars = calm(400)
    bars["liquidated_long"][300] = 500.0
    bars["close"][300] = bars["low"][300] = 980.0
    for index in range(301, 312):  # falls on and on, without a further liquidation: the level is broken
        for name in ("open", "high", "low", "close"):
            bars[name][index] = 980.0 * 0.98 ** (index - 300)
    for name in ("open", "high", "low", "close"):
        bars[name][312:] = bars["close"][311]
    snapshots = run(build_model(ModelParameters(), 300.0), bars)
    assert snapshots["support_bar"][300] == 300.0
    assert np.isnan(snapshots["support_bar"][301:]).all()


def test_a_wipe_spread_over_an_hour_of_short_bars_is_one_level():
    bars = calm(400)
    bars["liquidated_long"][300:312] = 10.0  # each is .1 % of open interest, .3 % makes a level
    model = build_model(ModelParameters(), 300.0)
    state = initial_state(model)
    snapshots = run(model, bars, state)
    assert np.isnan(snapshots["support_price"][:303]).all()
    assert np.isfinite(snapshots["support_price"][304])
    assert np.isfinite(state.levels["price"][0]).sum() == 1
    assert np.nanmax(state.levels["size_usd"][0]) == pytest.approx(120.0 * 1000.0)


def fall(move, seconds=3600.0, bars_per_hour=1, **parameters):
    """Phases of a calm market's last day, whose last hour falls evenly by `move`, beyond every price it has known."""
    bars = calm(400 * bars_per_hour)
    prices = 1000.0 * (1.0 - move) ** ((np.arange(bars_per_hour) + 1.0) / bars_per_hour)
    last = bars[-bars_per_hour:]
    last["close"] = last["low"] = prices
    last["open"] = last["high"] = np.concatenate([[998.0], prices[:-1]])
    bars["open_interest_break"] = 0.0
    return run(build_model(ModelParameters(**parameters), seconds), bars)[-24 * bars_per_hour :]


def test_a_fall_that_sweeps_what_clusters_hold_is_a_cascade_though_none_was_known():
    np.testing.assert_array_equal(fall(0.08, cluster_threshold=1.0)["phase"], [0.0] * 23 + [2.0])


@pytest.mark.parametrize("parts", [1, 2])
def test_short_bars_count_the_sweep_of_an_hour_and_no_size_twice(parts):
    """The hour's sweep holds `parts` of the share that triggers: so many count, one after another."""
    quiet = fall(0.01, 300.0, 12, cluster_threshold=1.0, trigger_share=1.0)
    share = quiet["model_liquidated_long"][-12:].sum() / 10_000.0 / (parts + 0.001)
    told = fall(0.01, 300.0, 12, cluster_threshold=1.0, trigger_share=share)
    assert sorted(set(told["phase"])) == list(range(parts + 1))


FALLS = {
    "bybit_1h/BTCUSDT": ("2021-05-19 12:00", "2022-06-13 12:00", "2022-11-08 20:00"),
    "bybit_1h/ETHUSDT": ("2021-05-19 12:00", "2022-06-13 12:00", "2022-11-08 20:00"),
    "binance_1h_liquidations/BTCUSDT": ("2024-08-05 06:00",),
    "binance_1h_liquidations_2026/BTCUSDT": ("2026-01-31 18:00", "2026-02-05 20:00"),
}
"""Hours at which the largest liquidations of these markets ran, by public record."""


@pytest.mark.parametrize("name", FALLS)
def test_the_great_falls_are_called_cascades_of_longs(name, market_data):
    told = heatmap(market_data / f"{name}.parquet").snapshots.loc[list(FALLS[name])]
    assert (told["phase"] == 2.0).all()
    assert (told["phase_direction"] == -1.0).all()


def test_the_widest_and_narrowest_windows_run_inside_their_arrays():
    for window, width in ((0.05, 0.01), (0.6, 0.002), (0.6, 0.01)):
        parameters = ModelParameters(cluster_window=window, bin_width=width)
        snapshots = run(build_model(parameters, 3600.0), market(3, 60, volatility=0.05))
        assert np.isfinite(snapshots["cluster_count_below"]).all()
