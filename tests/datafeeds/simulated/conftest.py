"""One simulated market with its truth, for the tests that only look at it."""

import pytest

from datafeeds.simulated.market import SimulatedMarket, simulate_with_truth


@pytest.fixture(scope="session")
def world() -> SimulatedMarket:
    """Return 1,500 hours of seed 2: they hold calm weeks and a cascade."""
    return simulate_with_truth(2, bars=1500)
