"""The book where its columns end, where sizes differ by many orders of magnitude, and on real bars."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indicators.liquidation.bar import BAR, empty_bars
from indicators.liquidation.book import close_down_to, close_out, deposit, empty_book, recentre, sweep
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import step

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)


def in_arrays(book, grid, side):
    """What mass and what density say stands on a side, whose weights are the grid's."""
    count, ledger = int(grid.tiers["count"][0]), book.ledger[0]
    weights = grid.tiers["weights"][0][:count]
    beyond = float(ledger["beyond"][side, :count] @ weights)
    by_mass = float(weights @ book.mass[side].sum(axis=1))
    return [(total + beyond) * float(ledger["scale"][side]) for total in (by_mass, float(book.density[side].sum()))]


@pytest.mark.parametrize("leverage", [1.01, 1.1, 1.3, 1.5, 1.6, 2.0])
def test_size_that_lands_further_out_than_the_columns_stands_beyond_and_never_at_the_close(leverage):
    grid = build_grid(ModelParameters(leverages=(leverage,), leverage_weights=(1.0,)))
    book = empty_book(grid)
    recentre(book, grid, 7000)
    deposit(book, grid, 100.0, 6990, 7010, 7000)
    nearest = int(book.ledger["nearest"][0, LONG] - book.ledger["base"][0, LONG])
    assert book.density[LONG, nearest - 50 : nearest + 1].sum() == 0.0
    for side in (LONG, SHORT):
        assert in_arrays(book, grid, side) == pytest.approx([100.0] * 2, rel=1e-9)


@pytest.mark.parametrize("size", [1e8, 1e12, 1e15])
def test_closing_down_to_a_tiny_share_leaves_arrays_and_ledger_equal(size):
    grid = build_grid(ModelParameters())
    book = empty_book(grid)
    recentre(book, grid, 7000)
    deposit(book, grid, size, 6990, 7010, 7000)
    close_down_to(book, 100.0 / size)
    for side in (LONG, SHORT):
        assert book.ledger["standing"][0, side] == pytest.approx(100.0, rel=1e-12)
        assert in_arrays(book, grid, side) == pytest.approx([100.0] * 2, rel=1e-9)


@st.composite
def shapes(draw):
    leverages = sorted(draw(st.sets(st.floats(1.01, 100.0).map(lambda x: round(x, 2)), min_size=1, max_size=5)))
    return ModelParameters(
        leverages=tuple(leverages),
        leverage_weights=(0.9 / len(leverages),) * len(leverages),
        bin_width=draw(st.sampled_from([0.0005, 0.001, 0.01])),
        smear=draw(st.sampled_from([0.01, 0.1, 0.5])),
    )


@settings(max_examples=60, deadline=None)
@given(
    shapes(), st.lists(st.tuples(st.floats(-1.2, 1.2), st.floats(0, 0.9), st.floats(0, 0.9)), min_size=1, max_size=12)
)
@example(ModelParameters(leverages=(1.01,), leverage_weights=(1.0,)), [(1.1, 0.0, 0.0), (-1.1, 0.5, 0.5)])
def test_arrays_sum_to_the_ledger_for_any_tiers_and_threefold_moves(parameters, moves):
    grid = build_grid(parameters)
    book, price = empty_book(grid), 1000.0
    for move, below, above in moves:
        close = price * np.exp(move)
        places = [
            price_bin(p, parameters.bin_width)
            for p in (min(price, close) * np.exp(-below), max(price, close) * np.exp(above), close)
        ]
        low, high, place = places
        sweep(book, LONG, low)
        sweep(book, SHORT, high)
        recentre(book, grid, place)
        close_out(book, 0.1)
        deposit(book, grid, 10.0, low, high, place)
        ledger = book.ledger[0]
        for side in (LONG, SHORT):
            total = float(ledger["standing"][side] + ledger["wiped"][side] + ledger["closed"][side])
            assert total == pytest.approx(float(ledger["laid"][side]), rel=1e-9)
            assert in_arrays(book, grid, side) == pytest.approx([float(ledger["standing"][side])] * 2, rel=1e-7)
        assert not book.density[LONG, ledger["nearest"][LONG] - ledger["base"][LONG] + 1 :].any()
        assert not book.density[SHORT, : ledger["nearest"][SHORT] - ledger["base"][SHORT]].any()
        assert (book.mass >= 0.0).all()
        assert (ledger["beyond"] >= 0.0).all()
        price = close


def real_bars(market_data, first, last):
    table = pd.read_parquet(market_data / "bybit_1h" / "BTCUSDT.parquet").iloc[first:last]
    bars = empty_bars(len(table))
    for name in set(table.columns) & set(BAR.names):
        bars[name] = table[name].to_numpy(dtype=float)
    return table["ts"].to_numpy(), bars


