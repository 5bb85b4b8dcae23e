"""The capture curve: whether, of the bins that price reached, those where the map stands highest hold more liquidations."""

from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from runs.validation.baselines.variants import average_profile, shifted_maps
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import by_distance, previous_closes, reached, standing_before
from runs.validation.measures.skill import ratio_test

MIN_BINS = 4
"""Bins that a bar must have reached for its top quarter to be one."""

CURVE = (0.05, 0.1, 0.25, 0.5, 0.75)

_STATISTIC = "lift: liquidated size in the top quarter of the bins reached, over what the baseline puts there, less 1"


class Captured(NamedTuple):
    """One map's catch, bar by bar.

    Attributes
    ----------
    size
        (n,) base coin liquidated in bins that the map puts in the top share of those reached.
    chance
        (n,) what the same bins would have held if the bar's liquidations had lain by the weights alone, base coin.
    """

    size: np.ndarray
    chance: np.ndarray


@allocation_free
def gather_capture(
    scores: np.ndarray,
    liquidated: np.ndarray,
    weights: np.ndarray,
    reached: np.ndarray,
    share: float,
    size: np.ndarray,
    chance: np.ndarray,
) -> None:
    """Write what the top `share` of each bar's reached bins holds; equal scores share the last places evenly."""
    for bar in range(len(reached)):
        bins = reached[bar]
        if bins < MIN_BINS:
            continue
        top, total, chosen, weight = np.ceil(share * bins), 0.0, 0.0, 0.0
        for index in range(bins):
            above = equal = 0.0
            for other in range(bins):
                if scores[bar, other] > scores[bar, index]:
                    above += 1.0
                elif scores[bar, other] == scores[bar, index]:
                    equal += 1.0
            part = min(max((top - above) / equal, 0.0), 1.0)
            size[bar] += part * liquidated[bar, index]
            chosen += part * weights[bar, index]
            total += liquidated[bar, index]
            weight += weights[bar, index]
        if weight > 0.0:
            chance[bar] = total * chosen / weight
        else:
            size[bar] = 0.0


def capture(
    scores: np.ndarray,
    liquidated: np.ndarray,
    reached: np.ndarray,
    share: float = 0.25,
    weights: np.ndarray | None = None,
) -> Captured:
    """Return what a map catches in the top share of the bins that each bar reached.

    Parameters
    ----------
    scores
        (n, bins) by which bins are ranked, outward from the close before each bar.
    liquidated
        (n, bins) base coin liquidated in each bin during the bar.
    reached
        (n,) bins that the bar reached. Bars that reached fewer than `MIN_BINS` count for nothing.
    share
        Of the bins, 0 .. 1; rounded up to whole bins.
    weights
        (n, bins) where liquidations would lie without what is tested; the same in every bin by default. Bars without any
        weight count for nothing.
    """
    caught = Captured(np.zeros(len(reached)), np.zeros(len(reached)))
    even = np.ones_like(scores) if weights is None else weights
    scores, liquidated, even = (np.ascontiguousarray(v, dtype=np.float64) for v in (scores, liquidated, even))
    gather_capture(scores, liquidated, even, np.ascontiguousarray(reached), share, caught.size, caught.chance)
    return caught


def liquidated_bins(dataset: Dataset, side: int) -> np.ndarray:
    """Return (n, bins) base coin liquidated by distance from the close before, in whole bins, from the liquidations."""
    sizes = np.zeros((len(dataset.bars), dataset.density.shape[2]))
    if dataset.liquidations is None:
        return sizes
    liquidations = dataset.liquidations[dataset.liquidations["side"] == side]
    before, sign = previous_closes(dataset.bars)[liquidations["bar"]], -1.0 if side == 0 else 1.0
    indices = np.floor(sign * np.log(liquidations["price"] / before) / dataset.bin_width).astype(np.int64)
    inside = (indices >= 0) & (indices < sizes.shape[1])
    np.add.at(sizes, (liquidations["bar"][inside], indices[inside]), liquidations["size"][inside])
    return sizes


def capture_claim(name: str, side_name: str, dataset: Dataset, side: int) -> Claim:
    """Return the claim that liquidations lie where the map stands highest, among the levels that price reached.

    Notes
    -----
    Judged against chance, and against distance: near and far levels hold different sizes in any map, so one that knows
    distance alone already beats chance. For the second test levels are ranked by the map over its own average at that
    distance, and what they hold is compared with what that average puts there. The placebo, a map of another time, must not
    pass the second test.
    """
    statement = f"Of the levels that price reached, {side_name} liquidations lie where the map stands highest"
    liquidated = liquidated_bins(dataset, side)
    if not liquidated.any():
        remark = "the data gives liquidations no prices, so which level they lay at is unknown"
        if dataset.liquidations is not None:
            remark = f"none of the {side_name} liquidations with a price lies in a bar of the market and on the map"
        return Claim(name, statement, _STATISTIC, remarks=(remark,))
    bins = _whole_bins(dataset, side)
    ours = standing_before(by_distance(dataset.density, dataset.starts))[:, side]
    shifted = standing_before(shifted_maps(dataset))[:, side]
    average = standing_before(average_profile(dataset))[:, side]
    caught = {
        "chance": capture(ours, liquidated, bins),
        "the map's average by distance": capture(_over(ours, average), liquidated, bins, weights=average),
        "a map of another time": capture(_over(shifted, average), liquidated, bins, weights=average),
    }
    tests = [_lift(label, catch, dataset.days, label.startswith("a map of")) for label, catch in caught.items()]
    if min(test.observations for test in tests) == 0:
        return Claim(name, statement, _STATISTIC, remarks=("no bar with liquidations reached enough levels",))
    details = _curve(ours, liquidated, bins)
    return Claim(name, statement, _STATISTIC, tuple(tests[:2]), placebos=(tests[2],), details=details)


def _over(density: np.ndarray, average: np.ndarray) -> np.ndarray:
    """Return a map over the average at the same distance; 0 where the average knows nothing."""
    return np.divide(density, average, out=np.zeros_like(average), where=average > 0.0)


def _lift(label: str, caught: Captured, days: np.ndarray, one_sided: bool) -> Test:
    counted = caught.chance > 0.0
    return ratio_test(label, (caught.size - caught.chance)[counted], caught.chance[counted], days[counted], one_sided)


def _whole_bins(dataset: Dataset, side: int) -> np.ndarray:
    """Return (n,) how many whole bins from the close before each bar reached; the map's at most."""
    return np.minimum(reached(dataset)[:, side].astype(np.int64), dataset.density.shape[2])


def _curve(density: np.ndarray, liquidated: np.ndarray, reached: np.ndarray) -> dict[str, object]:
    rows: list[dict[str, float]] = []
    for share in CURVE:
        caught = capture(density, liquidated, reached, share)
        counted = reached >= MIN_BINS
        total = float(liquidated[counted][np.arange(liquidated.shape[1]) < reached[counted, None]].sum())
        rows.append(
            {
                "share_of_bins": share,
                "share_of_size": float(caught.size.sum()) / total,
                "chance": float(caught.chance.sum()) / total,
            }
        )
    return {"capture_curve": rows}
