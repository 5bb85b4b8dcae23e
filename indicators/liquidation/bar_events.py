"""What a bar did, as a reading of the map counts it: sizes wiped, the levels that they left, the cascade's phase."""

import math

import numpy as np

from indicators.liquidation.cascade_phase import advance_phase
from indicators.liquidation.compiled import Record, inlined, inlined_loop
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import Model, State
from indicators.liquidation.wipes import drop_levels, enter_day, record_level, wiped_usd

TURNOVER_HOURS = 9.0
"""Hours of turnover that open interest is taken for where it is unknown (assumption: the median of six markets; Bybit's BTC
and ETH have 5 and 6, contracts counted once, Binance's BTC 8 in 2024 and 15 in 2026)."""


@inlined_loop
def _measure(memory: Record, settings: Record, bar: Record, position: float) -> None:
    """Update volatility, average range and average turnover, from the last close to this one."""
    previous = bar.open if math.isnan(memory.close) else memory.close
    true_range = max(bar.high, previous) - min(bar.low, previous)
    # The weight of a plain mean until the window is full, so that the first bars are not overcounted.
    plain = 1.0 / (memory.bar + 1.0)
    memory.average_volume += max(settings.turnover_weight, plain) * (bar.volume - memory.average_volume)
    if math.isnan(memory.variance):
        memory.variance, memory.atr = math.log(bar.close / bar.open) ** 2, true_range
        return
    change = settings.bin_width * (position - memory.position)
    weight = max(settings.volatility_weight, plain)
    memory.variance += weight * (change * change - memory.variance)
    memory.atr += weight * (true_range - memory.atr)


@inlined_loop
def _update_levels(
    memory: Record, settings: Record, bar: Record, centre: float, levels: np.ndarray, hour: np.ndarray, side: int,
    reported: bool,
) -> None:  # fmt: skip
    """Drop one side's broken and aged levels, and enter a new one where the last hour's wipe exceeds the threshold.

    Without a wipe of its own the hour's sum is an earlier bar's event. A level lies where the map says the wipe was, or
    at the bar's extreme where the map says nothing.
    """
    bars_per_hour = hour.shape[1]
    own_usd, direction, tolerance = memory.wiped_usd[side], 1.0 if side == LONG else -1.0, settings.level_tolerance
    drop_levels(levels, side, bar.close, tolerance, memory.bar - settings.level_age_bars)
    hour[side, int(memory.bar) % bars_per_hour] = own_usd
    if not own_usd > 0.0:
        return
    hour_usd = 0.0
    for index in range(bars_per_hour):
        hour_usd += hour[side, index]
    threshold = settings.wipe_usd * settings.market_share
    if not math.isnan(memory.open_interest):
        threshold = settings.wipe_share * memory.open_interest * bar.close
    if hour_usd <= threshold:
        return
    price = bar.low if side == LONG else bar.high
    if not math.isnan(centre):
        price = math.exp(settings.bin_width * (-direction * centre + settings.grid_phase))
    if direction * (bar.close - price) >= -tolerance * price:
        record_level(levels, side, price, hour_usd, memory.bar, reported, bars_per_hour)


@inlined_loop
def _fallen(
    memory: Record, settings: Record, clusters: np.ndarray, hour_swept: np.ndarray, side: int, extreme: float
) -> int:
    """Return how many clusters of the last close this bar's extreme has reached, or how many of `trigger_share` it swept.

    Where the map is smooth, new lows liquidate as much as a cluster holds and reach none. No size counts twice.
    """
    fallen, swept = 0, 0.0
    for index in range(memory.clusters[side]):
        price = clusters[side, index].price
        if (side == LONG and price >= extreme) or (side == SHORT and price <= extreme):
            fallen += 1
    for index in range(hour_swept.shape[1]):
        swept += hour_swept[side, index]
    share = settings.trigger_share
    shares = int(swept / share)
    if shares > 0:
        for index in range(hour_swept.shape[1]):
            hour_swept[side, index] *= 1.0 - shares * share / swept
    return max(fallen, shares)


@inlined_loop
def _advance(memory: Record, settings: Record, bar: Record, before: float) -> None:
    """Take the cascade's phase through the bar; a break of the series rescales what the phase remembers of it."""
    if bar.open_interest_break > 0.0:
        memory.break_bar = memory.bar
        scale = memory.open_interest / before
        if 0.0 < scale < math.inf:
            memory.phase.reference *= scale
            memory.phase.lowest *= scale
            before = memory.open_interest
    falling, now = bar.close < bar.open, memory.open_interest
    below, above = memory.fallen[LONG], memory.fallen[SHORT]
    advance_phase(memory.phase, settings, below, above, falling, before, now, memory.funding_rate)


@inlined
def take_events(state: State, model: Model, bar: Record, moved: Record, view: Record) -> None:
    """Take one closed bar, that moved the map so, through levels and phase; clusters are those of the last close."""
    memory, settings = state.memory[0], model.settings[0]
    _measure(memory, settings, bar, moved.position)
    memory.position = moved.position
    for side in range(2):
        memory.swept[side] = memory.level * moved.shares[side]
        state.hour_swept[side, int(memory.bar) % state.hour_swept.shape[1]] = moved.shares[side]
    view.model_liquidated_long, view.model_liquidated_short = memory.swept[LONG], memory.swept[SHORT]

    before = memory.open_interest
    change = math.nan if bar.open_interest_break > 0.0 else bar.open_interest - before
    if not math.isnan(bar.open_interest):
        memory.open_interest = bar.open_interest
    if not math.isnan(bar.funding_rate):
        memory.funding_rate = bar.funding_rate
    memory.level = memory.open_interest
    if math.isnan(memory.level):
        memory.level = TURNOVER_HOURS * settings.bars_per_hour * memory.average_volume
    reported = not (math.isnan(bar.liquidated_long) or math.isnan(bar.liquidated_short))
    view.liquidation_reported = 1.0 if reported else 0.0
    memory.wiped_usd[LONG] = wiped_usd(bar.liquidated_long, memory.swept[LONG], change, bar.close)
    memory.wiped_usd[SHORT] = wiped_usd(bar.liquidated_short, memory.swept[SHORT], change, bar.close)
    turn = int(memory.bar) % (len(state.day) - 3)
    enter_day(state.day, turn, memory.wiped_usd[LONG], memory.wiped_usd[SHORT], bar.volume)
    low = bar.low if math.isnan(bar.mark_low) else bar.mark_low
    high = bar.high if math.isnan(bar.mark_high) else bar.mark_high
    for side in range(2):
        _update_levels(memory, settings, bar, moved.centres[side], state.levels, state.hour, side, reported)
        extreme = low if side == LONG else high
        memory.fallen[side] = _fallen(memory, settings, state.clusters, state.hour_swept, side, extreme)
    _advance(memory, settings, bar, before)
