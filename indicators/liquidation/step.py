"""One bar through the model: sweep, decay, deposit, read, signal. The only path from bars to snapshots.

Inside a bar the order of events is unknown. Existing levels are swept by the whole range before new ones are laid, and
what is opened in a bar cannot be wiped by it. Everything a snapshot says depends on this bar and earlier ones alone.
"""

import math

import numpy as np

from indicators.liquidation.cascade_phase import advance_phase
from indicators.liquidation.compiled import Record, allocation_free, inlined, inlined_loop
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import Model, State, initial_state
from indicators.liquidation.position_map import AHEAD, BEFORE, decay, deposit, place, read, settle, sweep, wait
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.snapshot_writer import write_clusters, write_context, write_levels
from indicators.liquidation.volatility import update_volatility
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


@inlined
def _lay_ahead(state: State, model: Model, lowest: float, highest: float, close: float) -> None:
    """Lay what waits where a bar sweeps or is read further than all is laid; its extremes and close in bins."""
    needed = state.density.shape[1] - BEFORE
    short = max(math.ceil(highest), math.floor(close) + needed) - state.positions.laid[SHORT]
    long = max(math.ceil(-lowest), math.floor(-close) + needed) - state.positions.laid[LONG]
    if state.memory[0].bar == 0.0 or max(short, long) > 0:
        settle(state.positions, model.kernel, close, needed + int(AHEAD / model.settings[0].bin_width))


@inlined
def _move_map(state: State, model: Model, low: float, high: float) -> None:
    """Let the positions of a bar close and open around its close; `low` and `high` are its entries, in bins."""
    memory, begin = state.memory[0], state.memory[0].bar == 0.0
    reach = int(model.settings[0].reach)
    decay(state.positions, model.ages)
    for age in range(len(model.ages)):
        wait(state.positions, model.kernel, age, model.ages[age].opened, low, high, memory.position)
    for side in range(2):
        sign = -1.0 if side == LONG else 1.0
        close, one, other = sign * memory.position, sign * low, sign * high
        place(state.positions, side, close, reach, begin)
        for age in range(len(model.ages)):
            opened = model.ages[age].opened
            deposit(state.positions, model.kernel, side, age, opened, min(one, other), max(one, other), close)


@inlined_loop
def _update_levels(
    memory: Record, settings: Record, bar: Record, levels: np.ndarray, hour: np.ndarray, side: int, reported: bool
) -> None:
    """Drop one side's broken and aged levels, and enter a new one where the last hour's wipe exceeds the threshold.

    Without a wipe of its own the hour's sum is an earlier bar's event. A level lies where the map says the wipe was, or
    at the bar's extreme where the map says nothing.
    """
    bars_per_hour = hour.shape[1]
    own_usd, centre = memory.wiped_usd[side], memory.centre[side]
    direction, tolerance = 1.0 if side == LONG else -1.0, settings.level_tolerance
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
def step(state: State, model: Model, bar: Record, view: Record) -> None:
    """Take one closed bar through the model."""
    memory, settings = state.memory[0], model.settings[0]
    width, phase = settings.bin_width, settings.grid_phase
    low = bar.low if math.isnan(bar.mark_low) else bar.mark_low
    high = bar.high if math.isnan(bar.mark_high) else bar.mark_high
    log_low, log_high, log_close = math.log(bar.low), math.log(bar.high), math.log(bar.close)
    first, last, close = log_low / width - phase, log_high / width - phase, log_close / width - phase
    lowest = first if math.isnan(bar.mark_low) else math.log(low) / width - phase
    highest = last if math.isnan(bar.mark_high) else math.log(high) / width - phase
    _measure(memory, settings, bar, close)

    _lay_ahead(state, model, lowest, highest, close)
    for side in range(2):
        # Nothing may stand on the wrong side of the close, whatever the mark says.
        sign, extreme = (-1.0, min(lowest, close)) if side == LONG else (1.0, max(highest, close))
        share, memory.centre[side] = sweep(state.positions, side, sign * memory.position, sign * extreme)
        memory.swept[side] = memory.level * share
        state.hour_swept[side, int(memory.bar) % state.hour_swept.shape[1]] = share
    view.model_liquidated_long, view.model_liquidated_short = memory.swept[LONG], memory.swept[SHORT]
    memory.position = close
    _move_map(state, model, min(first, close), max(last, close))

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
    for side in range(2):
        _update_levels(memory, settings, bar, state.levels, state.hour, side, reported)
        extreme = low if side == LONG else high
        memory.fallen[side] = _fallen(memory, settings, state.clusters, state.hour_swept, side, extreme)
    _advance(memory, settings, bar, before)

    view.close, view.high, view.low = bar.close, bar.high, bar.low
    for side in range(2):
        read(state.positions, side, -close if side == LONG else close, state.density)
    write_clusters(state, model, view, bar.close)
    write_levels(state.levels, view)
    write_context(memory, settings, state.day[len(state.day) - 1], view)
    update_volatility(state.volatility, model.volatility, bar, log_low, log_high, log_close)
    forecasts = state.volatility[0].forecasts
    view.volatility_4h, view.volatility_24h = forecasts[0], forecasts[1]
    memory.close = bar.close
    memory.bar += 1.0


@allocation_free
def run_bars(state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, first: int, last: int) -> None:
    """Take the closed bars `first` .. `last` - 1 through the model, each by itself and in order.

    Parameters
    ----------
    state
        Changed in place; `copy_state` keeps an earlier value.
    model
        From `build_model`.
    bars
        (n,) of `BAR`; no others are looked at.
    snapshots
        (n,) of `SNAPSHOT`; each bar's row receives what is known at its close.
    """
    for index in range(first, last):
        step(state, model, bars[index], snapshots[index])


def run(model: Model, bars: np.ndarray, state: State | None = None) -> np.ndarray:
    """Take many bars through the model.

    Parameters
    ----------
    model
        From `build_model`.
    bars
        (n,) of `BAR`, in order.
    state
        Where to go on from, changed in place; a fresh one by default.

    Returns
    -------
    ndarray
        (n,) of `SNAPSHOT`; row t depends on bars[: t + 1] alone.
    """
    snapshots = np.zeros(len(bars), dtype=SNAPSHOT)
    run_bars(initial_state(model) if state is None else state, model, bars, snapshots, 0, len(bars))
    return snapshots