REAL = ModelParameters(
    leverages=(3.0, 10.0, 50.0), leverage_weights=(0.5, 0.3, 0.1), bin_width=0.005, half_life_hours=24.0
)


def replay(model, bars):
    """Run the compiled model and the recount of cohorts over the same bars, from the documented equations."""
    width, tiers = REAL.bin_width, model.grid.tiers[0]
    slow = reference_book.ReferenceBook(
        width, list(REAL.leverage_weights), tiers["shifts"][:, :3].tolist(), tiers["half_widths"][:, :3].tolist()
    )
    state, snapshots, known = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT), None
    for index, bar in enumerate(bars):
        step(state, model, bars, snapshots, index)
        low, high, close = (reference_book.bin_of(float(bar[name]), width) for name in ("low", "high", "close"))
        swept = [slow.sweep(LONG, low)[0], slow.sweep(SHORT, high)[0]]
        now, is_break = float(bar["open_interest"]), bool(bar["open_interest_break"] > 0.0)
        now = known if np.isnan(now) else now
        if now is None:
            opened, share = REAL.churn * bar["volume"] / 2.0, 1.0 - 0.5 ** (1.0 / 24.0)
        else:
            change = 0.0 if known is None or is_break else now - known
            opened = max(change, 0.0) + REAL.churn * max(bar["volume"] - abs(change), 0.0) / 2.0
            there = now if known is None or is_break else known
            share = min(max(opened - change - sum(swept) / 2.0, 0.0) / there, 1.0)
        slow.close_by_result(float(share), REAL.loss_close_ratio, close)
        slow.deposit(float(opened), low, high, close)
        known = now
        most = max(slow.standing(LONG), slow.standing(SHORT))
        if known is not None and most > known:
            slow.close(1.0 - known / most)
        # Dust of a billionth of a coin is dropped, or the recount takes minutes.
        slow.cohorts = [c for c in slow.cohorts if sum(c.bins.values()) > 1e-9]
        yield index, state, snapshots[index], slow, swept


def compare(market_data, first, last, mark_break_at=()):
    model = build_model(REAL, 3600.0)
    times, bars = real_bars(market_data, first, last)
    for moment in mark_break_at:
        bars["open_interest_break"][times == np.datetime64(moment)] = 1.0
    assert np.isnan(bars["open_interest"]).any() or mark_break_at
    for index, state, snapshot, slow, swept in replay(model, bars):
        assert snapshot["swept_long"] == pytest.approx(swept[LONG], rel=1e-8, abs=1e-6), index
        assert snapshot["swept_short"] == pytest.approx(swept[SHORT], rel=1e-8, abs=1e-6), index
        for side in (LONG, SHORT):
            assert state.book.ledger["standing"][0, side] == pytest.approx(slow.standing(side), rel=1e-9, abs=1e-5)
            if index % 25 == 0:
                base, scale = int(state.book.ledger["base"][0, side]), float(state.book.ledger["scale"][0, side])
                theirs = slow.density(side)
                for column in np.flatnonzero(state.book.density[side]):
                    ours = state.book.density[side, column] * scale
                    assert ours == pytest.approx(theirs.get(base + int(column), 0.0), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("part", [(0, 40), (340, 440)], ids=["into", "out of"])
def test_real_bars_equal_the_recount_around_the_hole_in_open_interest(market_data, part):
    compare(market_data, *part)


@pytest.mark.slow
def test_real_bars_equal_the_recount_over_two_months(market_data):
    compare(market_data, 0, 1500)


def test_real_bars_equal_the_recount_across_the_break_of_may_2021(market_data):
    times = pd.read_parquet(market_data / "bybit_1h" / "BTCUSDT.parquet", columns=["ts"])["ts"]
    first = int(np.flatnonzero(times >= pd.Timestamp("2021-05-12", tz=times.dt.tz))[0])
    compare(market_data, first, first + 300, ["2021-05-19T14:00", "2021-05-19T15:00"])


@pytest.mark.slow
def test_years_of_real_bars_leave_arrays_and_ledger_equal(market_data):
    model = build_model(ModelParameters(), 3600.0)
    _, bars = real_bars(market_data, 0, None)
    state, snapshots = initial_state(model), np.zeros(len(bars), dtype=SNAPSHOT)
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)
        if index % 500 == 0:
            for side in (LONG, SHORT):
                standing = float(state.book.ledger["standing"][0, side])
                assert in_arrays(state.book, model.grid, side) == pytest.approx([standing] * 2, rel=1e-9)
