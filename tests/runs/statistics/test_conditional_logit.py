"""The conditional logit against another maximiser, a closed form, and data that leave something open."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from runs.statistics.conditional_logit import conditional_logit


def sample(seed, situations=6, cells=8, columns=2):
    random = np.random.default_rng(seed)
    shared, own = random.standard_normal((cells, columns)), random.standard_normal((situations, cells))
    return shared, own, random.gamma(1.0, size=(situations, cells)) * (random.random((situations, cells)) < 0.7)


def loss(coefficients, shared, own, counts):
    position = shared @ coefficients[:-1] + coefficients[-1] * own
    return -(counts * (position - np.log(np.exp(position).sum(axis=1, keepdims=True)))).sum()


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_another_maximiser_finds_the_same(seed):
    shared, own, counts = sample(seed)
    expected = minimize(loss, np.zeros(3), args=(shared, own, counts), method="BFGS", options={"gtol": 1e-8}).x
    assert conditional_logit(shared, own, counts) == pytest.approx(expected, abs=1e-3)


def test_two_cells_that_differ_by_one_give_the_log_odds():
    own = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert conditional_logit(np.zeros((2, 0)), own, np.array([[10.0, 30.0], [50.0, 10.0]])) == pytest.approx(
        [np.log(80 / 20)], abs=1e-4
    )


def test_neither_start_nor_unit_of_the_counts_nor_a_situation_without_any_changes_the_fit():
    shared, own, counts = sample(3)
    fitted = conditional_logit(shared, own, counts)
    assert conditional_logit(shared, own, counts, fitted + 0.5) == pytest.approx(fitted, abs=1e-6)
    assert conditional_logit(shared, own, 1000.0 * counts) == pytest.approx(fitted, abs=1e-6)
    more = np.concatenate([own, own[:1]]), np.concatenate([counts, np.zeros_like(counts[:1])])
    assert conditional_logit(shared, *more) == pytest.approx(fitted, abs=2e-3)  # the ridge sees other columns


def test_columns_that_say_the_same_and_cells_that_separate_give_finite_coefficients():
    shared, own, counts = sample(4)
    assert np.isfinite(conditional_logit(np.repeat(shared[:, :1], 3, axis=1), own, counts)).all()
    assert np.isfinite(conditional_logit(shared, own, np.where(own == own.max(axis=1, keepdims=True), 1.0, 0.0))).all()


def test_what_does_not_pair_up_or_holds_no_count_is_refused():
    shared, own, counts = sample(5)
    with pytest.raises(ValueError, match="the same cells"):
        conditional_logit(shared[1:], own, counts)
    with pytest.raises(ValueError, match="no cell was chosen"):
        conditional_logit(shared, own, 0.0 * counts)
