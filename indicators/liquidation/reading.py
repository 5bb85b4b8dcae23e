"""Reading the state: clusters from the density, signals from the clusters, all written into one snapshot."""

import math

import numpy as np

from indicators.liquidation.anatomy import Phase, market_state, open_interest_drop
from indicators.liquidation.calibration import learned_share
from indicators.liquidation.clusters import find_spans, gather, keep_significant, quantile_size, smooth
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.grid import LONG, SHORT
from indicators.liquidation.model import QUANTILE, SHARE, USD, Model, State
from indicators.liquidation.parameters import TRADERS
from indicators.liquidation.signals import cascade_gain, cascade_risk, magnet, nearest_level, price_impact


@allocation_free
def _read_outward(state: State, side: int) -> None:
    """Mix one side's strata by their shares, outward from the close, into the workspace: base coin per bin."""
    book, ledger, outward = state.book, state.book.ledger[0], state.outward
    near = np.uintp(ledger.nearest[side] - ledger.base[side])
    bins, columns = outward.shape[1], book.mass.shape[2]
    held = min(ledger.nearest[side] - ledger.base[side] + 1 if side == LONG else columns - near, bins)
    for index in range(bins):
        outward[side, index] = 0.0
    for stratum in range(book.mass.shape[1]):
        share = state.learned[0].shares[side, stratum] * ledger.scale[side, stratum]
        if side == LONG:
            for index in range(np.uintp(held)):
                outward[side, index] += share * book.mass[side, stratum, near - index]
        else:
            for index in range(np.uintp(held)):
                outward[side, index] += share * book.mass[side, stratum, near + index]


@allocation_free
def standing_size(state: State, side: int) -> float:
    """Return the size that stands on one side by the present shares, base coin."""
    total = 0.0
    for stratum in range(state.book.mass.shape[1]):
        total += state.learned[0].shares[side, stratum] * state.book.ledger[0].standing[side, stratum]
    return total


@allocation_free
def _extract(state: State, model: Model, side: int, close: float) -> float:
    """Find one side's significant clusters at this close; return the gain of its nearest one's fall."""
    settings, memory, ledger = model.settings[0], state.memory[0], state.book.ledger[0]
    _read_outward(state, side)
    smooth(state.outward, side, state.smoothed)
    found = find_spans(state.smoothed, settings.cluster_prominence, state.spans)
    gather(state.outward, side, state.spans, found, state.clusters)
    least = settings.cluster_threshold
    if settings.threshold_kind == SHARE:
        least *= memory.open_interest if memory.open_interest > 0.0 else standing_size(state, side)
    elif settings.threshold_kind == QUANTILE:
        least = quantile_size(state.clusters, side, found, settings.cluster_threshold)
    in_usd = settings.threshold_kind == USD
    count = keep_significant(
        state.clusters, side, state.spans, found, least, in_usd, ledger.nearest[side], close, settings.bin_width
    )
    if side == LONG:
        memory.clusters_below = count
    else:
        memory.clusters_above = count
    if count == 0:
        return 0.0
    size = state.clusters[side, 0].magnitude
    daily_volatility = math.sqrt(memory.variance * settings.bars_per_day)
    reach = price_impact(size, memory.volume, daily_volatility, settings.impact) / settings.bin_width
    return cascade_gain(state.outward, side, state.spans[0, 1], size, reach)


