"""Who closes: competing hazards by leverage and by result, against a recount that bisects and against what must hold for any."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indicators.liquidation.book import close_down_to, copy_book, deposit, empty_book, recentre, sweep
from indicators.liquidation.closing import close_population, closing_clock, loss_columns, size_in_loss
from indicators.liquidation.grid import LONG, SHORT, build_grid, price_bin
from indicators.liquidation.parameters import HOLDERS, MAX_TIERS, POPULATIONS, TRADERS, ModelParameters

_spec = importlib.util.spec_from_file_location("reference_book", Path(__file__).with_name("reference_book.py"))
reference_book = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_book)

WEIGHTS = (0.4, 0.3, 0.25)
PARAMETERS = ModelParameters(leverages=(3.0, 10.0, 50.0), leverage_weights=WEIGHTS, bin_width=0.004, smear=0.1)
GRID = build_grid(PARAMETERS)
COUNT, STRATA = len(WEIGHTS), len(WEIGHTS) * POPULATIONS
LEVERAGES = np.array([WEIGHTS, WEIGHTS[::-1]])  # learned by side, so they may differ
SHARES = np.tile(LEVERAGES, 2) / 2.0
RATIOS = st.sampled_from([0.01, 0.2, 0.67, 1.0, 1.5, 10.0])


def close(book, population, share, ratio, grid=GRID, leverages=LEVERAGES):
    close_population(book, grid, leverages, np.zeros((MAX_TIERS, 2)), population, share, ratio)


def play(book, bar, ratio):
    low, high, last, opened, shares = bar
    bins = [price_bin(price, PARAMETERS.bin_width) for price in (low, high, last)]
    swept = [sweep(book, SHARES, LONG, bins[0])[0], sweep(book, SHARES, SHORT, bins[1])[0]]
    recentre(book, GRID, bins[2])
    for population in range(POPULATIONS):
        close(book, population, shares[population], ratio)
    deposit(book, GRID, np.array(opened), *bins)
    return swept


def play_reference(slow, bar, ratio):
    low, high, last, opened, shares = bar
    bins = [reference_book.bin_of(price, PARAMETERS.bin_width) for price in (low, high, last)]
    swept = [slow.sweep(SHARES, LONG, bins[0])[0], slow.sweep(SHARES, SHORT, bins[1])[0]]
    for population in range(POPULATIONS):
        slow.close(population, shares[population], ratio, bins[2])
    slow.deposit(opened, *bins)
    return swept


@st.composite
def markets(draw):
    price, bars = draw(st.floats(50.0, 50_000.0)), []
    sizes, shares = st.floats(0.0, 1000.0), st.one_of(st.floats(0.0, 0.9), st.sampled_from([1e-12, 1.0 - 1e-9, 1.0]))
    for _ in range(draw(st.integers(2, 10))):
        last = price * float(np.exp(draw(st.one_of(st.floats(-0.03, 0.03), st.floats(-0.2, 0.2)))))
        low, high = (edge * (1.0 + draw(st.floats(0.0, 0.03)) * way) for edge, way in
                     ((min(price, last), -1.0), (max(price, last), 1.0)))  # fmt: skip
        bars.append((low, high, last, draw(st.tuples(sizes, sizes)), draw(st.tuples(shares, shares))))
        price = last
    return bars


def standing(book):
    return book.ledger[0]["standing"][:, :STRATA].copy()


def in_loss(book):
    return np.array([[size_in_loss(book, GRID, side, stratum) for stratum in range(STRATA)] for side in (LONG, SHORT)])


def mixed(sizes, population):
    """(2,) what sizes by side and stratum are of one population's mixture."""
    return (LEVERAGES * sizes[:, population * COUNT : (population + 1) * COUNT]).sum(axis=1)


def some_of_everything():
    """A book that holds size in profit and in loss, of every stratum, on both sides."""
    book = empty_book(GRID)
    for bar in ((100.0, 100.0, 100.0, (500.0, 300.0), (0.0, 0.0)), (98.5, 100.0, 99.2, (900.0, 700.0), (0.0, 0.0))):
        play(book, bar, 1.0)
    recentre(book, GRID, price_bin(99.6, PARAMETERS.bin_width))
    held, losing = standing(book), in_loss(book)
    assert (losing > 0.0).all()
    assert (losing < held).all()
    return book


