"""From a bar to the size opened and closed: the limits of the flow, and the turnover that a half-life asks for."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.liquidation.exposure import (
    OPEN_INTEREST_HOURS,
    churn_of,
    flow_with_open_interest,
    flow_without_open_interest,
)

SIZES = st.one_of(st.just(0.0), st.floats(1e-9, 1e12))
HALF_LIVES = st.floats(1e-3, 1e9)


@given(HALF_LIVES, SIZES, SIZES)
def test_no_more_than_all_turnover_opens_and_no_less_than_none(half_life, open_interest, volume):
    churn = churn_of(half_life, open_interest, volume)
    assert 0.0 <= churn <= 1.0
    wanted = -2.0 * np.expm1(-np.log(2.0) / half_life) * open_interest
    if 0.0 < wanted < 0.999 * volume:
        assert churn == pytest.approx(wanted / volume, rel=1e-6)
    elif wanted > 1.001 * volume:
        assert churn == 1.0


@pytest.mark.parametrize(
    ("half_life", "open_interest", "volume", "expected"),
    [
        (1.0, 100.0, 100.0, 1.0),  # half of 100 closes a bar, so 50 open: all of the turnover
        (1.0, 100.0, 400.0, 0.25),
        (1.0, 0.0, 400.0, 0.0),  # nobody is there to turn over
        (1e18, 100.0, 400.0, 0.0),  # nobody ever closes
        (1.0, 100.0, 0.0, 1.0),  # no turnover at all: of nothing, all
    ],
)
def test_known_limits_of_the_share_of_turnover(half_life, open_interest, volume, expected):
    assert churn_of(half_life, open_interest, volume) == expected


@given(HALF_LIVES, st.floats(1.0, 1e6), st.floats(1.0, 1e9))
def test_a_steady_market_opens_as_much_as_a_half_life_closes(half_life, open_interest, volume):
    """Open interest and turnover constant: the share that closes in a bar is the half-life's, where turnover suffices."""
    churn = churn_of(half_life, open_interest, volume)
    assume(churn < 1.0)
    flow = flow_with_open_interest(volume, open_interest, open_interest, False, 0.0, churn)
    assert flow.closed_share == pytest.approx(1.0 - 2.0 ** (-1.0 / half_life), rel=1e-9, abs=1e-15)
    assert flow.opened == pytest.approx(flow.closed_share * open_interest, rel=1e-9, abs=1e-12)


@given(st.floats(1.0, 1e4), st.floats(1e-3, 1e3))
def test_a_longer_half_life_and_a_smaller_open_interest_ask_for_less_turnover(half_life, open_interest):
    churn = churn_of(half_life, open_interest, 100.0)
    assert churn_of(2.0 * half_life, open_interest, 100.0) <= churn
    assert churn_of(half_life, open_interest / 2.0, 100.0) <= churn
    assert churn_of(half_life, open_interest, 200.0) <= churn


@given(SIZES, st.floats(1e-9, 1e12), st.floats(1e-9, 1e12), st.booleans(), SIZES, st.floats(0.0, 1.0))
def test_open_interest_is_accounted_for_where_it_can_be(volume, before, after, is_break, wiped, churn):
    """Opened less closed less wiped is the change, unless the wipe by the model exceeds what the flow leaves to close."""
    flow = flow_with_open_interest(volume, before, after, is_break, wiped, churn)
    change, there = (0.0, after) if is_break else (after - before, before)
    assert flow.opened >= max(change, 0.0)
    assert 0.0 <= flow.closed_share <= 1.0
    if flow.opened - change > wiped and flow.closed_share < 1.0:
        balance = flow.opened - flow.closed_share * there - wiped
        assert balance == pytest.approx(change, rel=1e-6, abs=1e-9 * max(volume, before, after, wiped))


@given(SIZES, st.floats(1.0, 1e6), st.floats(1.0, 60.0))
def test_without_open_interest_a_steady_market_holds_half_a_day_of_turnover(volume, half_life, bars_per_hour):
    flow = flow_without_open_interest(volume, half_life, bars_per_hour)
    assert flow.closed_share == 1.0 - 2.0 ** (-1.0 / half_life)
    held = OPEN_INTEREST_HOURS * bars_per_hour * volume
    assert flow.opened == pytest.approx(flow.closed_share * held, rel=1e-12)


def test_with_no_open_interest_left_everything_closes():
    assert flow_with_open_interest(10.0, 0.0, 5.0, False, 0.0, 0.0) == (5.0, 1.0)
