"""The compiled book against the reference that recounts every bin, and against what must hold for any book."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.book import close_down_to, copy_book, deposit, empty_book, recentre, sweep
from indicators.liquidation.closing import close_population
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.parameters import HOLDERS, MAX_TIERS, POPULATIONS, TRADERS, ModelParameters

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)

PARAMETERS = ModelParameters(
    leverages=(3.0, 10.0, 50.0, 100.0), leverage_weights=(0.4, 0.3, 0.2, 0.05), bin_width=0.004, smear=0.1
)
GRID = build_grid(PARAMETERS)
COUNT = len(PARAMETERS.leverages)
STRATA = COUNT * POPULATIONS
LEVERAGES = np.array([PARAMETERS.leverage_weights] * 2)
# The sides and the populations differ, so that a mixed up index shows.
SHARES = np.stack([np.kron([0.3, 0.7], LEVERAGES[LONG]), np.kron([0.6, 0.4], LEVERAGES[SHORT])])
LOSS_RATIO = 0.67


def reference():
    tiers = GRID.tiers[0]
    return reference_book.ReferenceBook(
        PARAMETERS.bin_width,
        LEVERAGES.tolist(),
        tiers["shifts"][:, :COUNT].tolist(),
        tiers["half_widths"][:, :COUNT].tolist(),
        tiers["close_rates"][:COUNT].tolist(),
    )


def play(book, bar):
    """Take one bar (low, high, close, opened, closed shares) through the compiled book."""
    low, high, close, opened, shares = bar
    bins = [price_bin(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [sweep(book, SHARES, LONG, bins[0]), sweep(book, SHARES, SHORT, bins[1])]
    recentre(book, GRID, bins[2])
    for population in range(POPULATIONS):
        room = np.zeros((MAX_TIERS, 2))
        close_population(book, GRID, LEVERAGES, room, population, shares[population], LOSS_RATIO)
    deposit(book, GRID, np.array(opened), *bins)
    return swept


def play_reference(book, bar):
    low, high, close, opened, shares = bar
    bins = [reference_book.bin_of(price, PARAMETERS.bin_width) for price in (low, high, close)]
    swept = [book.sweep(SHARES, LONG, bins[0]), book.sweep(SHARES, SHORT, bins[1])]
    for population in range(POPULATIONS):
        book.close(population, shares[population], LOSS_RATIO, bins[2])
    book.deposit(opened, *bins)
    return swept


NOBODY = (0.0, 0.0)


@st.composite
def markets(draw, longest=25):
    price, bars = draw(st.floats(50.0, 50_000.0)), []
    sizes, shares = st.floats(0.0, 1000.0), st.one_of(st.floats(0.0, 0.5), st.sampled_from([0.0, 1e-12, 0.999, 1.0]))
    for _ in range(draw(st.integers(2, longest))):
        move = draw(st.one_of(st.floats(-0.03, 0.03), st.floats(-0.25, 0.25)))
        close = price * float(np.exp(move))
        wick = [draw(st.floats(0.0, 0.04)) for _ in range(2)]
        low, high = min(price, close) * (1.0 - wick[0]), max(price, close) * (1.0 + wick[1])
        bars.append((low, high, close, draw(st.tuples(sizes, sizes)), draw(st.tuples(shares, shares))))
        price = close
    return bars


def by_stratum(book, side):
    """What the arrays say stands on a side, beyond included."""
    ledger = book.ledger[0]
    held = book.mass[side].sum(axis=1) + ledger["beyond"][side, :STRATA]
    return held * ledger["scale"][side, :STRATA]


def total(book, name):
    return book.ledger[0][name][:, :STRATA]


@settings(max_examples=40, deadline=None)
@given(markets(longest=10))
def test_the_compiled_book_equals_the_recount_of_every_bin_in_each_stratum(bars):
    book, slow = empty_book(GRID), reference()
    for bar in bars:
        for ours, theirs in zip(play(book, bar), play_reference(slow, bar), strict=True):
            assert ours[0] == pytest.approx(theirs[0], rel=1e-9, abs=1e-9)
            if theirs[0] > 1e-6:
                assert ours[1] == pytest.approx(theirs[1], rel=1e-9)
        ledger = book.ledger[0]
        for name in ("exposure", "laid", "wiped", "closed"):
            np.testing.assert_allclose(total(book, name), getattr(slow, name), rtol=1e-7, atol=1e-7, err_msg=name)
        for side in (LONG, SHORT):
            np.testing.assert_allclose(total(book, "standing")[side], slow.standing(side), rtol=1e-7, atol=1e-7)
            base = int(ledger["base"][side])
            for stratum in range(STRATA):
                row = book.mass[side, stratum] * ledger["scale"][side, stratum]
                theirs = [slow.bins[side][stratum].get(base + column, 0.0) for column in range(len(row))]
                np.testing.assert_allclose(row, theirs, rtol=1e-6, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(markets())
def test_mass_is_conserved_in_each_stratum(bars):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar)
        accounted = total(book, "standing") + total(book, "wiped") + total(book, "closed")
        np.testing.assert_allclose(total(book, "laid"), accounted, rtol=1e-9, atol=1e-9)
        for side in (LONG, SHORT):
            np.testing.assert_allclose(by_stratum(book, side), total(book, "standing")[side], rtol=1e-9, atol=1e-7)
        assert (book.mass >= 0.0).all()
        assert (total(book, "beyond") >= 0.0).all()
        for name in ("laid", "standing", "wiped", "closed", "beyond", "exposure"):
            assert not book.ledger[0][name][:, STRATA:].any(), "no stratum that is none"


@settings(max_examples=40, deadline=None)
@given(markets())
def test_longs_stand_below_the_close_and_shorts_above(bars):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar)
        close_bin, ledger = price_bin(bar[2], PARAMETERS.bin_width), book.ledger[0]
        longs = np.flatnonzero(book.mass[LONG].any(axis=0)) + int(ledger["base"][LONG])
        shorts = np.flatnonzero(book.mass[SHORT].any(axis=0)) + int(ledger["base"][SHORT])
        assert not len(longs) or longs.max() < close_bin
        assert not len(shorts) or shorts.min() > close_bin


@settings(max_examples=30, deadline=None)
@given(markets(longest=12), st.sampled_from([HOLDERS, TRADERS]))
def test_a_population_knows_nothing_of_the_other(bars, gone):
    """What one opens and closes leaves the other's book bit for bit as it is: they meet in the shares alone."""
    book, alone = empty_book(GRID), empty_book(GRID)
    kept = slice((1 - gone) * COUNT, (2 - gone) * COUNT)
    for low, high, close, opened, shares in bars:
        only = [0.0 if population == gone else opened[population] for population in range(POPULATIONS)]
        play(book, (low, high, close, opened, shares))
        play(alone, (low, high, close, only, shares))
        assert (book.mass[:, kept] == alone.mass[:, kept]).all()
        for name in ("standing", "laid", "wiped", "closed", "beyond", "exposure", "scale"):
            assert (book.ledger[0][name][:, kept] == alone.ledger[0][name][:, kept]).all(), name


