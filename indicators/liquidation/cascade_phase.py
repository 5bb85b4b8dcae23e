"""The phases of a cascade as a state machine over bars, and the state of the market by its liquidations."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, inlined_loop

BUILDING, TRIGGERED, CASCADING, WASHED_OUT, RECOVERING = 0.0, 1.0, 2.0, 3.0, 4.0
PHASES = ("building", "triggered", "cascading", "washed out", "recovering")
"""Names of the phases, by number."""

MARKET_STATES = ("calm", "normal", "elevated", "high volatility", "extreme")
"""Names of the market states, by number."""

_STATE_USD = (50e6, 200e6, 500e6, 1e9)  # over 24 hours, whole market (HKUDS/Vibe-Trading, skill liquidation-heatmap)
WHALE_USD = 10e6
"""A single liquidation above this is a whale's (HKUDS/Vibe-Trading, skill liquidation-heatmap)."""


PHASE = np.dtype(
    [
        ("number", np.float64),  # one of `PHASES`
        ("direction", np.float64),  # -1 longs fall, +1 shorts fall, 0 while building
        ("reference", np.float64),  # open interest before the trigger, base coin; NaN where unknown
        ("lowest", np.float64),  # lowest open interest since, base coin; NaN where unknown
        ("quiet_bars", np.float64),  # bars since a cluster fell, or open interest made a new low
    ]
)
"""Where a cascade stands."""


@allocation_free
def open_interest_drop(phase: Record, open_interest: float) -> float:
    """Return the fraction by which open interest lies below the cascade's reference (0 outside one or if unknown)."""
    if phase.number == BUILDING or not phase.reference > 0.0 or math.isnan(open_interest):
        return 0.0
    return 1.0 - open_interest / phase.reference


@inlined_loop
def _enter(phase: Record, number: float) -> None:
    phase.number, phase.quiet_bars = number, 0.0
    if number == BUILDING:
        phase.direction, phase.reference, phase.lowest = 0.0, math.nan, math.nan


@allocation_free
def advance_phase(
    phase: Record, settings: Record, fallen_below: int, fallen_above: int, falling: bool, before: float, now: float,
    funding_rate: float,
) -> None:  # fmt: skip
    """Take a phase through one bar.

    Parameters
    ----------
    phase
        Of `PHASE`, changed in place.
    settings
        The model's: `washout_drop`, `hysteresis` and the bars of the limits below.
    fallen_below, fallen_above
        Clusters known at the last close that this bar's low, high reached.
    falling
        Whether the bar closed below its open: which side counts when both were reached alike.
    before, now
        Open interest at the last close and at this one, base coin; NaN where unknown.
    funding_rate
        Last settled rate; NaN where never known, and then funding is not asked for.

    Notes
    -----
    building -> triggered (one cluster falls) -> cascading (a further one falls, or several at once) -> washed out (open
    interest down by `washout_drop` and funding flipped against the crowd that fell) -> recovering (no new low of open
    interest for `steady_bars`) -> building (after `recovery_bars`). A trigger without a further cluster within
    `trigger_bars` goes back to building; a cascade without one goes to recovering. A new low counts once it is
    `hysteresis` of the washout below the last that did. Without open interest nothing is ever called washed out. The
    phases are those of HKUDS/Vibe-Trading, skill liquidation-heatmap.
    """
    phase.quiet_bars += 1.0
    if phase.number == BUILDING or phase.number == RECOVERING:
        if fallen_below + fallen_above > 0:
            down = fallen_below > fallen_above or (fallen_below == fallen_above and falling)
            _enter(phase, CASCADING if max(fallen_below, fallen_above) > 1 else TRIGGERED)
            phase.direction, phase.reference, phase.lowest = -1.0 if down else 1.0, before, now
        elif phase.number == RECOVERING and phase.quiet_bars >= settings.recovery_bars:
            _enter(phase, BUILDING)
        return
    margin = settings.hysteresis * settings.washout_drop * phase.reference if phase.reference > 0.0 else 0.0
    new_low = not math.isnan(now) and not now >= phase.lowest - margin
    if new_low:
        phase.lowest = now
    if phase.number == WASHED_OUT:
        if new_low:
            phase.quiet_bars = 0.0
        if phase.quiet_bars >= settings.steady_bars:
            _enter(phase, RECOVERING)
        return
    flipped = math.isnan(funding_rate) or phase.direction * funding_rate > 0.0
    fallen = fallen_below if phase.direction < 0.0 else fallen_above
    if flipped and open_interest_drop(phase, now) >= settings.washout_drop:
        _enter(phase, WASHED_OUT)
    elif fallen > 0:
        _enter(phase, CASCADING)
    elif phase.quiet_bars >= settings.trigger_bars:
        _enter(phase, BUILDING if phase.number == TRIGGERED else RECOVERING)


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
