"""Properties of the whole model: prefix invariance, scale invariance, mirror, idempotence, conservation, hostile input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.model import build_model, copy_into, copy_state, initial_state
from indicators.liquidation.parameters import POPULATIONS, ModelParameters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, step

MODEL = build_model(ModelParameters(warmup_hours=5.0), 3600.0)
TIERS = int(MODEL.grid.tiers["count"][0])


def market(seed, count, volatility=0.01, with_open_interest=True):
    """A random walk with everything a bar can have, holes included."""
    random = np.random.default_rng(seed)
    bars = empty_bars(count)
    close = 1000.0 * np.exp(np.cumsum(random.standard_normal(count) * volatility))
    opened = np.r_[1000.0, close[:-1]]
    bars["open"], bars["close"] = opened, close
    bars["high"] = np.maximum(opened, close) * (1.0 + random.random(count) * volatility)
    bars["low"] = np.minimum(opened, close) * (1.0 - random.random(count) * volatility)
    bars["volume"] = random.exponential(500.0, count)
    if with_open_interest:
        bars["open_interest"] = 10_000.0 * np.exp(np.cumsum(random.standard_normal(count) * 0.01))
        bars["open_interest"][random.random(count) < 0.05] = np.nan
        bars["open_interest_break"][random.random(count) < 0.01] = 1.0
    bars["funding_rate"][::8] = random.standard_normal(len(bars[::8])) * 1e-4
    reported = random.random(count) < 0.5
    for name in ("liquidated_long", "liquidated_short"):
        bars[name][reported] = random.exponential(20.0, int(reported.sum()))
    return bars


def same(a, b):
    return a.tobytes() == b.tobytes()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 119))
def test_what_is_said_at_a_bar_depends_on_no_later_one(seed, cut):
    bars = market(seed, 120)
    whole = run(MODEL, bars)
    assert (whole["learned_long"] > 0.0).any(), "calibration takes part"
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
    answers = []
    for _ in range(3):
        copy_into(kept, state)
        step(state, MODEL, bars, snapshots, before)
        answers.append(snapshots[before].tobytes())
    assert len(set(answers)) == 1


def test_stepping_a_copy_leaves_the_original():
    bars = market(3, 50)
    state = initial_state(MODEL)
    run(MODEL, bars[:40], state)
    before = [array.tobytes() for array in (*state.book, *state[1:])]
    run(MODEL, bars[40:], copy_state(state))
    assert before == [array.tobytes() for array in (*state.book, *state[1:])]


PRICE_FIELDS = (
    "close",
    "high",
    "low",
    "cluster_above_price",
    "cluster_below_price",
    "support_price",
    "resistance_price",
)
USD_FIELDS = (*(name for name in SNAPSHOT.names if name.endswith("_usd")), "average_range")


@pytest.mark.parametrize("bins", [1, 137, -2000])
def test_prices_times_a_constant_change_only_prices(bins):
    # A whole number of bins, so that the grid shifts with the prices exactly.
    factor = float(np.exp(bins * ModelParameters().bin_width))
    bars = market(5, 150)
    scaled = bars.copy()
    for name in ("open", "high", "low", "close"):
        scaled[name] *= factor
    one, other = run(MODEL, bars), run(MODEL, scaled)
    for name in SNAPSHOT.names:
        expected = one[name] * (factor if name in (*PRICE_FIELDS, *USD_FIELDS) else 1.0)
        if name in ("market_state", "support_reported", "resistance_reported"):
            continue  # thresholds in USD do not scale
        np.testing.assert_allclose(other[name], expected, rtol=1e-6, atol=1e-9 * max(factor, 1.0), err_msg=name)


SIZE_FIELDS = (
    *(name for name in SNAPSHOT.names if name.endswith("_usd")),
    *(f"{name}_{side}" for name in ("swept", "expected") for side in ("long", "short")),
    "open_interest",
    "volume_24h",
)


@pytest.mark.parametrize("factor", [1e-4, 7.3, 1e6])
@pytest.mark.parametrize("with_open_interest", [True, False])
def test_sizes_times_a_constant_change_only_sizes(factor, with_open_interest):
    bars = market(6, 150, with_open_interest=with_open_interest)
    scaled = bars.copy()
    for name in ("volume", "open_interest", "liquidated_long", "liquidated_short"):
        scaled[name] *= factor
    one, other = run(MODEL, bars), run(MODEL, scaled)
    for name in SNAPSHOT.names:
        if name == "market_state" or (not with_open_interest and name.startswith(("support", "resistance"))):
            continue  # thresholds in USD do not scale
        expected = one[name] * (factor if name in SIZE_FIELDS else 1.0)
        np.testing.assert_allclose(other[name], expected, rtol=1e-6, atol=1e-9 * max(factor, 1.0), err_msg=name)


def test_the_mirrored_market_swaps_the_sides():
    """Prices reciprocal, longs for shorts: with tiers mirrored in log price, every signal changes its side."""
    symmetric = MODEL.grid.tiers.copy()
    symmetric["shifts"][0, 1] = -symmetric["shifts"][0, 0]
    symmetric["half_widths"][0, 1] = symmetric["half_widths"][0, 0]
    grid = MODEL.grid._replace(
        tiers=symmetric,
        cumulative=np.repeat(MODEL.grid.cumulative[:1], 2, axis=0),
        twice_cumulative=np.repeat(MODEL.grid.twice_cumulative[:1], 2, axis=0),
    )
    model = MODEL._replace(grid=grid)
    bars = market(11, 150)
    mirrored = bars.copy()
    for ours, theirs in (("open", "open"), ("close", "close"), ("high", "low"), ("low", "high")):
        mirrored[ours] = 1.0 / bars[theirs]
    mirrored["liquidated_long"], mirrored["liquidated_short"] = bars["liquidated_short"], bars["liquidated_long"]
    mirrored["funding_rate"] = -bars["funding_rate"]
    one, other = run(model, bars), run(model, mirrored)
    np.testing.assert_allclose(other["swept_long"], one["swept_short"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other["swept_short"], one["swept_long"], rtol=1e-7, atol=1e-9)
    for name in ("expected", "learned", "traders", "response"):
        np.testing.assert_allclose(other[f"{name}_long"], one[f"{name}_short"], rtol=1e-7, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(other[f"{name}_short"], one[f"{name}_long"], rtol=1e-7, atol=1e-9, err_msg=name)
    assert (one["traders_long"] != one["traders_short"]).any()
    np.testing.assert_array_equal(other["stacked_below"], one["stacked_above"])
    np.testing.assert_allclose(1.0 / other["cluster_below_price"], one["cluster_above_price"], rtol=1e-9)
    np.testing.assert_array_equal(other["phase"], one["phase"])
    np.testing.assert_array_equal(other["phase_direction"], -one["phase_direction"])


@pytest.mark.parametrize("kind", ["holes", "none"])
def test_ledger_and_clusters_are_sane_all_along(kind):
    bars = market(17, 300, volatility=0.02, with_open_interest=kind == "holes")
    state, snapshots = initial_state(MODEL), np.zeros(300, dtype=SNAPSHOT)
    for index in range(300):
        step(state, MODEL, bars, snapshots, index)
        ledger, memory = state.book.ledger[0], state.memory[0]
        np.testing.assert_allclose(ledger["laid"], ledger["standing"] + ledger["wiped"] + ledger["closed"], rtol=1e-9)
        if memory["open_interest"] > 0.0:
            for population in range(POPULATIONS):
                mine = slice(population * TIERS, (population + 1) * TIERS)
                held = (state.learned[0]["leverages"][:, :TIERS] * ledger["standing"][:, mine]).sum(axis=1)
                assert (held <= memory["open_interest"] * (1.0 + 1e-9)).all()
            assert snapshots["coverage"][index] <= 1.0 + 1e-9
        for side, count, sign in ((0, memory["clusters_below"], -1.0), (1, memory["clusters_above"], 1.0)):
            found = state.clusters[side][:count]
            assert (np.diff(sign * found["price"]) > 0.0).all(), "outward"
            assert (found["low"] <= found["price"]).all()
            assert (found["price"] <= found["high"]).all()
            edges = np.sort(np.column_stack([found["low"], found["high"]]), axis=0)
            assert (edges[1:, 0] >= edges[:-1, 1] * (1.0 - 1e-12)).all(), "disjoint"
            assert (sign * found["distance"] > 0.0).all()
            assert (found["magnitude"] > 0.0).all()


HOSTILE = {
    "one tick": lambda b: [b.__setitem__(n, 1000.0) for n in ("open", "high", "low", "close")],
    "nothing traded": lambda b: b.__setitem__("volume", 0.0),
    "crash of 90 %": lambda b: [b[n].__setitem__(slice(50, None), b[n][50:] * 0.1) for n in ("high", "low", "close")],
    "tenfold pump": lambda b: [b[n].__setitem__(slice(50, None), b[n][50:] * 10.0) for n in ("high", "low", "close")],
    "one bar over everything": lambda b: (b["high"].__setitem__(50, 1e7), b["low"].__setitem__(50, 1e-2)),
    "huge volume": lambda b: b.__setitem__("volume", 1e15),
    "open interest to zero and back": lambda b: b["open_interest"].__setitem__(slice(40, 60), 0.0),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markets_stay_finite_and_conserve_mass(name):
    bars = market(23, 120)
    HOSTILE[name](bars)
    bars["open"] = np.clip(bars["open"], bars["low"], bars["high"])
    state = initial_state(MODEL)
    snapshots = run(MODEL, bars, state)
    ledger = state.book.ledger[0]
    np.testing.assert_allclose(
        ledger["laid"], ledger["standing"] + ledger["wiped"] + ledger["closed"], rtol=1e-9, atol=1e-6
    )
    never_nan = [n for n in SNAPSHOT.names if n not in MAY_BE_UNKNOWN]
    for field in never_nan:
        assert np.isfinite(snapshots[field]).all(), field


MAY_BE_UNKNOWN = {
    "cluster_above_price", "cluster_above_usd", "cluster_below_price", "cluster_below_usd", "magnet", "support_price",
    "support_bar", "resistance_price", "resistance_bar", "open_interest", "funding_rate", "coverage",
}  # fmt: skip


def test_twenty_four_hours_are_summed_as_a_plain_window():
    bars = market(29, 200)
    bars["liquidated_long"], bars["liquidated_short"] = np.nan_to_num(bars["liquidated_long"]), 1.0
    snapshots = run(MODEL, bars)
    usd = pd.Series(bars["liquidated_long"] * bars["close"])
    np.testing.assert_allclose(
        snapshots["liquidated_long_24h_usd"], usd.rolling(24, min_periods=1).sum(), rtol=1e-9, atol=1e-6
    )
    volume = pd.Series(bars["volume"]).rolling(24, min_periods=1).sum()
    np.testing.assert_allclose(snapshots["volume_24h"], volume, rtol=1e-9)
    largest = (usd + bars["close"]).rolling(24, min_periods=1).max()
    np.testing.assert_allclose(snapshots["largest_liquidation_bar_usd"], largest, rtol=1e-9)


def test_a_break_of_the_series_opens_nothing():
    bars = market(31, 60)
    bars["volume"], bars["open_interest_break"] = 0.0, 0.0
    bars["open_interest"][:30], bars["open_interest"][30:] = 5_000.0, 20_000.0
    jumped = run(MODEL, bars)
    bars["open_interest_break"][30] = 1.0
    named = run(MODEL, bars)
    assert jumped["coverage"][30] == pytest.approx(0.75)  # 15,000 of 20,000 taken for new positions
    assert named["coverage"][30] == 0.0


def test_a_mark_that_did_not_reach_a_level_does_not_wipe_it():
    bars = market(37, 80)
    bars["low"][79] *= 0.8
    wiped = run(MODEL, bars)["swept_long"][79]
    bars["mark_low"][79], bars["mark_high"][79] = bars["close"][79], bars["close"][79]
    assert run(MODEL, bars)["swept_long"][79] < 0.5 * wiped
