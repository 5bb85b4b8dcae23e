"""Markets side by side against dictionaries, in any order and cut at any time."""

from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.errors import MarketError
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from datafeeds.universe.markets import from_markets
from datafeeds.universe.notes import SURVIVORS

BARS = 200


@cache
def whole(seed, bar_seconds=3600):
    return simulate(seed=seed, bars=BARS, bar_seconds=bar_seconds)


def some_bars(seed, kept, name=None):
    frame = whole(seed).frame.iloc[list(kept)].reset_index(drop=True)
    return market_from_frame(frame, name or f"venue/COIN{seed}USDT", bar_seconds=3600)


def listing(draw_from):
    """Markets that list late, end early and have gaps; the first one spans all."""
    begins, ends, gaps = draw_from
    parts = [
        [bar for bar in range(begin, end) if bar not in gaps or bar in (begin, end - 1)]
        for begin, end in zip(begins, ends, strict=True)
    ]
    return [some_bars(1, range(BARS)), *(some_bars(2 + number, part) for number, part in enumerate(parts))]


LISTINGS = st.tuples(
    st.lists(st.integers(0, 80), min_size=3, max_size=3),
    st.lists(st.integers(100, BARS), min_size=3, max_size=3),
    st.sets(st.integers(0, BARS), max_size=30),
).map(listing)


@given(LISTINGS)
@settings(max_examples=15)
def test_rows_name_the_bar_that_opens_at_each_time_and_no_other(markets):
    universe = from_markets(markets)
    opened = {market.name: {time: bar for bar, time in enumerate(market.times.tolist())} for market in markets}
    every = sorted({time for bars in opened.values() for time in bars})
    assert universe.times.dtype == np.dtype("datetime64[ms]")
    assert universe.rows.dtype == np.int32
    assert universe.times.astype("datetime64[ns]").tolist() == every
    for column, name in enumerate(universe.names):
        assert universe.rows[:, column].tolist() == [opened[name].get(time, -1) for time in every]


@given(LISTINGS, st.integers(4, BARS - 1))
@settings(max_examples=15)
def test_what_comes_later_moves_no_row_before_it(markets, bar):
    universe, moment = from_markets(markets), whole(1).times[bar]
    begun = [market for market in markets if (market.times < moment).sum() >= 2]
    early = from_markets([market.head(int((market.times < moment).sum())) for market in begun])
    columns = [universe.names.index(name) for name in early.names]
    assert np.array_equal(early.rows[early.times < moment], universe.rows[: len(early.times)][:, columns])
    assert np.array_equal(early.times, universe.times[: len(early.times)])


def test_the_order_of_listing_does_not_matter():
    markets = [some_bars(1, range(BARS)), some_bars(2, range(50, BARS)), some_bars(3, range(150))]
    dates = [(0, BARS, 1.0), (10, 90, 2.0), (0, 100, 0.5)]
    expected = None
    for order in permutations(range(3)):
        firsts, lasts, weights = zip(*(dates[place] for place in order), strict=True)
        universe = from_markets([markets[place] for place in order], firsts, lasts, weights)
        told = (universe.names, universe.fingerprint(), universe.notes, universe.rows.tolist())
        expected = expected or told
        assert told == expected
    assert universe.names == ("venue/COIN1USDT", "venue/COIN2USDT", "venue/COIN3USDT")
    assert [(each.first, each.last, each.weight) for each in universe.markets] == dates


def test_dates_and_weights_are_part_of_the_fingerprint():
    markets = [some_bars(1, range(BARS)), some_bars(2, range(BARS))]
    prints = [
        from_markets(markets, firsts, lasts, weights).fingerprint()
        for firsts, lasts, weights in (
            ((0, 0), (200, 200), (1, 1)),
            ((0, 1), (200, 200), (1, 1)),
            ((0, 0), (200, 199), (1, 1)),
            ((0, 0), (200, 200), (1, 2)),
        )
    ]
    assert len(set(prints)) == 4
    assert prints[0] == from_markets(markets).fingerprint()


