"""Haircuts of Sharpe ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.haircut import haircut_sharpe


def test_the_example_of_harvey_and_liu():
    assert haircut_sharpe(0.75, 20.0, 200) == pytest.approx(0.32, abs=0.03)  # they use Student's t
    assert haircut_sharpe(0.75, 20.0, 200) == pytest.approx(0.315, abs=1e-3)


@given(st.floats(0.01, 5.0), st.floats(0.5, 30.0), st.integers(1, 2000))
def test_it_never_adds_and_dependence_costs_more(ratio, years, tests):
    plain, strict = haircut_sharpe(ratio, years, tests), haircut_sharpe(ratio, years, tests, dependent=True)
    assert 0.0 <= strict <= plain <= ratio * (1.0 + 1e-9)
    assert haircut_sharpe(ratio, years, tests + 1) <= plain


def test_one_test_costs_nothing_and_nothing_tested_is_refused():
    assert haircut_sharpe(1.0, 4.0, 1) == pytest.approx(1.0)
    assert haircut_sharpe(50.0, 30.0, 10) == 50.0
    with pytest.raises(ValueError, match="more than none"):
        haircut_sharpe(1.0, 0.0, 3)
