"""Online calibration: what reported liquidations say of the leverages, of the populations, and of the feed itself.

A bar sweeps the unit-weight size ``A_kp`` of leverage k in population p. With shares ``w_k`` and ``t_p`` the model expects
``M = sum w_k t_p A_kp`` to be liquidated, and the feed to report

    E = level (M / centre) ** response

where a response below one is a feed that is throttled: the more is liquidated, the less of it is told. Reports are compound
Poisson, so their variance grows as ``E ** 1.5`` (a Tweedie law of power 1.5), and a bar's weight in a sum of ratios is
``E ** 0.5``. All sums forget by the same half-life.

Shares follow by the multiplicative update of non-negative factorisation: attributed over exposed. A tier's exposure stands in the
denominator, so near tiers are not favoured for being reached often; a tier that is never reached keeps its prior, which counts as
exposure too. Sources: Fevotte & Idier 2011 (Neural Computation 23, beta-divergence), with forgetting as in online EM (Cappe &
Moulines 2009, JRSS B 71); Jorgensen & de Souza 1994 (Scandinavian Actuarial Journal) for the variance.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.grid import Grid
from indicators.liquidation.parameters import MAX_STRATA, MAX_TIERS, POPULATIONS, ModelParameters

_BY_SIDE = (np.float64, (2,))
_BY_TIER = (np.float64, (2, MAX_TIERS))
_BY_POPULATION = (np.float64, (2, POPULATIONS))

LEARNED = np.dtype(
    [
        ("leverages", *_BY_TIER),  # shares of the leverages, by side; they sum to what the prior's sum to
        ("populations", *_BY_POPULATION),  # shares of the populations, by side; they sum to one
        ("shares", np.float64, (2, MAX_STRATA)),  # their product
        ("leverages_attributed", *_BY_TIER),
        ("leverages_exposed", *_BY_TIER),
        ("populations_attributed", *_BY_POPULATION),
        ("populations_exposed", *_BY_POPULATION),
        ("passed", *_BY_SIDE),  # log of the share that the feed passes on where `centre` is liquidated
        (
            "most_passed",
            np.float64,
        ),  # 0, or infinity where open interest is unknown and the map has no scale of its own
        ("centre", *_BY_SIDE),  # mean log of the size that the model swept; NaN before the first report
        ("centre_weight", *_BY_SIDE),
        ("response", *_BY_SIDE),
        ("response_information", *_BY_SIDE),
        ("reported", *_BY_SIDE),  # weighted sum of ratios of reported to expected, rebased to the present share
        ("expected", *_BY_SIDE),  # sum of the weights
        ("unit", *_BY_SIDE),  # mean of E ** 0.5: the weight of a typical bar is one
        ("unit_weight", *_BY_SIDE),
    ]
)
"""What has been learned, and the sums that it follows from."""

_TWEEDIE = 0.5  # 2 - power: what a compound Poisson law makes of the weight of a bar
_FEED_PRIOR_BARS = (
    3.0  # typical bars for which a feed is taken to pass on everything, forgotten like others (assumption)
)
_RESPONSE_PRIOR = 50.0  # information that a response of one starts with, in squared log units (assumption)
_MAX_RATIO = 10.0  # a report beyond ten times the expected one says no more of shares and response (assumption)
_NOTHING = 1e-12  # what stands for no report at all under a logarithm
_MIN_RESPONSE, _MAX_RESPONSE = 0.2, 1.0  # a feed may be throttled, not exaggerate (the least is an assumption)


def nothing_learned(parameters: ModelParameters) -> np.ndarray:
    """Return (1,) of `LEARNED` that says what the prior says."""
    learned, count = np.zeros(1, dtype=LEARNED), len(parameters.leverages)
    learned["leverages"][0, :, :count] = parameters.leverage_weights
    learned["populations"][0] = 1.0 / POPULATIONS
    for population in range(POPULATIONS):
        strata = slice(population * count, (population + 1) * count)
        learned["shares"][0, :, strata] = (
            learned["leverages"][0, :, :count] * learned["populations"][0, :, population, None]
        )
    learned["centre"], learned["response"] = math.nan, 1.0
    return learned


@allocation_free
def expected_size(learned: Record, side: int, swept: float) -> float:
    """Return what the feed is expected to report (base coin) where the model has swept a size."""
    if swept <= 0.0 or math.isnan(learned.centre[side]):
        return swept
    distance = math.log(swept) - learned.centre[side]
    return math.exp(learned.centre[side] + learned.passed[side] + learned.response[side] * distance)


@allocation_free
def learned_share(learned: Record, grid: Grid, side: int, prior_bars: float) -> float:
    """Return how much of one side's mixture (0 .. 1) comes from reports rather than from the prior."""
    total, known = 0.0, 0.0
    for tier in range(grid.tiers[0].count):
        share, exposed = learned.leverages[side, tier], learned.leverages_exposed[side, tier]
        total += share
        known += share * exposed / (prior_bars + exposed)
    return known / total


