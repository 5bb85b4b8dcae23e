"""Reading the state: clusters from the density, signals from the clusters, all written into one snapshot."""

import math

import numpy as np

from indicators.liquidation.cascade_phase import market_state, open_interest_drop
from indicators.liquidation.clusters import find_spans, keep_significant, quantile_size, smooth, weigh_spans
from indicators.liquidation.compiled import Record, inlined, inlined_loop
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import QUANTILE, SHARE, SWEPT_MOVES, USD, Model, State
from indicators.liquidation.position_map import mass_between
from indicators.liquidation.signals import branching_ratio, held_magnet, held_risk, price_impact, smallest_gap
from indicators.liquidation.wipes import nearest_level


@inlined_loop
def write_shares(density: np.ndarray, side: int, start: float, settings: Record, shares: np.ndarray) -> None:
    """Write one side's shares of all positions within `SWEPT_MOVES` into (2, moves); the close lies at `start` in its bin."""
    total, last = 0.0, 0.0
    for index in range(len(SWEPT_MOVES)):
        away = settings.away[side, index]
        total += mass_between(density, side, start, start + last, start + away)[0]
        shares[side, index], last = total, away


@inlined
def judge(state: State, model: Model, density: np.ndarray, side: int, found: int) -> None:
    """Keep the significant ones of one side's clusters, and find the branching ratio of the nearest.

    Notes
    -----
    All follows from shares; the level (base coin) only scales what is said in coins.
    """
    memory, settings = state.memory[0], model.settings[0]
    least = settings.cluster_threshold
    if settings.threshold_kind == SHARE:
        least *= memory.level
    elif settings.threshold_kind == QUANTILE:
        least = quantile_size(state.clusters, side, found, settings.cluster_threshold)
    count = keep_significant(state.clusters, side, found, least, settings.threshold_kind == USD)
    memory.clusters[side], memory.branching_ratio[side] = count, 0.0
    if count > 0 and memory.level > 0.0:
        position = memory.position if side == SHORT else -memory.position
        start, nearest = position - math.floor(position), state.clusters[side, 0]
        daily_volatility = math.sqrt(memory.variance * settings.bars_per_day)
        impact = price_impact(nearest.size, state.day[len(state.day) - 1].volume, daily_volatility, settings.impact)
        memory.branching_ratio[side] = branching_ratio(
            density, side, start, start + nearest.high / settings.bin_width,
            nearest.size / memory.level, impact / settings.bin_width,
        )  # fmt: skip


@inlined
def extract(state: State, model: Model, side: int) -> None:
    """Find one side's significant clusters in the density, the branching ratio of the nearest, and the swept shares."""
    memory, settings = state.memory[0], model.settings[0]
    position = memory.position if side == SHORT else -memory.position
    smooth(state.density, side, state.smoothed)
    count = find_spans(state.smoothed, settings.cluster_prominence, state.spans)
    found = weigh_spans(state.density, side, state.spans, count, state.clusters, position, settings, memory.level)
    write_shares(state.density, side, position - math.floor(position), settings, memory.shares)
    judge(state, model, state.density, side, found)


@inlined_loop
def write_signals(memory: Record, settings: Record, clusters: Record, view: Record) -> None:
    """Write magnet and cascade risk: all that a snapshot says by thresholds on its clusters' sizes and gaps."""
    memory.magnet = held_magnet(
        memory.magnet, clusters.cluster_above_usd, clusters.cluster_below_usd,
        settings.magnet_ratio, settings.one_sided_signal > 0.0, settings.hysteresis,
    )  # fmt: skip
    view.magnet = memory.magnet if memory.bar >= settings.warmup_bars else math.nan
    high, moderate, hysteresis = settings.gap_high_risk, settings.gap_moderate_risk, settings.hysteresis
    memory.risk[LONG] = held_risk(memory.risk[LONG], clusters.cluster_spacing_below, high, moderate, hysteresis)
    memory.risk[SHORT] = held_risk(memory.risk[SHORT], clusters.cluster_spacing_above, high, moderate, hysteresis)
    view.cascade_risk_down, view.cascade_risk_up = memory.risk[LONG], memory.risk[SHORT]


@inlined
def write_clusters(state: State, model: Model, view: Record, close: float) -> None:
    """Extract both sides' clusters from the density at this close and write them and the signals on them."""
    for side in range(2):
        extract(state, model, side)
    write_extracted(state, model, view, close)


