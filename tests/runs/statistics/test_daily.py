"""Whole days out of bars, against pandas' own calendar."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.performance import annual_growth


@given(st.lists(st.integers(0, 24 * 40), min_size=1, max_size=50).map(lambda drawn: sorted({0, 1, *drawn})), st.data())
def test_days_and_their_last_values_are_pandas(hours, data):
    times = np.datetime64("2024-02-27T05", "ns") + np.array(hours) * np.timedelta64(1, "h")
    values = np.array(data.draw(st.lists(st.floats(1.0, 2.0), min_size=len(hours), max_size=len(hours))))
    daily = pd.Series(values, index=pd.DatetimeIndex(times)).resample("D").last().ffill()
    days, rows = day_ends(times)
    assert (days == daily.index.to_numpy().astype("datetime64[D]")).all()
    np.testing.assert_array_equal(values[rows], daily.to_numpy())
    returns = returns_of_days(values[rows], 1.5)
    np.testing.assert_allclose(np.cumprod(1.0 + returns), daily.to_numpy() / 1.5, rtol=1e-12)


@pytest.mark.parametrize(("length", "bars"), [(7, 53), (3, 2), (1, 5)])
def test_bars_of_several_days_span_all_of_their_days(length, bars):
    times = np.datetime64("2024-01-01", "ns") + np.arange(bars) * np.timedelta64(length, "D")
    days, rows = day_ends(times)
    assert len(days) == length * bars
    assert rows.tolist() == np.repeat(np.arange(bars), length).tolist()
    values = 1.1 ** np.arange(1, bars + 1)
    growth = annual_growth(returns_of_days(values[rows], 1.0))
    assert growth == pytest.approx(1.1 ** (365 / length) - 1.0)


def test_a_bar_of_a_day_at_most_adds_no_day_where_it_ends():
    times = np.datetime64("2024-01-01T22", "ns") + np.arange(3) * np.timedelta64(4, "h")
    assert len(day_ends(times)[0]) == 2


def test_a_day_after_which_nothing_is_left_returns_zero():
    assert returns_of_days(np.array([0.0, 0.0, 5.0]), 10.0).tolist() == [-1.0, 0.0, 0.0]
