"""Joins against brute force: what was known at a close, and nothing later."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.availability import as_of, event_totals, summed

TIMES = st.lists(st.integers(0, 200), max_size=25).map(sorted)


@given(TIMES, st.lists(st.integers(0, 220), min_size=1, max_size=15).map(sorted), st.integers(1, 50))
def test_a_bar_takes_the_last_value_known_at_its_close_and_no_stale_one(known_at, closes, longest):
    values = np.arange(len(known_at), dtype=float) + 1.0
    got = as_of(np.array(known_at, dtype=np.int64), values, np.array(closes), longest)
    for close, value in zip(closes, got, strict=True):
        known = [(at, number) for number, at in enumerate(known_at) if at <= close]
        expected = values[known[-1][1]] if known and close - known[-1][0] < longest else np.nan
        assert np.array_equal([value], [expected], equal_nan=True)


@given(TIMES, st.lists(st.integers(0, 20), min_size=1, max_size=10, unique=True).map(sorted))
def test_sums_take_a_bars_own_values_from_its_open_until_before_its_end(times, bars):
    opens, values = np.array(bars) * 10, np.arange(len(times), dtype=float) + 0.5
    got = summed(np.array(times, dtype=np.int64), values, opens, 10)
    for opened, total in zip(opens, got, strict=True):
        own = [value for time, value in zip(times, values, strict=True) if opened <= time < opened + 10]
        assert np.array_equal([total], [sum(own) if own else np.nan], equal_nan=True)


def test_a_liquidation_counts_where_it_became_known_and_an_unobserved_bar_is_unknown():
    rows = {
        "ts": np.array([5, 9, 12]),
        "known_at": np.array([6, 11, 13]),
        "side": np.array([1.0, 1.0, -1.0]),
        "price": np.ones(3),
        "size": np.array([2.0, 3.0, 5.0]),
    }
    longs, shorts = event_totals(rows, [(0, 30)], np.array([0, 10, 20, 30]), 10)
    assert longs[:3].tolist() == [2.0, 3.0, 0.0]
    assert np.isnan(longs[3])
    assert shorts[:3].tolist() == [0.0, 5.0, 0.0]
    assert np.isnan(shorts[3])
    longs, _ = event_totals(rows, [(0, 15)], np.array([0, 10]), 10)
    assert longs[0] == 2.0
    assert np.isnan(longs[1])