@allocation_free
def _learn_feed(learned: Record, side: int, distance: float, ratio: float, weight: float, kept: float) -> None:
    """Learn from one report, at a log distance from the centre, what share the feed passes on and how that bends."""
    learned.response_information[side] = kept * learned.response_information[side] + weight * distance * distance
    score = weight * distance * (min(ratio, _MAX_RATIO) - 1.0)
    response = learned.response[side] + score / (_RESPONSE_PRIOR + learned.response_information[side])
    learned.response[side] = min(max(response, _MIN_RESPONSE), _MAX_RESPONSE)
    learned.centre_weight[side] = kept * learned.centre_weight[side] + weight
    step = distance * weight / learned.centre_weight[side]
    learned.centre[side] += step
    learned.passed[side] += (learned.response[side] - 1.0) * step
    learned.reported[side] = kept * learned.reported[side] + weight * ratio
    learned.expected[side] = kept * learned.expected[side] + weight
    change = math.log(max(learned.reported[side], _NOTHING) / learned.expected[side])
    change = min(change, learned.most_passed - learned.passed[side])
    learned.passed[side] += change
    learned.reported[side] *= math.exp(-change)  # past ratios, seen from the new share


@allocation_free
def _settle_leverages(learned: Record, grid: Grid, side: int, prior: float) -> None:
    """Set the shares from what was attributed and exposed; the prior counts as exposure.

    Notes
    -----
    A larger share of all tiers in reach and a feed that passes on less are the same thing to every report. So what is known
    keeps the total that the prior gave it, unless the feed would then report more than there was: that cannot be, and the excess
    is taken from the tiers of which nothing is known.
    """
    tiers, known, known_prior = grid.tiers[0], 0.0, 0.0
    for tier in range(tiers.count):
        exposed, attributed = learned.leverages_exposed[side, tier], learned.leverages_attributed[side, tier]
        certainty = exposed / (prior + exposed)
        known += certainty * (prior * tiers.weights[tier] + attributed) / (prior + exposed)
        known_prior += certainty * tiers.weights[tier]
    factor = max(known_prior / known, math.exp(learned.passed[side] - learned.most_passed)) if known > 0.0 else 1.0
    learned.passed[side] -= math.log(factor)
    learned.centre[side] += math.log(factor)
    total, wanted, unknown = 0.0, 0.0, 0.0
    for tier in range(tiers.count):
        learned.leverages_attributed[side, tier] *= factor
        exposed, attributed = learned.leverages_exposed[side, tier], learned.leverages_attributed[side, tier]
        learned.leverages[side, tier] = (prior * tiers.weights[tier] + attributed) / (prior + exposed)
        total += learned.leverages[side, tier]
        wanted += tiers.weights[tier]
        unknown += prior * tiers.weights[tier] / (prior + exposed)
    rest = max(wanted - (total - unknown), 0.0) / unknown if unknown > 0.0 else 0.0
    total += (rest - 1.0) * unknown
    for tier in range(tiers.count):
        own = prior * tiers.weights[tier] / (prior + learned.leverages_exposed[side, tier])
        learned.leverages[side, tier] = (learned.leverages[side, tier] + (rest - 1.0) * own) * wanted / total


