"""Markets whose liquidations follow a known law, so that what a claim ought to say is known."""

from dataclasses import replace
from functools import cache

import numpy as np

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.validation.dataset import Dataset, read_market


@cache
def dataset_of(seed: int, bars: int = 1500) -> Dataset:
    """Return the dataset of a simulated market."""
    return read_market(simulate(seed, bars=bars), ModelParameters())


def noise(seed: int, count: int) -> np.ndarray:
    """Return (count, 2) heavy noise of mean one."""
    return np.random.default_rng(seed).lognormal(-0.5, 1.0, (count, 2))


def with_reports(dataset: Dataset, sizes: np.ndarray) -> Dataset:
    """Return the dataset with other reported liquidations (n, 2); the map stays as it is."""
    bars = dataset.bars.copy()
    bars["liquidated_long"], bars["liquidated_short"] = sizes.T
    return replace(dataset, bars=bars)


def map_is_true(seed: int, bars: int = 1500) -> Dataset:
    """Return a world in which a fifth of what the map expects is reported, with noise."""
    dataset = dataset_of(seed, bars)
    return with_reports(dataset, 0.2 * dataset.model_liquidated * noise(seed, bars))
