"""Whitening: the mean and the long-run variance stay, the memory goes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from runs.statistics.effective import autocorrelations
from runs.statistics.whitening import first_autocorrelations, shrunk, whitened


def whitened_alone(returns):
    return whitened(returns, first_autocorrelations(returns))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 60), st.floats(-2.0, 2.0), st.sampled_from([0.25, 8.0]))
def test_the_mean_stays_and_scale_and_neighbours_do_not_matter(seed, days, shift, scale):
    returns = np.random.default_rng(seed).standard_normal((days, 3)) + shift
    found = whitened_alone(returns)
    assert found.mean(axis=0) == pytest.approx(returns.mean(axis=0), abs=1e-9)
    assert whitened_alone(scale * returns) == pytest.approx(scale * found, rel=1e-9, abs=1e-12)
    assert whitened_alone(returns[:, 1:2]) == pytest.approx(found[:, 1:2], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.3, 0.8])
def test_of_an_autoregression_the_innovations_are_left_over_what_they_add_up_to(memory):
    noise = np.random.default_rng(1).standard_normal((20_000, 2))
    found = whitened_alone(lfilter([1.0], [1.0, -memory], noise, axis=0))
    assert np.abs(autocorrelations(found[:, 0])[1:6]).max() < 0.025
    # Each return adds noise / (1 - memory) to the sum over all days: that is the root of the long-run variance.
    assert found[1:].std() * (1.0 - memory) == pytest.approx(noise.std(), rel=0.04)
    assert np.corrcoef(found[1:, 0], noise[1:, 0])[0, 1] > 0.999


def test_the_bias_of_a_short_autocorrelation_is_taken_off():
    # Kendall 1954: of 30 days with a true .3 it is .063 too low.
    random, memory = np.random.default_rng(2), 0.3
    returns = lfilter([1.0], [1.0, -memory], random.standard_normal((90, 8000)), axis=0)[60:]
    assert first_autocorrelations(returns).mean() == pytest.approx(memory, abs=0.02)


@pytest.mark.parametrize(("memories", "gain"), [((0.3, 0.3), 0.3), ((0.0, 0.3), 1.05), ((-0.6, 0.6), 1.05)])
def test_shrinking_brings_the_truth_nearer_where_trials_are_alike_and_leaves_it_elsewhere(memories, gain):
    random, truth = np.random.default_rng(3), np.repeat(memories, 50)
    returns = np.column_stack([lfilter([1.0], [1.0, -one], random.standard_normal(350))[50:] for one in truth])
    found = first_autocorrelations(returns)
    error, left = (np.sqrt(np.mean((value - truth) ** 2)) for value in (found, shrunk(found, 300)))
    assert left < gain * error


def test_what_runs_straight_up_stays_finite():
    found = whitened_alone(np.arange(12.0)[:, None])
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(5.5)
