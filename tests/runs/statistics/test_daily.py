"""Whole days out of bars, against pandas' own calendar."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.daily import day_ends, returns_of_days


@given(st.lists(st.integers(0, 24 * 40), min_size=1, max_size=50, unique=True).map(sorted), st.data())
def test_days_and_their_last_values_are_pandas(hours, data):
    times = np.datetime64("2024-02-27T05", "ns") + np.array(hours) * np.timedelta64(1, "h")
    values = np.array(data.draw(st.lists(st.floats(1.0, 2.0), min_size=len(hours), max_size=len(hours))))
    daily = pd.Series(values, index=pd.DatetimeIndex(times)).resample("D").last().ffill()
    days, rows = day_ends(times)
    assert (days == daily.index.to_numpy().astype("datetime64[D]")).all()
    np.testing.assert_array_equal(values[rows], daily.to_numpy())
    returns = returns_of_days(values[rows], 1.5)
    np.testing.assert_allclose(np.cumprod(1.0 + returns), daily.to_numpy() / 1.5, rtol=1e-12)


def test_a_day_after_which_nothing_is_left_returns_zero():
    assert returns_of_days(np.array([0.0, 0.0, 5.0]), 10.0).tolist() == [-1.0, 0.0, 0.0]
