"""Markets whose liquidations follow a known law, so that what a claim ought to say is known."""

from dataclasses import replace
from functools import cache

import numpy as np

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.validation.dataset import POSITION, Dataset, read_market
from runs.validation.measures.cells import WIDE, mixed_with_even
from runs.validation.measures.map_cells import own_average, shares_of_maps
from runs.validation.measures.position_sample import position_sample


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


def with_positions(datasets: list[Dataset], today: bool, accounts: int, seed: int, every: int = 24) -> list[Dataset]:
    """Return the datasets with snapshots of accounts whose liquidation prices are drawn from the map, or from its average.

    Every account holds a position in every coin, drawn anew in each snapshot; `every` bars, the last thousand of them.
    """
    ends = np.arange(len(datasets[0].bars) - 1000, len(datasets[0].bars), every)
    draft = [replace(dataset, positions=_one_account(dataset, ends)) for dataset in datasets]
    sample = position_sample(draft, WIDE)
    shares = shares_of_maps(draft, sample)
    cumulated = np.cumsum(mixed_with_even(shares if today else own_average(shares, sample)), axis=1)
    cumulated /= cumulated[:, -1:]
    random, made = np.random.default_rng(seed), []
    for coin, dataset in enumerate(draft):
        own = np.flatnonzero(sample.situations["coin"] == coin)
        cells = (cumulated[own, None] < random.random((len(own), accounts, 1))).sum(axis=2).ravel()
        sides, steps = cells // WIDE.cells, cells % WIDE.cells
        rows = np.repeat(dataset.positions, accounts)
        rows["account"], rows["side"] = np.tile(np.arange(accounts), len(own)), sides
        away = np.where(sides == 0, -1.0, 1.0) * (steps + 0.5) * WIDE.width
        rows["liquidation_price"] = rows["mark"] * np.exp(away)
        made.append(replace(dataset, positions=rows))
    return made


def _one_account(dataset: Dataset, ends: np.ndarray) -> np.ndarray:
    found = np.zeros(len(ends), dtype=POSITION)
    found["time"] = dataset.market.times[ends] + np.timedelta64(dataset.bar_seconds, "s")
    found["usd"], found["mark"] = 2000.0, dataset.bars["close"][ends]
    found["liquidation_price"] = found["mark"] * 0.99
    return found
