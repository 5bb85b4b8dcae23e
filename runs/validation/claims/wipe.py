"""Whether the levels that wipes leave hold: at the first return, against swings of equal size that wiped nobody."""

from typing import NamedTuple

import numpy as np

from runs.validation.baselines.variants import path_only
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import excursions, previous_closes
from runs.validation.measures.reactions import Levels, Reactions, apart, horizon_bars, reactions
from runs.validation.measures.skill import mean_test

STATEMENT = "Levels that wipes leave hold better than levels of equal swings without a wipe"

STATISTIC = "mean return away from the level in the 24 hours after the first retest, in standard deviations of 24 hours"

MIN_SWING = 1.0
"""Standard deviations of a bar that a swing without a wipe must have gone (*assumption*: less is no swing)."""

CALIPER = 1.25
"""Times by which two swings may differ in size and still be a pair (*assumption*)."""

NO_OPEN_INTEREST = "the data has no open interest, so that a swing without a wipe cannot be told from one with"
NO_LEVELS = "no level that a wipe left was retested, or none like it without a wipe"

_NAMES = ("support", "resistance")


def wipe_levels(dataset: Dataset) -> Levels:
    """Return the levels that wipes have left, each at the bar that made it; a level behind a nearer one is in no snapshot."""
    snapshots, found = dataset.snapshots, []
    for side, name in enumerate(_NAMES):
        bars = np.flatnonzero(snapshots[f"{name}_bar"] == np.arange(len(snapshots)))
        found.append((bars, np.full(len(bars), side), snapshots[f"{name}_price"][bars]))
    bars, sides, prices = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Levels(bars, sides, prices, swings_of(dataset)[bars, sides])


def swings_of(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) how far each bar went down and up from the close before, in the standard deviations known there."""
    volatility = np.concatenate([[np.nan], dataset.snapshots["volatility"][:-1]])
    known = np.where(volatility > 0.0, volatility, np.inf)
    return np.nan_to_num(excursions(dataset.bars) / known[:, None])


def quiet_swings(dataset: Dataset, wipes: Levels) -> Levels:
    """Return the levels of swings in which open interest did not fall, as deep within their swing as wipes lie in theirs."""
    bars, swings = dataset.bars, swings_of(dataset)
    change = np.diff(bars["open_interest"], prepend=np.nan)
    quiet = (change >= 0.0) & (bars["open_interest_break"] == 0.0)
    rows = []
    for side in range(2):
        made = wipes.bars[wipes.sides == side]
        rows.append(np.setdiff1d(np.flatnonzero(quiet & (swings[:, side] >= MIN_SWING)), made))
    return _levels_at(dataset, rows, wipes)


def path_levels(dataset: Dataset, wipes: Levels) -> Levels:
    """Return the levels of the bars that sweep most of the path-only map: as many a side as wipes left, as deep in their swing."""
    lost, rows = path_only(dataset), []
    for side in range(2):
        count = int((wipes.sides == side).sum())
        order = np.argsort(lost[:, side], kind="stable")[len(lost) - count :]
        rows.append(np.sort(order[lost[order, side] > 0.0]))
    return _levels_at(dataset, rows, wipes)


def _levels_at(dataset: Dataset, rows: list[np.ndarray], wipes: Levels) -> Levels:
    """Return the levels of the bars in `rows`, by side, as deep within their swing as wipes lie in theirs."""
    swings, distances, before = swings_of(dataset), excursions(dataset.bars), previous_closes(dataset.bars)
    depth, found = _depth(wipes, distances, before), []
    for side, made in enumerate(rows):
        sign = -1.0 if side == 0 else 1.0
        prices = before[made] * np.exp(sign * depth * distances[made, side])
        found.append((made, np.full(len(made), side), prices, swings[made, side]))
    return Levels(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _depth(wipes: Levels, distances: np.ndarray, before: np.ndarray) -> float:
    """Return the median share of its swing at which a wipe's level lies; all of it without a wipe that swung."""
    swung = distances[wipes.bars, wipes.sides]
    shares = np.abs(np.log(wipes.prices / before[wipes.bars]))[swung > 0.0] / swung[swung > 0.0]
    return float(np.clip(np.median(shares), 0.0, 1.0)) if len(shares) else 1.0


