"""The compiled book against the reference that recounts every cohort, and against what must hold for any book."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.book import close_out, copy_book, deposit, empty_book, recentre, sweep
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.parameters import ModelParameters

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)

PARAMETERS = ModelParameters(
    leverages=(3.0, 10.0, 50.0, 100.0), leverage_weights=(0.4, 0.3, 0.2, 0.05), bin_width=0.004, smear=0.1
)
GRID = build_grid(PARAMETERS)
COUNT = len(PARAMETERS.leverages)


def reference():
    tiers = GRID.tiers[0]
    return reference_book.ReferenceBook(
        PARAMETERS.bin_width,
        list(PARAMETERS.leverage_weights),
        tiers["shifts"][:, :COUNT].tolist(),
        tiers["half_widths"][:, :COUNT].tolist(),
    )


def play(book, bar):
    """Take one bar (low, high, close, opened, closed share) through the compiled book."""
    low, high, close, opened, share = bar
    bins = [price_bin(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [sweep(book, LONG, bins[0]), sweep(book, SHORT, bins[1])]
    recentre(book, GRID, bins[2])
    close_out(book, share)
    deposit(book, GRID, opened, bins[0], bins[1], bins[2])
    return swept


def play_reference(book, bar):
    low, high, close, opened, share = bar
    bins = [reference_book.bin_of(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [book.sweep(LONG, bins[0]), book.sweep(SHORT, bins[1])]
    book.close(share)
    book.deposit(opened, *bins)
    return swept


@st.composite
def markets(draw, longest=25):
    price, bars = draw(st.floats(50.0, 50_000.0)), []
    for _ in range(draw(st.integers(2, longest))):
        move = draw(st.one_of(st.floats(-0.03, 0.03), st.floats(-0.25, 0.25)))
        close = price * float(np.exp(move))
        wick = [draw(st.floats(0.0, 0.04)) for _ in range(2)]
        low, high = min(price, close) * (1.0 - wick[0]), max(price, close) * (1.0 + wick[1])
        bars.append((low, high, close, draw(st.floats(0.0, 1000.0)), draw(st.floats(0.0, 0.5))))
        price = close
    return bars


def standing_in_arrays(book, side):
    ledger = book.ledger[0]
    beyond = float(ledger["beyond"][side, :COUNT] @ np.array(PARAMETERS.leverage_weights))
    return (float(book.density[side].sum()) + beyond) * float(ledger["scale"][side])


@settings(max_examples=60, deadline=None)
@given(markets())
def test_the_compiled_book_equals_the_recount_of_every_cohort(bars):
    book, slow = empty_book(GRID), reference()
    for bar in bars:
        for ours, theirs in zip(play(book, bar), play_reference(slow, bar), strict=True):
            assert ours[0] == pytest.approx(theirs[0], rel=1e-9, abs=1e-9)
            if theirs[0] > 1e-6:
                assert ours[1] == pytest.approx(theirs[1], rel=1e-9)
        ledger = book.ledger[0]
        for side in (LONG, SHORT):
            assert ledger["exposure"][side, :COUNT] == pytest.approx(slow.exposure[side], rel=1e-9, abs=1e-9)
            assert ledger["standing"][side] == pytest.approx(slow.standing(side), rel=1e-9, abs=1e-7)
            density = slow.density(side)
            base = int(ledger["base"][side])
            ours = {base + c: v * ledger["scale"][side] for c, v in enumerate(book.density[side]) if v > 0.0}
            for place, size in ours.items():
                assert size == pytest.approx(density.get(place, 0.0), rel=1e-6, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(markets())
def test_mass_is_conserved(bars):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar)
        ledger = book.ledger[0]
        for side in (LONG, SHORT):
            accounted = ledger["standing"][side] + ledger["wiped"][side] + ledger["closed"][side]
            assert ledger["laid"][side] == pytest.approx(accounted, rel=1e-9, abs=1e-9)
            assert standing_in_arrays(book, side) == pytest.approx(ledger["standing"][side], rel=1e-9, abs=1e-7)
            mixture = np.tensordot(np.array(PARAMETERS.leverage_weights), book.mass[side], axes=1)
            assert book.density[side] == pytest.approx(mixture, rel=1e-9, abs=1e-12 + 1e-12 * ledger["laid"][side])
        assert (book.mass >= 0.0).all()
        assert (book.density >= 0.0).all()


@settings(max_examples=40, deadline=None)
@given(markets())
def test_longs_stand_below_the_close_and_shorts_above(bars):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar)
        close_bin, ledger = price_bin(bar[2], PARAMETERS.bin_width), book.ledger[0]
        longs = np.flatnonzero(book.density[LONG]) + int(ledger["base"][LONG])
        shorts = np.flatnonzero(book.density[SHORT]) + int(ledger["base"][SHORT])
        assert not len(longs) or longs.max() < close_bin
        assert not len(shorts) or shorts.min() > close_bin


def test_size_opened_in_a_bar_is_not_wiped_by_it():
    book = empty_book(GRID)
    play(book, (80.0, 120.0, 100.0, 1000.0, 0.0))
    assert book.ledger[0]["wiped"].tolist() == [0.0, 0.0]
    assert book.ledger[0]["standing"] == pytest.approx([950.0, 950.0])


def test_exposure_is_recorded_before_the_wipe_at_unit_weight():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, 1000.0, 0.0))
    swept = play(book, (70.0, 100.0, 90.0, 0.0, 0.0))[LONG][0]
    exposure = book.ledger[0]["exposure"][LONG, :COUNT]
    assert exposure[1:] == pytest.approx([1000.0] * 3)  # 10x, 50x and 100x are all gone 30 % lower
    assert 0.0 < exposure[0] < 1000.0  # the kernel of 3x is reached in part
    assert swept == pytest.approx(float(exposure @ np.array(PARAMETERS.leverage_weights)))


def test_a_long_climb_moves_the_columns_and_loses_nothing():
    book = empty_book(GRID)
    price = 100.0
    for _ in range(60):
        play(book, (price, price * 1.05, price * 1.05, 10.0, 0.0))
        price *= 1.05
    ledger = book.ledger[0]
    assert ledger["beyond"].sum() > 0.0
    for side in (LONG, SHORT):
        assert standing_in_arrays(book, side) == pytest.approx(ledger["standing"][side], rel=1e-9)


def test_a_copy_is_independent():
    book = empty_book(GRID)
    play(book, (95.0, 105.0, 100.0, 10.0, 0.0))
    kept = copy_book(book)
    before = [array.copy() for array in kept]
    play(book, (50.0, 105.0, 60.0, 10.0, 0.5))
    for ours, then in zip(kept, before, strict=True):
        assert (ours == then).all()


def test_closing_everything_leaves_nothing():
    book = empty_book(GRID)
    play(book, (95.0, 105.0, 100.0, 10.0, 0.0))
    close_out(book, 1.0)
    assert book.ledger[0]["standing"].tolist() == [0.0, 0.0]
    assert standing_in_arrays(book, LONG) == pytest.approx(0.0, abs=1e-6)
    deposit(book, GRID, 10.0, *(price_bin(p, PARAMETERS.bin_width) for p in (95.0, 105.0, 100.0)))
    assert standing_in_arrays(book, LONG) == pytest.approx(9.5)
