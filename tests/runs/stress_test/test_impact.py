"""What forced orders add: a closed form, and the ends of the map."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.stress_test.impact import amplify


@given(st.floats(0.001, 0.2), st.floats(1.0, 1e5), st.floats(0.005, 0.1), st.floats(0.1, 3.0))
def test_with_as_much_at_every_level_it_solves_a_quadratic(distance, density, volatility, impact):
    volume = 1e6
    pull = impact * volatility * math.sqrt(density / volume)  # d' = d + pull sqrt(d')
    root = 0.5 * (pull + math.sqrt(pull**2 + 4.0 * distance))
    found = amplify(lambda way: density * way, distance, math.inf, volume, volatility, impact)
    assert found.ends
    assert found.added_fraction == pytest.approx(root**2 / distance - 1.0, abs=2e-4 / distance)


def test_what_feeds_itself_goes_on_to_the_end_of_the_map():
    found = amplify(lambda way: 1e9 * way**3, 0.05, 0.4, 1e4, 0.03, 1.0)
    assert not found.ends
    assert found.added_fraction == pytest.approx(8.0**3 - 1.0)


@pytest.mark.parametrize(("size", "volume", "volatility"), [(0.0, 1.0, 0.1), (1.0, 0.0, 0.1), (1.0, 1.0, math.nan)])
def test_without_size_volume_or_volatility_it_is_not_known(size, volume, volatility):
    assert math.isnan(amplify(lambda way: size, 0.1, 0.4, volume, volatility, 1.0).added_fraction)