@settings(max_examples=40, deadline=None)
@given(markets(), RATIOS)
def test_closing_equals_the_recount_in_each_stratum(bars, ratio):
    book = empty_book(GRID)
    slow = reference_book.ReferenceBook(
        PARAMETERS.bin_width,
        LEVERAGES.tolist(),
        GRID.tiers["shifts"][0, :, :COUNT].tolist(),
        GRID.tiers["half_widths"][0, :, :COUNT].tolist(),
        GRID.tiers["close_rates"][0, :COUNT].tolist(),
    )
    for bar in bars:
        assert play(book, bar, ratio) == pytest.approx(play_reference(slow, bar, ratio), rel=1e-7, abs=1e-6)
        np.testing.assert_allclose(book.ledger[0]["closed"][:, :STRATA], slow.closed, rtol=1e-6, atol=1e-6)
        for side in (LONG, SHORT):
            np.testing.assert_allclose(standing(book)[side], slow.standing(side), rtol=1e-6, atol=1e-6)
            base, scale = int(book.ledger["base"][0, side]), book.ledger["scale"][0, side]
            for stratum in range(STRATA):
                row = book.mass[side, stratum] * scale[stratum]
                theirs = [slow.bins[side][stratum].get(base + column, 0.0) for column in range(len(row))]
                np.testing.assert_allclose(row, theirs, rtol=1e-5, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(markets(), RATIOS)
def test_nothing_is_lost_in_any_stratum(bars, ratio):
    book = empty_book(GRID)
    for bar in bars:
        play(book, bar, ratio)
        ledger = book.ledger[0]
        laid, wiped, closed, beyond, scale = (
            ledger[name][:, :STRATA] for name in ("laid", "wiped", "closed", "beyond", "scale")
        )
        np.testing.assert_allclose(laid, standing(book) + wiped + closed, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((book.mass.sum(axis=2) + beyond) * scale, standing(book), rtol=1e-9, atol=1e-6)
        assert (book.mass >= 0.0).all()
        assert (standing(book) >= -1e-9).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([HOLDERS, TRADERS]), st.floats(1e-9, 1.0), st.floats(0.01, 10.0))
def test_just_the_share_of_the_populations_mixture_closes_on_each_side(population, share, ratio):
    book = some_of_everything()
    before = standing(book)
    close(book, population, share, ratio)
    expected = (1.0 - share) * mixed(before, population)
    np.testing.assert_allclose(
        mixed(standing(book), population), expected, rtol=1e-6, atol=1e-6 * mixed(before, population).max()
    )
    other = slice((1 - population) * COUNT, (2 - population) * COUNT)
    assert (standing(book)[:, other] == before[:, other]).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-6, 0.99), st.floats(0.01, 10.0))
def test_hazards_compete_by_leverage_and_by_result(share, ratio):
    """What a tier keeps is another's power: of its rate, and of the ratio where it is in loss."""
    book = some_of_everything()
    before, losing_before = standing(book), in_loss(book)
    close(book, HOLDERS, share, ratio)
    after, losing_after = standing(book), in_loss(book)
    rates = GRID.tiers["close_rates"][0, :COUNT]
    assert (np.diff(rates) > 0.0).all()
    for side in (LONG, SHORT):
        held, losing = before[side, :COUNT], losing_before[side, :COUNT]
        # The clock is read off one tier's positions in loss; everybody else must have run by it.
        clock = -np.log(losing_after[side, 0] / losing[0]) / (rates[0] * ratio)
        in_loss_left, in_profit_left = losing * np.exp(-rates * ratio * clock), (held - losing) * np.exp(-rates * clock)
        tolerance = 1e-9 * held.max()
        np.testing.assert_allclose(losing_after[side, :COUNT], in_loss_left, rtol=1e-6, atol=tolerance)
        np.testing.assert_allclose((after - losing_after)[side, :COUNT], in_profit_left, rtol=1e-6, atol=tolerance)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 0.95), st.sampled_from([HOLDERS, TRADERS]))
