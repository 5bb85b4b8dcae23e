"""Recorded liquidations bar by bar: by when they became known, and unknown where nobody listened."""

import numpy as np
from hypothesis import given, seed
from hypothesis import strategies as st

from datafeeds.availability import event_totals, largest_events

BAR = 60_000
START = 1_700_000_000_000 // BAR * BAR


def fold(rows, covered, bar, start, end):
    return event_totals(rows, covered, np.arange(start, end, bar), bar)


def rows_of(events):
    events = sorted(events)
    columns = list(zip(*events, strict=True)) if events else [()] * 4
    ts, known_at, side, size = (np.array(column) for column in columns)
    prices = np.full(len(events), 100.0)
    return {
        "ts": ts.astype(np.int64),
        "known_at": known_at.astype(np.int64),
        "side": side.astype(np.float64),
        "price": prices,
        "limit_price": np.full(len(events), np.nan),
        "size": size.astype(np.float64),
    }


def test_an_event_that_was_heard_after_the_close_counts_in_the_next_bar():
    rows = rows_of([(START + BAR - 300, START + BAR - 1, 1, 2.0), (START + BAR - 200, START + BAR, 1, 5.0)])
    longs, shorts = fold(rows, [(START, START + 2 * BAR)], BAR, START, START + 2 * BAR)
    assert (longs.tolist(), shorts.tolist()) == ([2.0, 5.0], [0.0, 0.0])


def test_a_bar_that_was_not_wholly_heard_is_unknown_and_a_quiet_one_is_zero():
    rows = rows_of([(START + 10, START + 20, -1, 3.0)])
    covered = [(START + 1, START + 3 * BAR - 1), (START + 3 * BAR, START + 4 * BAR)]
    longs, shorts = fold(rows, covered, BAR, START, START + 4 * BAR)
    assert np.isnan(shorts).tolist() == np.isnan(longs).tolist() == [True, False, True, False]
    assert (shorts[1], shorts[3]) == (0.0, 0.0)


def test_intervals_that_touch_cover_a_bar_together():
    longs, _ = fold(rows_of([]), [(START + 30_000, START + BAR), (START, START + 30_000)], BAR, START, START + BAR)
    assert longs.tolist() == [0.0]


TIMES = st.integers(0, 5 * BAR // 1000).map(lambda second: START + second * 1000)
EVENTS = st.tuples(TIMES, st.sampled_from([0, 250, 61_000]), st.sampled_from([1, -1]), st.integers(1, 9)).map(
    lambda event: (event[0], event[0] + event[1], event[2], float(event[3]))
)


@seed(11)
@given(
    st.lists(EVENTS, max_size=12), st.lists(st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1]), max_size=4)
)
def test_the_sums_are_those_of_counting_one_by_one(events, covered):
    longs, shorts = fold(rows_of(events), covered, BAR, START, START + 4 * BAR)
    for bar in range(4):
        first, last = START + bar * BAR, START + (bar + 1) * BAR
        heard = all(any(a <= at < b for a, b in covered) for at in range(first, last, 1000))
        for side, sums in ((1, longs), (-1, shorts)):
            counted = sum(size for _, known, of, size in events if of == side and first <= known < last)
            assert np.isnan(sums[bar]) if not heard else sums[bar] == counted


def test_the_largest_event_of_a_bar_is_in_quote_by_side_and_a_quiet_one_is_zero():
    at = [(1, 1, 2.0), (2, 1, 7.0), (3, -1, 5.0), (BAR + 1, -1, 4.0), (3 * BAR + 1, 1, 9.0)]
    rows = rows_of([(START + ms, START + ms, side, size) for ms, side, size in at])
    rows["price"] = np.array([100.0, 10.0, 50.0, np.nan, 100.0])
    rows["limit_price"] = np.array([np.nan, 900.0, np.nan, 80.0, np.nan])
    opens = np.arange(START, START + 5 * BAR, BAR)
    longs, shorts = largest_events(rows, [(START, START + 3 * BAR)], opens, BAR)
    np.testing.assert_array_equal(longs, [200.0, 0.0, 0.0, 900.0, np.nan])  # an event is known where nobody heard all
    np.testing.assert_array_equal(shorts, [250.0, 320.0, 0.0, np.nan, np.nan])  # at the fill, or else the limit


def test_the_largest_event_counts_in_the_bar_in_which_it_became_known():
    rows = rows_of([(START + BAR - 300, START + BAR - 1, 1, 2.0), (START + BAR - 200, START + BAR, 1, 5.0)])
    longs, _ = largest_events(rows, [(START, START + 2 * BAR)], np.array([START, START + BAR]), BAR)
    assert longs.tolist() == [200.0, 500.0]
