"""The claims about real positions: whether snapshots of accounts would be liquidated where the map says."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from runs.statistics.crossed import crossed_draws, crossed_interval, crossed_means
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset
from runs.validation.measures.cells import NEAR, WIDE, Panel, mixed_with_even
from runs.validation.measures.map_cells import bits, own_average, shares_of_maps, true_profile
from runs.validation.measures.position_sample import PositionSample, Rows, position_sample
from runs.validation.measures.shape import slope, slope_draws

MIN_ACCOUNTS = 700
"""Below it a map that knows nothing of today is not told from a calibrated one (docs/truth.md)."""

SLOPE_DRAWS = 1000
"""Resamples of a slope, each of which is a fit."""

LEVEL, SHAPE = "truth_level", "truth_shape"

_STATEMENTS = {
    LEVEL: "Real positions would be liquidated where the map says",
    SHAPE: "Where real positions would be liquidated follows today's map, beyond distance",
}

_STATISTICS = {
    LEVEL: "mean log2 of the map's share of a position's cell over the baseline's, bits",
    SHAPE: "slope of the log of map over own average, beside distance: 0 knows nothing of today, 1 is calibrated",
}

_ALONE, _PLACEBO = "distance alone", "a map of another time"

_REFERS_TO = "departures are from the map's average over the same snapshots, not from months before (docs/truth.md)"

NO_POSITIONS = "no snapshots of positions in the market's coin were given (--positions), or none within its bars"


def truth_claims(datasets: Sequence[Dataset]) -> list[Claim]:
    """Return LEVEL and SHAPE over the coins of all datasets together, not judged yet.

    Notes
    -----
    Accounts hold several coins, so coins are pooled as rows and not as markets: each account-coin counts once, accounts and
    days are drawn for all coins together (docs/truth.md). With fewer accounts than `MIN_ACCOUNTS` there is too little data.
    Shares know no level, so the path-only map is the map itself.
    """
    sample = position_sample(datasets, WIDE)
    rows = sample.later_rows
    if not len(sample.earlier_rows.cell) or not len(rows.cell):
        return [Claim(name, _STATEMENTS[name], _STATISTICS[name], remarks=(NO_POSITIONS,)) for name in (LEVEL, SHAPE)]
    near = position_sample(datasets, NEAR)
    ours, ours_near = scored_map(datasets, sample), scored_map(datasets, near)
    other = scored_map(datasets, sample, another_time=True)
    remarks: tuple[str, ...] = ()
    if rows.accounts < MIN_ACCOUNTS:
        remarks = (f"not enough data: positions of {rows.accounts} accounts, and {MIN_ACCOUNTS} are needed",)
    counts: dict[str, object] = {
        "accounts": rows.accounts,
        "coins": len(np.unique(rows.coin)),
        "snapshots": len(np.unique(sample.situations["time"][sample.later])),
        "positions": len(rows.cell),
        "accounts_not_seen_before": sample.new_rows.accounts,
        "accounts_within_15_percent": near.later_rows.accounts,
    }
    apart = {"accounts_not_seen_before": (ours, sample.new_rows), "within_15_percent": (ours_near, near.later_rows)}
    details = {
        LEVEL: {label: _plain(level_tests(*each)) for label, each in apart.items() if len(each[1].cell)},
        SHAPE: {label: _plain((slope_test(_ALONE, *each),)) for label, each in apart.items() if len(each[1].cell)},
    }
    tests = {LEVEL: level_tests(ours, rows), SHAPE: (slope_test(_ALONE, ours, rows),)}
    placebos = {
        LEVEL: level_test(_PLACEBO, rows, other.mixed, ours.average, one_sided=True),
        SHAPE: slope_test(_PLACEBO, other, rows, one_sided=True),
    }
    return [
        Claim(
            name, _STATEMENTS[name], _STATISTICS[name], tests[name], float(MIN_ACCOUNTS), (placebos[name],),
            remarks=(*remarks, _REFERS_TO) if name == SHAPE else remarks,
            details={"data": counts, **details[name]},
        )
        for name in (LEVEL, SHAPE)
    ]  # fmt: skip


class ScoredMap(NamedTuple):
    """A map in the cells of a sample's situations, and what it is compared with; (s, cells) shares mixed with even ones.

    Attributes
    ----------
    panel
        The cells.
    mixed, average, profile
        The map, its own average by distance, the positions of the earlier half.
    """

    panel: Panel
    mixed: np.ndarray
    average: np.ndarray
    profile: np.ndarray

    @property
    def departures(self) -> np.ndarray:
        """The log of the map over its own average."""
        return np.log(self.mixed / self.average)


def scored_map(datasets: Sequence[Dataset], sample: PositionSample, another_time: bool = False) -> ScoredMap:
    """Return the datasets' maps in the cells of a sample; of another time as a placebo."""
    return scored_shares(shares_of_maps(datasets, sample, another_time), sample)


def scored_shares(shares: np.ndarray, sample: PositionSample) -> ScoredMap:
    """Return any maps' shares (s, cells) in the sample's situations, ready to be scored."""
    three = shares, own_average(shares, sample), true_profile(sample)
    return ScoredMap(sample.panel, *(mixed_with_even(each) for each in three))


def level_tests(ours: ScoredMap, rows: Rows) -> tuple[Test, ...]:
    """Return LEVEL of some rows against even cells, the map's own average, and the positions of the earlier half."""
    even = np.full_like(ours.mixed, 1.0 / ours.mixed.shape[1])
    baselines = {
        "even cells": even,
        "the map's average by distance": ours.average,
        "positions of the earlier half": ours.profile,
    }
    return tuple(level_test(label, rows, ours.mixed, baseline) for label, baseline in baselines.items())


def level_test(label: str, rows: Rows, mixed: np.ndarray, baseline: np.ndarray, one_sided: bool = False) -> Test:
    """Return the test of how many bits more mixed shares know of the rows' cells than a baseline does."""
    gains = bits(mixed, rows) - bits(baseline, rows)
    draws = crossed_means(gains, rows.weight, *rows.blocks, crossed_draws(*rows.block_counts))
    return _test(label, float(np.average(gains, weights=rows.weight)), draws, rows, one_sided)


def slope_test(label: str, ours: ScoredMap, rows: Rows, one_sided: bool = False) -> Test:
    """Return the test of the slope of a map's departures from its own average."""
    drawn = crossed_draws(*rows.block_counts, draws=SLOPE_DRAWS)
    draws = slope_draws(rows, ours.departures, ours.panel, drawn)
    return _test(label, slope(rows, ours.departures, ours.panel), draws, rows, one_sided)


def _test(label: str, estimate: float, draws: np.ndarray, rows: Rows, one_sided: bool) -> Test:
    interval = crossed_interval(estimate, draws, rows.block_counts[1])
    return Test(label, interval, len(rows.cell), float(rows.accounts), one_sided)


def _plain(tests: tuple[Test, ...]) -> dict[str, object]:
    return {
        test.baseline: {"estimate": test.interval.estimate, "low": test.interval.low, "high": test.interval.high}
        for test in tests
    }