def shifted_levels(dataset: Dataset, levels: Levels) -> Levels:
    """Return the levels of another time: turned by half of the data, as far from the close as they were."""
    closes, count = dataset.bars["close"], len(dataset.bars)
    bars = (levels.bars + count // 2) % count
    return Levels(bars, levels.sides, levels.prices * closes[bars] / closes[levels.bars], levels.swings)


class Gains(NamedTuple):
    """What the reactions at levels exceed those of their pairs by.

    Attributes
    ----------
    values
        (k,) differences, in standard deviations.
    bars
        (k,) the bar of each level's first return.
    """

    values: np.ndarray
    bars: np.ndarray


def matched_gains(wipes: Levels, ours: Reactions, quiet: Levels, theirs: Reactions, horizon: int) -> Gains:
    """Return what each wipe's reaction exceeds that of its pair by, in the order of `ours`.

    Notes
    -----
    Pairs are of one side and of a size within `CALIPER`; each takes the nearest in log size that is left. The reaction of no
    swing that served overlaps another's, so that pairs are independent. A wipe without a pair does not count.
    """
    free = np.ones(len(theirs.levels), dtype=bool)
    sides, logs = quiet.sides[theirs.levels], np.log(quiet.swings[theirs.levels])
    gains, bars = [], []
    for index, bar, value in zip(ours.levels, ours.bars, ours.values, strict=True):
        if wipes.swings[index] <= 0.0 or not len(free):
            continue
        differences = np.abs(logs - np.log(wipes.swings[index]))
        differences[~free | (sides != wipes.sides[index])] = np.inf
        pair = int(differences.argmin())
        if differences[pair] <= np.log(CALIPER):
            free &= np.abs(theirs.bars - theirs.bars[pair]) >= horizon
            gains.append(value - theirs.values[pair])
            bars.append(bar)
    return Gains(np.array(gains), np.array(bars, dtype=np.int64))


def wipe_claim(dataset: Dataset) -> Claim:
    """Return the claim, not judged yet.

    Notes
    -----
    Two tests: a reaction away from the level at all, and more of it than after a swing of equal size without a fall of
    open interest, which carries the market's drift and the reversal that follows any swing.
    """
    if not np.isfinite(dataset.bars["open_interest"]).any():
        return Claim("wipe", STATEMENT, STATISTIC, remarks=(NO_OPEN_INTEREST,))
    wipes = wipe_levels(dataset)
    quiet, horizon, days = quiet_swings(dataset, wipes), horizon_bars(dataset), dataset.days
    ours, theirs = apart(reactions(dataset, wipes), horizon), reactions(dataset, quiet)
    gains = matched_gains(wipes, ours, quiet, theirs, horizon)
    if not len(gains.values):
        return Claim("wipe", STATEMENT, STATISTIC, remarks=(NO_LEVELS,))
    tests = (
        mean_test("no reaction", ours.values, days[ours.bars]),
        mean_test("swings without a fall of open interest", gains.values, days[gains.bars]),
    )
    placebos = _against_swings("levels of another time", dataset, shifted_levels(dataset, wipes), quiet, one_sided=True)
    path = path_levels(dataset, wipes)
    references = _against_swings("levels of the path-only map", dataset, path, quiet_swings(dataset, path))
    details: dict[str, object] = {
        "levels": len(wipes.bars),
        "retested_apart": len(ours.levels),
        "pairs": len(gains.values),
        "held_share": float(ours.held.mean()),
        "held_share_without_a_wipe": float(theirs.held.mean()),
        "mean_swing": float(wipes.swings[ours.levels].mean()),
    }
    return Claim("wipe", STATEMENT, STATISTIC, tests, placebos=placebos, references=references, details=details)


def _against_swings(
    label: str, dataset: Dataset, levels: Levels, quiet: Levels, one_sided: bool = False
) -> tuple[Test, ...]:
    """Return the test of other levels against quiet swings; none where nothing pairs."""
    horizon = horizon_bars(dataset)
    ours = apart(reactions(dataset, levels), horizon)
    gains = matched_gains(levels, ours, quiet, reactions(dataset, quiet), horizon)
    return (mean_test(label, gains.values, dataset.days[gains.bars], one_sided),) if len(gains.values) else ()