@allocation_free
def write_clusters(state: State, model: Model, snapshot: Record, close: float) -> None:
    """Extract both sides' clusters at this close and write them and the signals on them."""
    view, settings = snapshot, model.settings[0]
    view.cascade_gain_down = _extract(state, model, LONG, close)
    view.cascade_gain_up = _extract(state, model, SHORT, close)
    below, above = state.clusters[LONG, 0], state.clusters[SHORT, 0]
    below_count, above_count = state.memory[0].clusters_below, state.memory[0].clusters_above
    view.stacked_below, view.stacked_above = below_count, above_count
    view.cluster_below_price = below.price if below_count > 0 else math.nan
    view.cluster_below_usd = below.magnitude_usd if below_count > 0 else math.nan
    view.cluster_above_price = above.price if above_count > 0 else math.nan
    view.cluster_above_usd = above.magnitude_usd if above_count > 0 else math.nan
    view.magnet = magnet(
        view.cluster_above_usd, view.cluster_below_usd, settings.magnet_ratio, settings.lone_side_counts > 0.0
    )
    view.cascade_risk_down = cascade_risk(
        state.clusters, LONG, below_count, close, settings.gap_high_risk, settings.gap_moderate_risk
    )
    view.cascade_risk_up = cascade_risk(
        state.clusters, SHORT, above_count, close, settings.gap_high_risk, settings.gap_moderate_risk
    )
    if state.memory[0].bar < settings.warmup_bars:
        view.magnet = math.nan


@allocation_free
def write_levels(state: State, model: Model, snapshot: Record, close: float) -> None:
    """Write the nearest standing support and resistance."""
    view, tolerance = snapshot, model.settings[0].level_tolerance
    support = nearest_level(state.levels, LONG, close, tolerance)
    resistance = nearest_level(state.levels, SHORT, close, tolerance)
    view.support_price, view.support_size_usd, view.support_bar, view.support_reported = math.nan, 0.0, math.nan, 0.0
    view.resistance_price, view.resistance_size_usd = math.nan, 0.0
    view.resistance_bar, view.resistance_reported = math.nan, 0.0
    if support >= 0:
        level = state.levels[LONG, support]
        view.support_price, view.support_size_usd = level.price, level.size_usd
        view.support_bar, view.support_reported = level.bar, level.reported
    if resistance >= 0:
        level = state.levels[SHORT, resistance]
        view.resistance_price, view.resistance_size_usd = level.price, level.size_usd
        view.resistance_bar, view.resistance_reported = level.bar, level.reported


@allocation_free
def write_day(state: State, model: Model, snapshot: Record) -> None:
    """Write the sums of the last 24 hours."""
    view, totals = snapshot, state.memory[0]
    view.liquidated_long_24h_usd = max(totals.long_usd, 0.0)
    view.liquidated_short_24h_usd = max(totals.short_usd, 0.0)
    view.volume_24h = max(totals.volume, 0.0)
    largest = 0.0
    for index in range(len(state.day)):
        largest = max(largest, state.day[index].long_usd + state.day[index].short_usd)
    view.largest_liquidation_bar_usd = largest
    view.market_state = market_state(
        view.liquidated_long_24h_usd + view.liquidated_short_24h_usd, model.settings[0].market_share
    )


@allocation_free
def write_context(state: State, snapshot: Record) -> None:
    """Write phase, open interest, funding, volatility and coverage."""
    view, memory = snapshot, state.memory[0]
    view.phase, view.phase_direction = memory.phase, memory.phase_direction
    view.open_interest, view.funding_rate = memory.open_interest, memory.funding_rate
    phase = Phase(
        memory.phase, memory.phase_direction, memory.phase_reference, memory.phase_lowest, memory.phase_quiet_bars
    )
    view.open_interest_drop = open_interest_drop(phase, memory.open_interest)
    view.volatility, view.average_range = math.sqrt(memory.variance), memory.average_range
    view.coverage = (standing_size(state, LONG) + standing_size(state, SHORT)) / (2.0 * memory.open_interest)


@allocation_free
def write_learned(state: State, model: Model, snapshot: Record) -> None:
    """Write what is known of the mixture and of the feed."""
    view, learned, prior = snapshot, state.learned[0], model.settings[0].calibration_prior_bars
    view.learned_long = learned_share(learned, model.grid, LONG, prior)
    view.learned_short = learned_share(learned, model.grid, SHORT, prior)
    view.traders_long, view.traders_short = learned.populations[LONG, TRADERS], learned.populations[SHORT, TRADERS]
    view.response_long, view.response_short = learned.response[LONG], learned.response[SHORT]
