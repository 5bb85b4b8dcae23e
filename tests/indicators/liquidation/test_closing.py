"""Traders in loss close at another rate than traders in profit: against a recount of cohorts that know their entries."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indicators.liquidation.book import close_out, copy_book, deposit, empty_book, recentre, sweep
from indicators.liquidation.closing import close_by_result, closing_rates, size_in_loss
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.parameters import ModelParameters

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)

WEIGHTS = (0.4, 0.3, 0.25)
PARAMETERS = ModelParameters(leverages=(3.0, 10.0, 50.0), leverage_weights=WEIGHTS, bin_width=0.004, smear=0.1)
GRID = build_grid(PARAMETERS)
RATIOS = st.sampled_from([0.0, 0.2, 0.67, 1.0, 1.5, 8.0])


def play(book, bar, ratio):
    low, high, close, opened, share = bar
    bins = [price_bin(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [sweep(book, LONG, bins[0])[0], sweep(book, SHORT, bins[1])[0]]
    recentre(book, GRID, bins[2])
    close_by_result(book, GRID, share, ratio)
    deposit(book, GRID, opened, *bins)
    return swept


def play_reference(slow, bar, ratio):
    low, high, close, opened, share = bar
    bins = [reference_book.bin_of(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [slow.sweep(LONG, bins[0])[0], slow.sweep(SHORT, bins[1])[0]]
    slow.close_by_result(share, ratio, bins[2])
    slow.deposit(opened, *bins)
    return swept


@st.composite
def markets(draw):
    price, bars = draw(st.floats(50.0, 50_000.0)), []
    for _ in range(draw(st.integers(2, 12))):
        close = price * float(np.exp(draw(st.one_of(st.floats(-0.03, 0.03), st.floats(-0.2, 0.2)))))
        low, high = (edge * (1.0 + draw(st.floats(0.0, 0.03)) * way) for edge, way in
                     ((min(price, close), -1.0), (max(price, close), 1.0)))  # fmt: skip
        bars.append((low, high, close, draw(st.floats(0.0, 1000.0)), draw(st.floats(0.0, 0.9))))
        price = close
    return bars


def placed(book, side):
    ledger = book.ledger[0]
    return {
        int(ledger["base"][side]) + c: v * ledger["scale"][side] for c, v in enumerate(book.density[side]) if v > 0.0
    }


@settings(max_examples=60, deadline=None)
@given(markets(), RATIOS)
def test_closing_by_result_equals_the_recount_of_cohorts(bars, ratio):
    book = empty_book(GRID)
    slow = reference_book.ReferenceBook(
        PARAMETERS.bin_width,
        list(WEIGHTS),
        GRID.tiers["shifts"][0, :, :3].tolist(),
        GRID.tiers["half_widths"][0, :, :3].tolist(),
    )
    for bar in bars:
        assert play(book, bar, ratio) == pytest.approx(play_reference(slow, bar, ratio), rel=1e-7, abs=1e-6)
        for side in (LONG, SHORT):
            assert book.ledger["standing"][0, side] == pytest.approx(slow.standing(side), rel=1e-7, abs=1e-6)
            theirs = slow.density(side)
            for place, size in placed(book, side).items():
                assert size == pytest.approx(theirs.get(place, 0.0), rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(markets(), RATIOS)
def test_nothing_is_lost_and_density_stays_the_mixture(bars, ratio):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar, ratio)
        ledger = book.ledger[0]
        for side in (LONG, SHORT):
            accounted = ledger["standing"][side] + ledger["wiped"][side] + ledger["closed"][side]
            assert ledger["laid"][side] == pytest.approx(accounted, rel=1e-9, abs=1e-9)
            beyond = float(ledger["beyond"][side, :3] @ np.array(WEIGHTS))
            held = (float(book.density[side].sum()) + beyond) * float(ledger["scale"][side])
            assert held == pytest.approx(ledger["standing"][side], rel=1e-9, abs=1e-6)
            mixture = np.tensordot(np.array(WEIGHTS), book.mass[side], axes=1)
            assert book.density[side] == pytest.approx(mixture, rel=1e-9, abs=1e-9 * max(1.0, ledger["laid"][side]))
        assert (book.mass >= 0.0).all()
        assert (book.density >= 0.0).all()


@settings(max_examples=30, deadline=None)
@given(markets())
def test_a_ratio_near_one_treats_all_alike(bars):
    book, alike = empty_book(GRID), empty_book(GRID)
    for bar in bars:
        low, high, close, opened, share = bar
        play(book, bar, 1.0 + 1e-12)  # 1 itself takes the shorter way
        bins = [price_bin(price, PARAMETERS.bin_width) for price in (low, high, close)]
        sweep(alike, LONG, bins[0])
        sweep(alike, SHORT, bins[1])
        recentre(alike, GRID, bins[2])
        close_out(alike, share)
        deposit(alike, GRID, opened, *bins)
        ours, theirs = (b.density * b.ledger["scale"][0][:, None] for b in (book, alike))
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_longs_opened_above_the_close_are_in_loss_and_shorts_in_profit():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, 1000.0, 0.0), 1.0)
    widest = int(GRID.tiers["half_widths"][0, :, :3].max())
    fallen = 100.0 * float(np.exp(-(widest + 1) * PARAMETERS.bin_width))  # beyond the smear of any tier
    play(book, (fallen, 100.0, fallen, 0.0, 0.0), 1.0)
    assert size_in_loss(book, GRID, SHORT) == 0.0
    assert size_in_loss(book, GRID, LONG) == pytest.approx(book.ledger["standing"][0, LONG], rel=1e-12)
    assert book.ledger["standing"][0, LONG] > 0.0


def test_a_ratio_of_zero_keeps_all_that_is_in_loss():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, 1000.0, 0.0), 1.0)
    play(book, (94.0, 100.0, 94.0, 2000.0, 0.0), 1.0)
    before = copy_book(book)
    close_by_result(book, GRID, 0.1, 0.0)
    for side in (LONG, SHORT):
        loss = size_in_loss(before, GRID, side)
        assert loss > 0.0
        assert size_in_loss(book, GRID, side) == pytest.approx(loss, rel=1e-9)
        assert book.ledger["standing"][0, side] == pytest.approx(0.9 * before.ledger["standing"][0, side], rel=1e-9)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 10.0))
@example(0.0, 0.0, 0.0)
@example(1.0, 1.0, 0.0)
@example(0.5, 0.0, 5.0)
def test_the_rates_close_just_the_share(share, loss_share, ratio):
    standing = 100.0
    profit, loss = closing_rates(share, standing, loss_share * standing, ratio)
    assert 0.0 <= profit <= 1.0
    assert 0.0 <= loss <= 1.0
    closed = profit * (1.0 - loss_share) * standing + loss * loss_share * standing
    assert closed == pytest.approx(share * standing, abs=1e-9)