@allocation_free
def _settle_populations(learned: Record, side: int, prior: float) -> None:
    """Set the shares from what was attributed and exposed; they sum to one."""
    total = 0.0
    for population in range(POPULATIONS):
        exposed = learned.populations_exposed[side, population]
        share = (prior / POPULATIONS + learned.populations_attributed[side, population]) / (prior + exposed)
        learned.populations[side, population] = share
        total += share
    for population in range(POPULATIONS):
        learned.populations[side, population] /= total


@allocation_free
def _attribute(
    learned: Record, grid: Grid, exposure: Record, side: int, ratio: float, weight: float, kept: float
) -> None:
    """Enter one report into the sums: each share's part of what was expected, and of what came; `weight` is over the size swept."""
    count = grid.tiers[0].count
    for tier in range(count):
        reached = 0.0
        for population in range(POPULATIONS):
            reached += learned.populations[side, population] * exposure[side, population * count + tier]
        exposed = weight * reached
        attributed = learned.leverages[side, tier] * exposed * ratio
        learned.leverages_exposed[side, tier] = kept * learned.leverages_exposed[side, tier] + exposed
        learned.leverages_attributed[side, tier] = kept * learned.leverages_attributed[side, tier] + attributed
    for population in range(POPULATIONS):
        reached = 0.0
        for tier in range(count):
            reached += learned.leverages[side, tier] * exposure[side, population * count + tier]
        exposed = weight * reached
        attributed = learned.populations[side, population] * exposed * ratio
        learned.populations_exposed[side, population] = kept * learned.populations_exposed[side, population] + exposed
        learned.populations_attributed[side, population] = (
            kept * learned.populations_attributed[side, population] + attributed
        )


@allocation_free
def learn(
    learned: Record, grid: Grid, settings: Record, exposure: Record, side: int, swept: float, reported: float
) -> None:
    """Learn from one bar's report of one side.

    Parameters
    ----------
    learned
        Changed in place.
    exposure
        (2, strata) unit-weight size that the bar swept, recorded before the wipe.
    swept
        What the shares before this bar make of it, base coin.
    reported
        Base coin reported as liquidated in the bar; NaN where unknown. A bar that swept nothing says nothing of shares.
    """
    if math.isnan(reported) or swept <= 0.0:
        return
    if math.isnan(learned.centre[side]):
        learned.centre[side] = math.log(swept)
        learned.reported[side] = learned.expected[side] = _FEED_PRIOR_BARS
    kept, prior = settings.calibration_kept, settings.calibration_prior_bars
    expected, distance = expected_size(learned, side, swept), math.log(swept) - learned.centre[side]
    ratio, size = reported / expected, expected**_TWEEDIE
    learned.unit_weight[side] = kept * learned.unit_weight[side] + 1.0
    learned.unit[side] += (size - learned.unit[side]) / learned.unit_weight[side]
    weight = size / learned.unit[side]
    share_weight = weight * learned.response[side] / swept
    _attribute(learned, grid, exposure, side, min(ratio, _MAX_RATIO), share_weight, kept)
    _settle_leverages(learned, grid, side, prior)
    _settle_populations(learned, side, prior)
    _learn_feed(learned, side, distance, ratio, weight, kept)
    tiers = grid.tiers[0]
    for population in range(POPULATIONS):
        for tier in range(tiers.count):
            learned.shares[side, population * tiers.count + tier] = (
                learned.populations[side, population] * learned.leverages[side, tier]
            )
