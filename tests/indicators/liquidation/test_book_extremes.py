"""The book where its columns end, where sizes differ by many orders of magnitude, and on real bars."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from indicators.liquidation.bar import BAR, empty_bars
from indicators.liquidation.book import close_down_to, deposit, empty_book, recentre, sweep
from indicators.liquidation.closing import close_population
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import HOLDERS, MAX_TIERS, POPULATIONS, TRADERS, ModelParameters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import step
from runs.engines.event import model_bars

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)


def in_arrays(book, side):
    """What the arrays say stands in each stratum of a side."""
    strata, ledger = book.mass.shape[1], book.ledger[0]
    return (book.mass[side].sum(axis=1) + ledger["beyond"][side, :strata]) * ledger["scale"][side, :strata]


def standing(book, side):
    return book.ledger[0]["standing"][side, : book.mass.shape[1]]


@pytest.mark.parametrize("leverage", [1.01, 1.1, 1.3, 1.5, 1.6, 2.0])
def test_size_that_lands_further_out_than_the_columns_stands_beyond_and_never_at_the_close(leverage):
    grid = build_grid(ModelParameters(leverages=(leverage,), leverage_weights=(1.0,)))
    book = empty_book(grid)
    recentre(book, grid, 7000)
    deposit(book, grid, np.array([100.0, 40.0]), 6990, 7010, 7000)
    nearest = int(book.ledger["nearest"][0, LONG] - book.ledger["base"][0, LONG])
    assert not book.mass[LONG, :, nearest - 50 : nearest + 1].any()
    for side in (LONG, SHORT):
        assert in_arrays(book, side) == pytest.approx([100.0, 40.0], rel=1e-9)


@pytest.mark.parametrize("size", [1e8, 1e12, 1e15])
def test_closing_down_to_a_tiny_share_leaves_arrays_and_ledger_equal(size):
    grid = build_grid(ModelParameters())
    book = empty_book(grid)
    recentre(book, grid, 7000)
    deposit(book, grid, np.array([size, size / 2.0]), 6990, 7010, 7000)
    strata = book.mass.shape[1]
    for stratum in range(strata):
        close_down_to(book, stratum, 100.0 / size)
    expected = np.repeat([100.0, 50.0], strata // POPULATIONS)
    for side in (LONG, SHORT):
        assert standing(book, side) == pytest.approx(expected, rel=1e-12)
        assert in_arrays(book, side) == pytest.approx(expected, rel=1e-9)


@st.composite
def shapes(draw):
    leverages = sorted(draw(st.sets(st.floats(1.01, 100.0).map(lambda x: round(x, 2)), min_size=1, max_size=5)))
    return ModelParameters(
        leverages=tuple(leverages),
        leverage_weights=(0.9 / len(leverages),) * len(leverages),
        leverage_close_power=draw(st.sampled_from([0.0, 0.5, 3.0])),
        bin_width=draw(st.sampled_from([0.0005, 0.001, 0.01])),
        smear=draw(st.sampled_from([0.01, 0.1, 0.5])),
    )


MOVES = st.lists(
    st.tuples(st.floats(-1.2, 1.2), st.floats(0, 0.9), st.floats(0, 0.9), st.sampled_from([0.1, 1e-12, 0.9, 1.0 - 1e-12])),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(shapes(), MOVES, st.sampled_from([0.01, 0.67, 10.0]))
@example(
    ModelParameters(leverages=(1.01,), leverage_weights=(1.0,)), [(1.1, 0.0, 0.0, 0.1), (-1.1, 0.5, 0.5, 0.1)], 0.67
)
def test_arrays_sum_to_the_ledger_for_any_tiers_and_threefold_moves(parameters, moves, ratio):
    grid = build_grid(parameters)
    book, price, strata = empty_book(grid), 1000.0, 2 * len(parameters.leverages)
    leverages = np.array([parameters.leverage_weights] * 2)
    for move, below, above, share in moves:
        close = price * np.exp(move)
        low, high, place = (
            price_bin(p, parameters.bin_width)
            for p in (min(price, close) * np.exp(-below), max(price, close) * np.exp(above), close)
        )
        sweep(book, np.tile(leverages, 2) / 2.0, LONG, low)
        sweep(book, np.tile(leverages, 2) / 2.0, SHORT, high)
        recentre(book, grid, place)
        close_population(book, grid, leverages, np.zeros((MAX_TIERS, 2)), HOLDERS, 0.1, ratio)
        close_population(book, grid, leverages, np.zeros((MAX_TIERS, 2)), TRADERS, share, ratio)
        deposit(book, grid, np.array([10.0, 7.0]), low, high, place)
        ledger = book.ledger[0]
        for side in (LONG, SHORT):
            accounted = standing(book, side) + ledger["wiped"][side, :strata] + ledger["closed"][side, :strata]
            assert accounted == pytest.approx(ledger["laid"][side, :strata], rel=1e-9)
            assert in_arrays(book, side) == pytest.approx(standing(book, side), rel=1e-7)
        assert not book.mass[LONG, :, ledger["nearest"][LONG] - ledger["base"][LONG] + 1 :].any()
        assert not book.mass[SHORT, :, : ledger["nearest"][SHORT] - ledger["base"][SHORT]].any()
        assert (book.mass >= 0.0).all()
        assert (ledger["beyond"] >= 0.0).all()
        price = close


def real_bars(market_data, first, last):
    table = pd.read_parquet(market_data / "bybit_1h" / "BTCUSDT.parquet").iloc[first:last]
    bars = empty_bars(len(table))
    for name in set(table.columns) & set(BAR.names):
        bars[name] = table[name].to_numpy(dtype=float)
    return table["ts"], bars


REAL = {
    "leverages": (3.0, 10.0, 50.0),
    "leverage_weights": (0.5, 0.3, 0.1),
    "bin_width": 0.005,
    "half_life_hours": 24.0,
    "half_life_spread": 2.0,
}
HALF_LIVES = (48.0, 12.0)  # bars, of holders and of traders: those hours times and through the spread


def replay(model, bars):
    """Run the compiled model and the recount over the same bars, from the documented equations.

    The mixture is the compiled model's own, read before each bar (and after it for the cap at the open interest), so that one
    twin serves with and without calibration.
    """
    count, tiers, parameters = 3, model.grid.tiers[0], ModelParameters(**REAL)
    weights = [list(parameters.leverage_weights)] * 2
    slow = reference_book.ReferenceBook(
        parameters.bin_width, weights, tiers["shifts"][:, :count].tolist(), tiers["half_widths"][:, :count].tolist(),
        (np.array(parameters.leverages) / parameters.leverages[0]) ** parameters.leverage_close_power,
    )  # fmt: skip
    forgetting = 1.0 - 0.5 ** (1.0 / parameters.calibration_half_life_hours)
    state, snapshots, known, average = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT), None, 0.0
    for index, bar in enumerate(bars):
        slow.weights = state.learned[0]["leverages"][:, :count].tolist()
        shares = [np.kron(state.learned[0]["populations"][side], slow.weights[side]) for side in (LONG, SHORT)]
        step(state, model, bars, snapshots, index)
        low, high, close, mark_low, mark_high = (
            reference_book.bin_of(float(bar[name]), parameters.bin_width)
            for name in (
                "low",
                "high",
                "close",
                *(("low", "high") if np.isnan(bar["mark_low"]) else ("mark_low", "mark_high")),
            )
        )
        swept = [slow.sweep(shares, LONG, min(mark_low, close))[0], slow.sweep(shares, SHORT, max(mark_high, close))[0]]
        now, is_break = float(bar["open_interest"]), bool(bar["open_interest_break"] > 0.0)
        now = known if np.isnan(now) else now
        average += max(forgetting, 1.0 / (index + 1.0)) * (float(bar["volume"]) - average)
        opened = []
        for population, half_life in enumerate(HALF_LIVES):
            closing = 1.0 - 0.5 ** (1.0 / half_life)
            if now is None:
                new, share = 12.0 * closing * float(bar["volume"]), closing  # open interest is half a day's turnover
            else:
                mine = slice(population * count, (population + 1) * count)
                wiped = (
                    sum(float(np.dot(slow.weights[side], slow.exposure[side][mine])) for side in (LONG, SHORT)) / 2.0
                )
                change = 0.0 if known is None or is_break else now - known
                churn = min(2.0 * closing * now / average, 1.0)
                new = max(change, 0.0) + churn * max(float(bar["volume"]) - abs(change), 0.0) / 2.0
                there = now if known is None or is_break else known
                share = min(max(new - change - wiped, 0.0) / there, 1.0)
            slow.close(population, share, parameters.loss_close_ratio, close)
            opened.append(new)
        slow.deposit(tuple(opened), low, high, close)
        known = now
        slow.weights = state.learned[0]["leverages"][:, :count].tolist()
        for population in range(POPULATIONS):
            most = max(slow.mixture(LONG, population), slow.mixture(SHORT, population))
            if known is not None and most > known:
                slow.keep(population, known / most)
        yield index, state, snapshots[index], slow, swept


def compare(model, bars):
    """Hold every bar of the compiled model to the recount; return the last state."""
    for index, state, snapshot, slow, swept in replay(model, bars):
        assert snapshot["swept_long"] == pytest.approx(swept[LONG], rel=1e-7, abs=1e-6), index
        assert snapshot["swept_short"] == pytest.approx(swept[SHORT], rel=1e-7, abs=1e-6), index
        for side in (LONG, SHORT):
            assert standing(state.book, side) == pytest.approx(slow.standing(side), rel=1e-7, abs=1e-5), index
            if index % 25 == 0:
                base, scale = int(state.book.ledger["base"][0, side]), state.book.ledger["scale"][0, side]
                for stratum, row in enumerate(state.book.mass[side]):
                    theirs = [slow.bins[side][stratum].get(base + column, 0.0) for column in range(len(row))]
                    np.testing.assert_allclose(row * scale[stratum], theirs, rtol=1e-6, atol=1e-6)
    return state


def with_reports(bars, seed=7):
    """Add what a feed might report: a share of each bar's volume that grows with how far the price went, some of it unknown."""
    random = np.random.default_rng(seed)
    for name, excursion in (
        ("liquidated_long", 1.0 - bars["low"] / bars["open"]), ("liquidated_short", bars["high"] / bars["open"] - 1.0)
    ):  # fmt: skip
        bars[name] = bars["volume"] * excursion * random.exponential(0.2, len(bars))
        bars[name][random.random(len(bars)) < 0.1] = np.nan
    return bars


