"""The capture curve: whether, of the bins that price reached, those where the map stands highest hold more liquidations."""

from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from runs.validation.claim import Claim, Test
from runs.validation.reach import previous_closes, price_bins, reached_bins, standing_before
from runs.validation.reading import Reading
from runs.validation.skill import ratio_test
from runs.validation.variants import average_profile, shifted_maps

LEAST_BINS = 4
"""Bins that a bar must have reached for its top quarter to be one."""

CURVE = (0.05, 0.1, 0.25, 0.5, 0.75)

_STATISTIC = "lift: liquidated size in the top quarter of the bins reached, over its share of the bins, less 1"


class Captured(NamedTuple):
    """One map's catch, bar by bar.

    Attributes
    ----------
    size
        (n,) base coin liquidated in bins that the map puts in the top share of those reached.
    chance
        (n,) what as many bins drawn at random would have held, base coin.
    """

    size: np.ndarray
    chance: np.ndarray


@allocation_free
def gather_capture(
    density: np.ndarray, liquidated: np.ndarray, reached: np.ndarray, share: float, size: np.ndarray, chance: np.ndarray
) -> None:
    """Write what the top `share` of each bar's reached bins holds; equal densities share the last places evenly."""
    for bar in range(len(reached)):
        bins = reached[bar]
        if bins < LEAST_BINS:
            continue
        top, total = np.ceil(share * bins), 0.0
        for place in range(bins):
            total += liquidated[bar, place]
            above = equal = 0.0
            for other in range(bins):
                if density[bar, other] > density[bar, place]:
                    above += 1.0
                elif density[bar, other] == density[bar, place]:
                    equal += 1.0
            size[bar] += liquidated[bar, place] * min(max((top - above) / equal, 0.0), 1.0)
        chance[bar] = total * top / bins


def capture(density: np.ndarray, liquidated: np.ndarray, reached: np.ndarray, share: float = 0.25) -> Captured:
    """Return what a map catches in the top share of the bins that each bar reached.

    Parameters
    ----------
    density
        (n, bins) the map before each bar, outward from the last close.
    liquidated
        (n, bins) base coin liquidated in each bin during the bar.
    reached
        (n,) bins that the bar reached. Bars that reached fewer than `LEAST_BINS` count for nothing.
    share
        Of the bins, 0 .. 1; rounded up to whole bins.
    """
    caught = Captured(np.zeros(len(reached)), np.zeros(len(reached)))
    density, liquidated = (np.ascontiguousarray(values, dtype=np.float64) for values in (density, liquidated))
    gather_capture(density, liquidated, np.ascontiguousarray(reached), share, caught.size, caught.chance)
    return caught


def liquidated_bins(reading: Reading, side: int) -> np.ndarray:
    """Return (n, bins) base coin liquidated by distance from the close before, from the prints."""
    sizes = np.zeros((len(reading.bars), reading.outward.shape[2]))
    if reading.prints is None:
        return sizes
    prints = reading.prints[reading.prints["side"] == side]
    before = price_bins(previous_closes(reading.bars)[prints["bar"]], reading.bin_width)
    at = price_bins(prints["price"], reading.bin_width)
    places = (before - 1 - at) if side == 0 else (at - before - 1)
    inside = (places >= 0) & (places < sizes.shape[1])
    np.add.at(sizes, (prints["bar"][inside], places[inside]), prints["size"][inside])
    return sizes


def capture_claim(name: str, side_name: str, reading: Reading, side: int) -> Claim:
    """Return the claim that liquidations lie where the map stands highest, among the levels that price reached.

    Notes
    -----
    Judged against chance, and against the map's own average by distance: near levels are reached by small moves, so a map
    that knows distance alone already beats chance. The placebo, a map of another time, must not beat that average either.
    """
    statement = f"Of the levels that price reached, {side_name} liquidations lie where the map stands highest"
    liquidated = liquidated_bins(reading, side)
    if not liquidated.any():
        remark = "the data gives liquidations no prices, so which level they lay at is unknown"
        return Claim(name, statement, _STATISTIC, remarks=(remark,))
    reached = reached_bins(reading)[:, side]
    ours = capture(standing_before(reading.outward)[:, side], liquidated, reached)
    average = capture(standing_before(average_profile(reading))[:, side], liquidated, reached)
    shifted = capture(standing_before(shifted_maps(reading))[:, side], liquidated, reached)
    with_any = ours.chance > 0.0
    if not with_any.any():
        return Claim(name, statement, _STATISTIC, remarks=("no bar with liquidations reached enough levels",))

    def versus(label: str, theirs: np.ndarray, mine: np.ndarray, one_sided: bool = False) -> Test:
        gains = (mine - theirs)[with_any]
        return ratio_test(label, gains, ours.chance[with_any], reading.days[with_any], one_sided)

    tests = (
        versus("chance", ours.chance, ours.size),
        versus("the map's average by distance", average.size, ours.size),
    )
    placebos = (versus("a map of another time, over the average", average.size, shifted.size, True),)
    return Claim(
        name, statement, _STATISTIC, tests, placebos=placebos, details=_curve(reading, side, liquidated, reached)
    )


def _curve(reading: Reading, side: int, liquidated: np.ndarray, reached: np.ndarray) -> dict[str, object]:
    density, rows = standing_before(reading.outward)[:, side], []
    for share in CURVE:
        caught = capture(density, liquidated, reached, share)
        counted = reached >= LEAST_BINS
        total = float(liquidated[counted][np.arange(liquidated.shape[1]) < reached[counted, None]].sum())
        rows.append(
            {
                "share_of_bins": share,
                "share_of_size": float(caught.size.sum()) / total,
                "chance": float(caught.chance.sum()) / total,
            }
        )
    return {"capture_curve": rows}