def test_one_market_is_just_its_bars():
    market = some_bars(1, [*range(40), *range(60, 90)])
    universe = from_markets([market])
    assert universe.rows.tolist() == [[bar] for bar in range(70)]
    assert np.array_equal(universe.times, market.times.astype("datetime64[ms]"))
    assert universe.markets[0].market is market
    assert universe.notes == ("gaps, in which nothing is traded: 1 of 1 markets, venue/COIN1USDT (20 bars)",)


def test_who_comes_late_ends_early_and_has_holes_is_named():
    universe = from_markets(
        [some_bars(1, range(BARS)), some_bars(2, [*range(30, 60), *range(65, 150)]), some_bars(3, range(190))]
    )
    assert universe.delisted.tolist() == [False, True, True]
    assert universe.notes == (
        "late listings: 1 of 3 markets, venue/COIN2USDT (2024-01-02)",
        "data that ends early, counted as delisted: 1 of 3 markets, venue/COIN2USDT (2024-01-07)",
        "data that ends within a day of the others' end, to be downloaded up to it: 1 of 3 markets, venue/COIN3USDT (2024-01-08)",
        "gaps, in which nothing is traded: 1 of 3 markets, venue/COIN2USDT (5 bars)",
    )


def test_survivorship_is_said_until_a_market_is_delisted():
    pair = [some_bars(1, range(BARS)), some_bars(2, range(BARS))]
    assert from_markets(pair).notes == (SURVIVORS,)
    assert len(SURVIVORS.split()) < 25
    assert SURVIVORS in from_markets([pair[0], some_bars(2, range(180))]).notes  # twenty hours are a ragged download
    assert SURVIVORS not in from_markets([pair[0], some_bars(2, range(170))]).notes


def test_a_market_that_leaves_by_its_date_is_not_delisted():
    pair = [some_bars(1, range(BARS)), some_bars(2, range(BARS))]
    universe = from_markets(pair, lasts=(BARS, 100))
    assert not universe.delisted.any()
    assert SURVIVORS in universe.notes


@pytest.mark.parametrize(
    ("markets", "arguments", "text"),
    [
        (lambda: [], {}, "at least one market"),
        (lambda: [whole(1), whole(1)], {}, "two markets are called simulated-1"),
        (lambda: [whole(1), some_bars(1, range(9, 120), "other/NAME")], {}, "are one market: .* in all 111 bars"),
        (lambda: [some_bars(1, range(120), "one"), some_bars(1, range(60, BARS), "other")], {}, "in all 60 bars that they share"),
        (lambda: [some_bars(1, range(10)), some_bars(2, range(40, 50))], {}, "has bars between 2024-01-01T09:00"),
        (lambda: [whole(1), whole(2, 900)], {}, "bars of 15m and 1h; resample"),
        (lambda: [whole(1), simulate(seed=2, bars=50, start="2024-01-01T00:30")], {}, "open 30m apart"),
        (lambda: [whole(1)], {"firsts": [5], "lasts": [5]}, "bars 5 to 5 are no part of its 200"),
        (lambda: [whole(1)], {"lasts": [201]}, "bars 0 to 201"),
        (lambda: [whole(1)], {"weights": [0.0]}, "weight = 0.0 must be"),
        (lambda: [whole(1)], {"weights": [float("nan")]}, "weight = nan must be"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_one_line(markets, arguments, text):
    with pytest.raises(MarketError, match=text) as refused:
        from_markets(markets(), **arguments)
    assert "\n" not in str(refused.value)


def test_markets_that_follow_upon_each_other_are_a_universe():
    universe = from_markets([some_bars(1, range(50)), some_bars(2, range(50, 100))])
    assert universe.rows.tolist() == [[bar, -1] for bar in range(50)] + [[-1, bar] for bar in range(50)]


def test_two_markets_whose_prices_never_move_are_not_taken_for_one():
    times = pd.date_range("2024-01-01", periods=9, freq="h", tz="UTC")
    flat = pd.DataFrame({"ts": times, "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 2.0})
    assert len(from_markets([market_from_frame(flat, "one"), market_from_frame(flat, "other")])) == 2