FIXED, LEARNING = (build_model(ModelParameters(**REAL, calibrate=calibrate), 3600.0) for calibrate in (False, True))


@pytest.mark.parametrize("model", [FIXED, LEARNING], ids=["by the prior", "while the mixture is learned"])
def test_simulated_bars_equal_the_recount_through_a_hole_and_a_break(model):
    bars = model_bars(simulate(5, bars=160))
    bars["open_interest"][:20] = bars["open_interest"][60:65] = np.nan
    bars["open_interest"][100:] *= 2.5
    bars["open_interest_break"][100] = 1.0
    assert np.isfinite(bars["open_interest"]).sum() == 135
    assert (bars["liquidated_long"] > 0.0).any()
    compare(model, bars)


@pytest.mark.parametrize("part", [(0, 40), (340, 440)], ids=["into", "out of"])
def test_real_bars_equal_the_recount_around_the_hole_in_open_interest(market_data, part):
    bars = real_bars(market_data, *part)[1]
    assert np.isnan(bars["open_interest"]).any()
    compare(FIXED, bars)


@pytest.mark.slow
def test_real_bars_equal_the_recount_over_two_months(market_data):
    compare(FIXED, real_bars(market_data, 0, 1500)[1])


def bars_around_the_break(market_data):
    times = pd.read_parquet(market_data / "bybit_1h" / "BTCUSDT.parquet", columns=["ts"])["ts"]
    first = int(np.flatnonzero(times >= pd.Timestamp("2021-05-12", tz=times.dt.tz))[0])
    times, bars = real_bars(market_data, first, first + 300)
    for moment in ("2021-05-19T14:00", "2021-05-19T15:00"):
        bars["open_interest_break"][(times == pd.Timestamp(moment, tz="UTC")).to_numpy()] = 1.0
    assert bars["open_interest_break"].sum() == 2.0
    return bars


def test_real_bars_equal_the_recount_across_the_break_of_may_2021(market_data):
    compare(FIXED, bars_around_the_break(market_data))


def test_real_bars_equal_the_recount_while_the_mixture_is_learned(market_data):
    state = compare(LEARNING, with_reports(bars_around_the_break(market_data)))
    prior, learned = LEARNING.prior["leverages"][0, :, :3], state.learned["leverages"][0, :, :3]
    assert (np.abs(learned / prior - 1.0).max(axis=1) > 0.05).all(), "something was learned"


@pytest.mark.slow
@pytest.mark.parametrize("calibrate", [False, True])
def test_years_of_real_bars_leave_arrays_and_ledger_equal(market_data, calibrate):
    model = build_model(ModelParameters(calibrate=calibrate), 3600.0)
    bars = with_reports(real_bars(market_data, 0, None)[1])
    state, snapshots = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT)
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)
        if index % 500 == 0:
            for side in (LONG, SHORT):
                assert in_arrays(state.book, side) == pytest.approx(standing(state.book, side), rel=1e-9, abs=1e-9)
