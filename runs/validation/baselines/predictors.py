"""Forecasters of liquidated size, with a map and without: the covariates that each may use."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from runs.statistics.glm import poisson_deviance
from runs.validation.baselines.variants import (
    average_map,
    other_kernel,
    path_only,
    reversed_table,
    shifted_level,
    side_swapped,
    time_shifted,
    with_other_kernel,
)
from runs.validation.baselines.volume_profile import kernel_share, volume_profile
from runs.validation.dataset import Dataset
from runs.validation.measures.expanding_window import first_scored, log_size, walk_forward
from runs.validation.measures.reach import excursions

RANGE_AND_VOLUME = ("excursion", "volume", "volatility")
"""The log of their product is the sum of their logs, so it needs no column of its own."""

NO_MAP: dict[str, tuple[str, ...]] = {
    "constant": (),
    "distance": ("excursion", "kernel"),
    "distance and volatility": ("excursion", "kernel", "volatility"),
    "range x volume": RANGE_AND_VOLUME,
    "volume profile": ("profile",),
}
"""Baselines that know no map, by name, and their covariates."""

_SECONDS_PER_WEEK = 604_800


def covariates_of(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return all covariates, (n, 2) each, by name: logs of what is known of a bar once its range and volume are given."""
    distances, count = excursions(dataset.bars), len(dataset.bars)
    volatility = np.concatenate([[np.nan], dataset.snapshots["volatility"][:-1]])
    sizes = {
        "excursion": distances,
        "kernel": kernel_share(dataset, distances),
        "volume": np.repeat(dataset.bars["volume"][:, None], 2, axis=1),
        "volatility": np.repeat(np.nan_to_num(volatility)[:, None], 2, axis=1),
        "profile": volume_profile(dataset),
        "map": dataset.model_liquidated,
        "path": path_only(dataset),
        "other path": path_only(dataset, with_other_kernel(dataset.parameters)),
        "shifted level": shifted_level(dataset),
        "other kernel": other_kernel(dataset),
        "reversed table": reversed_table(dataset),
        "average": average_map(dataset),
        "shifted": time_shifted(dataset),
        "swapped": side_swapped(dataset),
    }
    logs = {name: np.stack([log_size(values[:, side]) for side in range(2)], axis=1) for name, values in sizes.items()}
    return {name: values.reshape(count, 2) for name, values in logs.items()}


@dataclass
class SideTable:
    """One side's liquidations, and the out-of-sample losses of whoever forecasts them.

    Attributes
    ----------
    sizes
        (m,) base coin reported, in bars where every covariate is known.
    days
        (m,) the day of each.
    columns
        Covariates, (m,) each.
    weekly
        Bars in a week.
    """

    sizes: np.ndarray
    days: np.ndarray
    columns: dict[str, np.ndarray]
    weekly: int

    def __post_init__(self) -> None:
        """Start with no forecast made."""
        self._forecasts: dict[tuple[str, ...], np.ndarray] = {}

    @cached_property
    def scored(self) -> slice:
        """The rows that no first fit saw."""
        return slice(min(first_scored(len(self.sizes)), len(self.sizes)), None)

    @property
    def has_data(self) -> bool:
        """Whether there is a liquidation to learn from and one to score on."""
        first = self.scored.start
        return bool(self.sizes[:first].sum() > 0.0 and self.sizes[first:].sum() > 0.0)

    def forecast(self, names: tuple[str, ...]) -> np.ndarray:
        """Return the forecasts (scored rows,) from some covariates, base coin."""
        if names not in self._forecasts:
            covariates = np.stack([self.columns[name] for name in names], axis=1) if names else self._nothing
            self._forecasts[names] = walk_forward(covariates, self.sizes, self.weekly)[self.scored]
        return self._forecasts[names]

    @property
    def _nothing(self) -> np.ndarray:
        return np.empty((len(self.sizes), 0))

    def losses(self, names: tuple[str, ...]) -> np.ndarray:
        """Return the deviances (scored rows,) of the forecast from some covariates."""
        return poisson_deviance(self.sizes[self.scored], self.forecast(names))


def side_tables(dataset: Dataset) -> tuple[SideTable, SideTable]:
    """Return the tables of longs and shorts, of the same forecasters on the same bars."""
    covariates, reported = covariates_of(dataset), dataset.reported
    weekly = max(1, round(_SECONDS_PER_WEEK / dataset.bar_seconds))
    tables = []
    for side in range(2):
        columns = {name: values[:, side] for name, values in covariates.items()}
        known = np.isfinite(np.stack([reported[:, side], *columns.values()])).all(axis=0)
        kept = {name: values[known] for name, values in columns.items()}
        tables.append(SideTable(reported[known, side], dataset.days[known], kept, weekly))
    return tables[0], tables[1]
