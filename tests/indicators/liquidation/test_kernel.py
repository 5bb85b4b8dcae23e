"""The kernel against the distribution it stands for, integrated by brute force."""

import itertools
import math

import numpy as np
import pytest

from indicators.liquidation.kernel import LONG, MEASURED_WEIGHTS, POWER_SPAN, SHORT, build_kernel
from indicators.liquidation.liquidation_price import liquidation_distance
from indicators.liquidation.parameters import ModelParameters

TIERS = ModelParameters(leverage_distribution="tiers")


def laid(kernel, side, distance):
    """Return the share laid in each bin by one entry at the edge of bin 0: H's differences are F's, averaged over a bin."""
    running = kernel.running[side][kernel.margin :]
    return running[distance] - (running[distance - 1] if distance else 0.0)


def test_the_power_law_is_its_density_in_distance_averaged_over_entries_in_a_bin():
    parameters = ModelParameters(bin_width=0.005)
    kernel = build_kernel(parameters)
    nearest, furthest = 1.0 / POWER_SPAN[1], 1.0 / POWER_SPAN[0]
    distances = np.linspace(nearest, furthest, 100_001)
    middle = (distances[1:] + distances[:-1]) / 2
    size = middle**-0.75
    size /= size.sum()
    entries = (np.arange(100) + 0.5) / 100
    for place in (0, 1, 5, 40, 140):
        inside = [size[(middle / 0.005 + e >= place) & (middle / 0.005 + e < place + 1)].sum() for e in entries]
        assert laid(kernel, SHORT, place) == pytest.approx(np.mean(inside), rel=5e-3)
    assert np.array_equal(kernel.running[LONG], kernel.running[SHORT]), "one law for both sides"


def test_a_power_of_distance_is_a_power_of_leverage():
    """Size in proportion to leverage ** -1.25: a quarter of the exponent's integral between any two leverages."""
    kernel = build_kernel(ModelParameters(bin_width=0.0005))
    running = kernel.running[SHORT][kernel.margin :]
    for leverage in (2.0, 5.0, 20.0, 100.0):
        held = 1.0 - running[round(1.0 / leverage / 0.0005)]
        size = lambda a, b: a**-0.25 - b**-0.25  # noqa: E731
        assert held == pytest.approx(size(POWER_SPAN[0], leverage) / size(*POWER_SPAN), abs=0.02)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_listed_leverages_lie_at_their_exact_distance_and_spread(side):
    one = ModelParameters(leverage_distribution="tiers", leverages=(10.0,), leverage_weights=(0.8,))
    kernel = build_kernel(one)
    sign = 1.0 if side == LONG else -1.0
    exact = abs(math.log(1.0 - sign * liquidation_distance(10.0, sign, 0.005))) / one.bin_width
    share = np.diff(kernel.running[side])
    places = np.arange(len(share)) - kernel.margin + 1 + 0.5  # middle of the entry's bin to the middle of the other
    assert share.sum() == pytest.approx(0.8)
    centre = (share * places).sum() / 0.8 - 0.5
    assert centre == pytest.approx(exact, abs=1e-6)
    spread = math.sqrt((share * (places - 0.5 - centre) ** 2).sum() / 0.8)
    assert spread == pytest.approx(math.hypot(0.1 * exact, math.sqrt(1 / 6)), rel=1e-6)  # two bins of width one


@pytest.mark.parametrize("distribution", ["power", "tiers", "measured"])
def test_groups_of_leverages_add_up_to_the_whole(distribution):
    parameters = ModelParameters(leverage_distribution=distribution)
    edges = (0.0, 5.5, 15.0, 30.0, math.inf)
    groups = [build_kernel(parameters, low, high).running for low, high in itertools.pairwise(edges)]
    np.testing.assert_allclose(sum(groups), build_kernel(parameters).running, atol=1e-12)
    assert all(group.max() > 0.0 for group in groups)


def test_measured_sizes_leave_out_what_nothing_liquidates():
    kernel = build_kernel(ModelParameters(leverage_distribution="measured"))
    assert kernel.running[SHORT].max() == pytest.approx(math.fsum(MEASURED_WEIGHTS)) == pytest.approx(0.72)
    assert kernel.running[LONG].max() < 0.6, "longs at 1.3x and 1.6x are further than the map"
    assert (np.diff(kernel.running) >= -1e-15).all()


def test_beyond_its_reach_a_kernel_lays_nothing():
    for parameters in (ModelParameters(), TIERS):
        kernel = build_kernel(parameters)
        assert np.ptp(kernel.running[:, kernel.margin + kernel.reach :], axis=1).max() < 1e-12
        assert (np.diff(kernel.running[:, kernel.margin + kernel.reach - 2 :]).max(axis=1) > 0.0).any()