def test_size_opened_in_a_bar_is_not_wiped_by_it():
    book = empty_book(GRID)
    play(book, (80.0, 120.0, 100.0, (1000.0, 300.0), NOBODY))
    assert not total(book, "wiped").any()
    np.testing.assert_allclose(total(book, "standing"), np.tile(np.repeat([1000.0, 300.0], COUNT), (2, 1)))


def test_exposure_is_recorded_before_the_wipe_at_unit_weight():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, (1000.0, 500.0), NOBODY))
    swept = play(book, (70.0, 100.0, 90.0, NOBODY, NOBODY))[LONG][0]
    exposure = total(book, "exposure")[LONG]
    assert exposure[1:COUNT] == pytest.approx([1000.0] * 3)  # 10x, 50x and 100x are all gone 30 % lower
    assert 0.0 < exposure[0] < 1000.0  # the kernel of 3x is reached in part
    assert exposure[COUNT:] == pytest.approx(exposure[:COUNT] / 2.0)
    assert swept == pytest.approx(float(exposure @ SHARES[LONG]))


def test_a_sweep_that_reaches_nothing_leaves_no_earlier_exposure():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, (1000.0, 500.0), NOBODY))
    play(book, (70.0, 100.0, 90.0, NOBODY, NOBODY))
    swept = play(book, (90.0, 90.0, 90.0, NOBODY, NOBODY))
    assert [size for size, _ in swept] == [0.0, 0.0]
    assert np.isnan([centre for _, centre in swept]).all()
    assert not total(book, "exposure").any()


def test_a_stratum_without_a_share_is_wiped_but_not_counted():
    book, shares = empty_book(GRID), SHARES.copy()
    play(book, (100.0, 100.0, 100.0, (1000.0, 0.0), NOBODY))
    shares[:, 1:] = 0.0
    swept, centre = sweep(book, shares, LONG, price_bin(85.0, PARAMETERS.bin_width))
    assert swept == 0.0  # 3x alone has a share, and its prices lie lower
    assert np.isnan(centre)
    assert total(book, "exposure")[LONG, 1:COUNT] == pytest.approx([1000.0] * 3)


def test_a_long_climb_moves_the_columns_and_loses_nothing():
    book = empty_book(GRID)
    price = 100.0
    for _ in range(60):
        play(book, (price, price * 1.05, price * 1.05, (10.0, 3.0), NOBODY))
        price *= 1.05
    assert (total(book, "beyond")[LONG] > 0.0).any()
    for side in (LONG, SHORT):
        np.testing.assert_allclose(by_stratum(book, side), total(book, "standing")[side], rtol=1e-9)


def test_a_copy_is_independent():
    book = empty_book(GRID)
    play(book, (95.0, 105.0, 100.0, (10.0, 10.0), NOBODY))
    kept = copy_book(book)
    before = [array.copy() for array in kept]
    play(book, (50.0, 105.0, 60.0, (10.0, 10.0), (0.5, 0.5)))
    for ours, then in zip(kept, before, strict=True):
        assert (ours == then).all()


def test_closing_everything_of_a_stratum_leaves_the_others():
    book = empty_book(GRID)
    play(book, (95.0, 105.0, 100.0, (10.0, 20.0), NOBODY))
    close_down_to(book, COUNT + 1, 0.0)
    expected = np.repeat([10.0, 20.0], COUNT)
    expected[COUNT + 1] = 0.0
    for side in (LONG, SHORT):
        assert by_stratum(book, side) == pytest.approx(expected)
        assert total(book, "standing")[side] == pytest.approx(expected)
    deposit(book, GRID, np.array([0.0, 5.0]), *(price_bin(p, PARAMETERS.bin_width) for p in (95.0, 105.0, 100.0)))
    expected[COUNT:] += 5.0
    for side in (LONG, SHORT):
        assert by_stratum(book, side) == pytest.approx(expected)
