"""The phases of a cascade as a state machine over bars, and the state of the market by its liquidations."""

import math
from typing import NamedTuple

from indicators.liquidation.compiled import allocation_free, inlined

BUILDING, TRIGGERED, CASCADING, WASHED_OUT, RECOVERING = 0.0, 1.0, 2.0, 3.0, 4.0
PHASES = ("building", "triggered", "cascading", "washed out", "recovering")
"""Names of the phases, by number."""

MARKET_STATES = ("calm", "normal", "elevated", "high volatility", "extreme")
"""Names of the market states, by number."""

_STATE_USD = (50e6, 200e6, 500e6, 1e9)  # over 24 hours, whole market (HKUDS/Vibe-Trading, skill liquidation-heatmap)
WHALE_USD = 10e6
"""A single liquidation above this is a whale's (HKUDS/Vibe-Trading, skill liquidation-heatmap)."""


class Phase(NamedTuple):
    """Where a cascade stands.

    Attributes
    ----------
    number
        0 building, 1 triggered, 2 cascading, 3 washed out, 4 recovering.
    direction
        -1 longs fall, +1 shorts fall, 0 while building.
    reference
        Open interest before the trigger, base coin; NaN where unknown.
    lowest
        Lowest open interest since, base coin; NaN where unknown.
    quiet_bars
        Bars since the last event of the phase (a cluster fell, or open interest made a new low).
    """

    number: float
    direction: float
    reference: float
    lowest: float
    quiet_bars: float


class PhaseLimits(NamedTuple):
    """How long and how deep, in bars and fractions: see `ModelParameters` for the sources.

    A new low of open interest counts once it is `new_low_drop` (fraction of the reference) below the last that did.
    """

    washout_drop: float
    new_low_drop: float
    trigger_bars: float
    steady_bars: float
    recovery_bars: float


@allocation_free
def open_interest_drop(phase: Phase, open_interest: float) -> float:
    """Return the fraction by which open interest lies below the cascade's reference (0 outside one or if unknown)."""
    if phase.number == BUILDING or not phase.reference > 0.0 or math.isnan(open_interest):
        return 0.0
    return 1.0 - open_interest / phase.reference


@inlined
def _trigger(phase: Phase, fallen_below: int, fallen_above: int, falling: bool, before: float, now: float) -> Phase:
    down = fallen_below > fallen_above or (fallen_below == fallen_above and falling)
    number = CASCADING if max(fallen_below, fallen_above) > 1 else TRIGGERED
    return Phase(number, -1.0 if down else 1.0, before, now, 0.0)


@allocation_free
def advance_phase(
    phase: Phase,
    limits: PhaseLimits,
    fallen_below: int,
    fallen_above: int,
    falling: bool,
    open_interest_before: float,
    open_interest: float,
    funding_rate: float,
) -> Phase:
    """Return the phase after one bar.

    Parameters
    ----------
    fallen_below, fallen_above
        Clusters known at the last close that this bar's low, high reached.
    falling
        Whether the bar closed below its open: which side counts when both were reached alike.
    open_interest_before, open_interest
        Base coin, at the last close and at this one; NaN where unknown.
    funding_rate
        Last settled rate; NaN where never known, and then funding is not asked for.

    Notes
    -----
    building -> triggered (one cluster falls) -> cascading (a further one falls, or several at once) -> washed out (open
    interest down by `washout_drop` and funding flipped against the crowd that fell) -> recovering (no new low of open
    interest for `steady_bars`) -> building (after `recovery_bars`). A trigger without a further cluster within
    `trigger_bars` goes back to building; a cascade without one goes to recovering. Without open interest nothing is ever
    called washed out. The phases are those of HKUDS/Vibe-Trading, skill liquidation-heatmap.
    """
    any_fallen = fallen_below + fallen_above > 0
    if phase.number == BUILDING or phase.number == RECOVERING:
        if any_fallen:
            return _trigger(phase, fallen_below, fallen_above, falling, open_interest_before, open_interest)
        if phase.number == RECOVERING and phase.quiet_bars + 1.0 >= limits.recovery_bars:
            return Phase(BUILDING, 0.0, math.nan, math.nan, 0.0)
        return Phase(phase.number, phase.direction, phase.reference, phase.lowest, phase.quiet_bars + 1.0)
    lowest = phase.lowest
    margin = limits.new_low_drop * phase.reference if phase.reference > 0.0 else 0.0
    new_low = not math.isnan(open_interest) and not open_interest >= lowest - margin
    if new_low:
        lowest = open_interest
    if phase.number == WASHED_OUT:
        quiet = 0.0 if new_low else phase.quiet_bars + 1.0
        number = RECOVERING if quiet >= limits.steady_bars else WASHED_OUT
        return Phase(number, phase.direction, phase.reference, lowest, 0.0 if number == RECOVERING else quiet)
    flipped = math.isnan(funding_rate) or phase.direction * funding_rate > 0.0
    if flipped and open_interest_drop(phase, open_interest) >= limits.washout_drop:
        return Phase(WASHED_OUT, phase.direction, phase.reference, lowest, 0.0)
    fallen = fallen_below if phase.direction < 0.0 else fallen_above
    if fallen > 0:
        return Phase(CASCADING, phase.direction, phase.reference, lowest, 0.0)
    if phase.quiet_bars + 1.0 >= limits.trigger_bars:
        if phase.number == TRIGGERED:
            return Phase(BUILDING, 0.0, math.nan, math.nan, 0.0)
        return Phase(RECOVERING, phase.direction, phase.reference, lowest, 0.0)
    return Phase(phase.number, phase.direction, phase.reference, lowest, phase.quiet_bars + 1.0)


@allocation_free
def market_state(liquidated_24h_usd: float, market_share: float) -> float:
    """Return the state of the market by its liquidations over 24 hours.

    Parameters
    ----------
    liquidated_24h_usd
        Long and short liquidations of this data, quote.
    market_share
        This data's share of the market (0 .. 1]; the thresholds are the whole market's and scale with it.

    Returns
    -------
    float
        0 calm (< 50 M), 1 normal (< 200 M), 2 elevated (< 500 M), 3 high volatility (< 1 B), 4 extreme.

    Examples
    --------
    >>> [market_state(usd, 1.0) for usd in (49e6, 50e6, 3e8, 9e8, 2e9)]
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    state = 0.0
    for threshold in _STATE_USD:
        if liquidated_24h_usd >= threshold * market_share:
            state += 1.0
    return state


def squeeze(liquidated_long_usd: float, liquidated_short_usd: float) -> str:
    """Return who was squeezed: long liquidations over short ones above 2 say longs, below one half shorts.

    Examples
    --------
    >>> squeeze(5.0, 2.0), squeeze(1.0, 1.0), squeeze(0.0, 3.0)
    ('longs squeezed', 'balanced', 'shorts squeezed')
    """
    if liquidated_long_usd > 2.0 * liquidated_short_usd:
        return "longs squeezed"
    if liquidated_long_usd < 0.5 * liquidated_short_usd:
        return "shorts squeezed"
    return "balanced"