@inlined
def write_extracted(state: State, model: Model, view: Record, close: float) -> None:
    """Write what was extracted, and the signals on it."""
    memory = state.memory[0]
    below, above = state.clusters[LONG, 0], state.clusters[SHORT, 0]
    below_count, above_count = memory.clusters[LONG], memory.clusters[SHORT]
    view.cluster_count_below, view.cluster_count_above = below_count, above_count
    view.cluster_below_price = below.price if below_count > 0 else math.nan
    view.cluster_below_usd = below.size * below.price if below_count > 0 else math.nan
    view.cluster_below_gap = below.low if below_count > 0 else math.nan
    view.cluster_above_price = above.price if above_count > 0 else math.nan
    view.cluster_above_usd = above.size * above.price if above_count > 0 else math.nan
    view.cluster_above_gap = above.low if above_count > 0 else math.nan
    view.cluster_spacing_below = smallest_gap(state.clusters, LONG, below_count, close) if below_count > 1 else math.nan
    view.cluster_spacing_above = (
        smallest_gap(state.clusters, SHORT, above_count, close) if above_count > 1 else math.nan
    )
    write_signals(memory, model.settings[0], view, view)
    view.branching_ratio_down, view.branching_ratio_up = memory.branching_ratio[LONG], memory.branching_ratio[SHORT]
    view.swept_share_down_2, view.swept_share_up_2 = memory.shares[LONG, 0], memory.shares[SHORT, 0]
    view.swept_share_down_5, view.swept_share_up_5 = memory.shares[LONG, 1], memory.shares[SHORT, 1]
    view.swept_share_down_10, view.swept_share_up_10 = memory.shares[LONG, 2], memory.shares[SHORT, 2]


@inlined_loop
def write_levels(levels: np.ndarray, view: Record) -> None:
    """Write the nearest standing support and resistance."""
    view.support_price, view.support_size_usd, view.support_bar, view.support_reported = math.nan, 0.0, math.nan, 0.0
    view.resistance_price, view.resistance_size_usd = math.nan, 0.0
    view.resistance_bar, view.resistance_reported = math.nan, 0.0
    support, resistance = nearest_level(levels, LONG), nearest_level(levels, SHORT)
    if support >= 0:
        level = levels[LONG, support]
        view.support_price, view.support_size_usd = level.price, level.size_usd
        view.support_bar, view.support_reported = level.bar, level.reported
    if resistance >= 0:
        level = levels[SHORT, resistance]
        view.resistance_price, view.resistance_size_usd = level.price, level.size_usd
        view.resistance_bar, view.resistance_reported = level.bar, level.reported


@inlined_loop
def write_context(memory: Record, settings: Record, day: Record, view: Record) -> None:
    """Write the sums of 24 hours, phase, open interest, funding, volatility and what the map rests on."""
    view.liquidated_long_24h_usd, view.liquidated_short_24h_usd = day.long_usd, day.short_usd
    view.volume_24h, view.largest_liquidation_bar_usd = day.volume, day.largest_usd
    view.market_state = market_state(day.long_usd + day.short_usd, settings.market_share)
    view.phase, view.phase_direction = memory.phase.number, memory.phase.direction
    view.open_interest, view.funding_rate = memory.open_interest, memory.funding_rate
    view.open_interest_drop = open_interest_drop(memory.phase, memory.open_interest)
    view.open_interest_break_bar = memory.break_bar
    view.level_from_open_interest = 0.0 if math.isnan(memory.open_interest) else 1.0
    view.map_age_half_lives = (memory.bar + 1.0) / settings.half_life_bars
    view.volatility, view.atr = math.sqrt(memory.variance), memory.atr


@inlined
def write_rest(state: State, model: Model, bar: Record, moved: Record, view: Record) -> None:
    """Write all that is no cluster, and remember that the bar has closed."""
    memory = state.memory[0]
    view.close, view.high, view.low = bar.close, bar.high, bar.low
    write_levels(state.levels, view)
    write_context(memory, model.settings[0], state.day[len(state.day) - 1], view)
    view.volatility_4h, view.volatility_24h = moved.forecasts[0], moved.forecasts[1]
    memory.close = bar.close
    memory.bar += 1.0