def test_without_differences_all_close_alike(share, population):
    alike = build_grid(
        ModelParameters(
            leverages=(3.0, 10.0, 50.0), leverage_weights=WEIGHTS, bin_width=0.004, smear=0.1, leverage_close_power=0.0
        )
    )
    book = some_of_everything()
    plain = copy_book(book)
    close(book, population, share, 1.0, grid=alike)
    for tier in range(COUNT):
        close_down_to(plain, population * COUNT + tier, 1.0 - share)
    np.testing.assert_allclose(standing(book), standing(plain), rtol=1e-6)
    ours, theirs = (b.mass * b.ledger["scale"][0, :, :STRATA, None] for b in (book, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_longs_opened_above_the_close_are_in_loss_and_shorts_in_profit():
    book = empty_book(GRID)
    play(book, (100.0, 100.0, 100.0, (1000.0, 1000.0), (0.0, 0.0)), 1.0)
    widest = int(GRID.tiers["half_widths"][0, :, :COUNT].max())
    fallen = 100.0 * float(np.exp(-(widest + 1) * PARAMETERS.bin_width))  # beyond the smear of any tier
    play(book, (fallen, 100.0, fallen, (0.0, 0.0), (0.0, 0.0)), 1.0)
    losing = in_loss(book)
    assert not losing[SHORT].any()
    np.testing.assert_allclose(losing[LONG], standing(book)[LONG], rtol=1e-12)
    assert standing(book)[LONG].any()


def test_the_columns_in_loss_lie_between_the_close_and_the_shift():
    book = some_of_everything()
    ledger, close_bin = book.ledger[0], price_bin(99.6, PARAMETERS.bin_width)
    for side in (LONG, SHORT):
        for tier in range(COUNT):
            first, last = loss_columns(book, GRID, side, tier)
            shift = int(GRID.tiers["shifts"][0, side, tier])
            held = set(range(first + int(ledger["base"][side]), last + int(ledger["base"][side])))
            for place in range(close_bin - 200, close_bin + 201):
                beside = place < close_bin if side == LONG else place > close_bin
                entry = place - shift
                losing = beside and (entry > close_bin if side == LONG else entry < close_bin)
                assert (place in held) == losing, (side, tier, place)


def test_closing_none_changes_nothing_and_all_leaves_nothing():
    book = some_of_everything()
    before = [array.copy() for array in book]
    close(book, TRADERS, 0.0, 0.67)
    for ours, then in zip(book, before, strict=True):
        assert (ours == then).all()
    close(book, TRADERS, 1.0, 0.67)
    assert not standing(book)[:, COUNT:].any()
    assert not (book.mass * book.ledger["scale"][0, :, :STRATA, None])[:, COUNT:].any()
    assert (standing(book)[:, :COUNT] == before[1][0]["standing"][:, :COUNT]).all()


def test_a_leverage_that_nobody_has_closes_by_the_clock_of_the_others():
    book = some_of_everything()
    leverages = np.array([(0.0, 0.5, 0.5)] * 2)
    before = standing(book)
    close(book, HOLDERS, 0.3, 1.0, leverages=leverages)
    kept = standing(book)[:, :COUNT] / before[:, :COUNT]
    rates = GRID.tiers["close_rates"][0, :COUNT]
    np.testing.assert_allclose(
        -np.log(kept) / rates, np.repeat(-np.log(kept[:, 1:2]) / rates[1], COUNT, axis=1), rtol=1e-9
    )
    np.testing.assert_allclose((leverages * kept * before[:, :COUNT]).sum(axis=1),
                               0.7 * (leverages * before[:, :COUNT]).sum(axis=1), rtol=1e-6)  # fmt: skip


SIZES = st.one_of(st.just(0.0), st.floats(1e-6, 1e6), st.floats(1e-12, 1e12))
CLOSED = st.one_of(
    st.floats(1e-12, 0.999),
    st.floats(-12.0, -3.0).map(lambda e: 10.0**e),
    st.floats(-12.0, -3.0).map(lambda e: 1.0 - 10.0**e),
)


@st.composite
def closings(draw):
    count = draw(st.integers(1, 6))
    leverages = sorted(draw(st.sets(st.floats(1.01, 100.0).map(lambda x: round(x, 2)), min_size=count, max_size=count)))
    parameters = ModelParameters(
        leverages=tuple(leverages), leverage_weights=(1.0 / count,) * count, leverage_close_power=draw(st.floats(0.0, 3.0)),
        bin_width=0.01,
    )  # fmt: skip
    sizes = np.zeros((MAX_TIERS, 2))
    sizes[:count] = draw(st.lists(st.tuples(SIZES, SIZES), min_size=count, max_size=count))
    shares = np.array(draw(st.lists(st.one_of(st.just(0.0), st.floats(1e-9, 1.0)), min_size=count, max_size=count)))
    return parameters, sizes, np.array([shares, shares[::-1]])


@settings(max_examples=300, deadline=None)
@given(closings(), st.sampled_from([LONG, SHORT]), CLOSED, st.floats(0.01, 10.0))
@example(
    (ModelParameters(leverages=(3.0,), leverage_weights=(1.0,)), np.ones((MAX_TIERS, 2)), np.ones((2, 1))),
    0,
    1e-12,
    1.0,
)
@example(
    (ModelParameters(leverages=(3.0,), leverage_weights=(1.0,)), np.ones((MAX_TIERS, 2)), np.ones((2, 1))),
    0,
    1.0 - 1e-12,
    0.01,
)
def test_the_clock_closes_just_the_share(closing, side, share, ratio):
    """To a millionth of what closes, or to the rounding of the whole; and it is the clock that bisection finds."""
    parameters, sizes, shares = closing
    grid, count = build_grid(parameters), len(parameters.leverages)
    found = closing_clock(grid, side, shares, sizes, share, ratio)
    rates = (grid.tiers["close_rates"][0, :count, None] * np.array([1.0, ratio])).ravel().tolist()
    held = (shares[side, :, None] * sizes[:count]).ravel().tolist()
    whole = math.fsum(held)
    if whole <= 0.0:
        assert found == 0.0
        return
    assert math.isfinite(found)
    assert found >= 0.0
    closed = math.fsum(-size * math.expm1(-rate * found) for rate, size in zip(rates, held, strict=True))
    assert closed == pytest.approx(share * whole, rel=1e-6, abs=4e-15 * whole)
    expected = reference_book.clock(rates, held, share)
    left = math.fsum(size * rate * math.exp(-rate * expected) for rate, size in zip(rates, held, strict=True))
    if left > 0.0:
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-14 * whole / left)


def test_where_nobody_stands_no_clock_runs():
    assert closing_clock(GRID, LONG, LEVERAGES, np.zeros((MAX_TIERS, 2)), 0.5, 1.0) == 0.0
