"""One bar through the model: sweep, wipe, close, deposit, extract, signal. The only path from bars to snapshots.

Inside a bar the order of events is unknown. Existing levels are swept by the whole range before new ones are laid, and
what is opened in a bar cannot be wiped by it. Everything a snapshot says depends on this bar and earlier ones alone.
"""

import math

import numpy as np

from indicators.liquidation.anatomy import (
    Phase,
    PhaseLimits,
    advance_phase,
    market_state,
    open_interest_drop,
)
from indicators.liquidation.book import close_out, deposit, recentre, sweep
from indicators.liquidation.clusters import find_spans, gather, keep_significant, quantile_size, smooth
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.exposure import Flow, flow_with_open_interest, flow_without_open_interest
from indicators.liquidation.grid import LONG, SHORT, bin_price, price_bin
from indicators.liquidation.model import QUANTILE, SHARE, USD, Model, State, initial_state
from indicators.liquidation.signals import (
    cascade_gain,
    cascade_risk,
    drop_levels,
    magnet,
    nearest_level,
    price_impact,
    record_level,
)
from indicators.liquidation.snapshot import SNAPSHOT


@allocation_free
def _measure(state: State, model: Model, bar: Record) -> None:
    """Update volatility and average range, from the last close to this one."""
    memory, settings = state.memory[0], model.settings[0]
    previous = bar.open if math.isnan(memory.close) else memory.close
    change = math.log(bar.close / previous)
    true_range = max(bar.high, previous) - min(bar.low, previous)
    if math.isnan(memory.variance):
        memory.variance, memory.average_range = change * change, true_range
        return
    # The weight of a plain mean until the window is full, so that the first bars are not overcounted.
    weight = max(settings.volatility_weight, 1.0 / (memory.bar + 1.0))
    memory.variance += weight * (change * change - memory.variance)
    memory.average_range += weight * (true_range - memory.average_range)


@allocation_free
def _flow(state: State, model: Model, bar: Record, wiped: float) -> Flow:
    memory, settings = state.memory[0], model.settings[0]
    current = bar.open_interest
    if math.isnan(current):
        current = memory.open_interest
    if math.isnan(current):
        return flow_without_open_interest(bar.volume, settings.half_life_bars, settings.churn)
    previous = current if math.isnan(memory.open_interest) else memory.open_interest
    is_break = bar.open_interest_break > 0.0
    return flow_with_open_interest(bar.volume, previous, current, is_break, wiped, settings.churn)


@allocation_free
def _open_interest_change(state: State, bar: Record) -> float:
    """Return this bar's change of open interest as a flow, base coin; NaN where it is unknown or a break."""
    if bar.open_interest_break > 0.0:
        return math.nan
    return bar.open_interest - state.memory[0].open_interest


@allocation_free
def _wiped_usd(reported: float, modelled: float, change: float, close: float) -> float:
    """Return one side's forced size in quote: reported where known, else modelled and no more than open interest fell."""
    if not math.isnan(reported):
        return reported * close
    if not math.isnan(change):
        return min(modelled, max(-change, 0.0)) * close
    return modelled * close


@allocation_free
def _enter_day(state: State, long_usd: float, short_usd: float, volume: float) -> None:
    day, totals = state.day, state.memory[0]
    place = int(totals.bar) % len(day)
    if place == 0:
        # Summed afresh once a day, so that rounding cannot build up.
        totals.long_usd, totals.short_usd, totals.volume = 0.0, 0.0, 0.0
        for index in range(1, len(day)):
            totals.long_usd += day[index].long_usd
            totals.short_usd += day[index].short_usd
            totals.volume += day[index].volume
    else:
        totals.long_usd -= day[place].long_usd
        totals.short_usd -= day[place].short_usd
        totals.volume -= day[place].volume
    day[place].long_usd, day[place].short_usd, day[place].volume = long_usd, short_usd, volume
    totals.long_usd += long_usd
    totals.short_usd += short_usd
    totals.volume += volume


@allocation_free
def _last_hour_usd(state: State, model: Model, side: int) -> float:
    count = int(model.settings[0].bars_per_hour)
    total = 0.0
    for back in range(count):
        place = (int(state.memory[0].bar) - back) % len(state.day)
        total += state.day[place].long_usd if side == LONG else state.day[place].short_usd
    return total


@allocation_free
def _update_levels(state: State, model: Model, bar: Record, side: int, centre: float, reported: bool) -> None:
    memory, settings = state.memory[0], model.settings[0]
    direction = 1.0 if side == LONG else -1.0
    drop_levels(state.levels, side, bar.close, settings.level_tolerance, memory.bar - settings.level_age_bars)
    wiped_usd = _last_hour_usd(state, model, side)
    threshold = settings.wipe_usd * settings.market_share
    if not math.isnan(memory.open_interest):
        threshold = settings.wipe_share * memory.open_interest * bar.close
    if wiped_usd <= threshold or wiped_usd <= 0.0:
        return
    extreme = bar.low if side == LONG else bar.high
    price = extreme if math.isnan(centre) else bin_price(centre, settings.bin_width)
    if direction * (bar.close - price) >= -settings.level_tolerance * price:
        record_level(state.levels, side, price, wiped_usd, memory.bar, reported, settings.bars_per_hour)


@allocation_free
def _fallen(state: State, side: int, extreme: float) -> int:
    """Return how many clusters of the last close this bar's extreme has reached."""
    fallen, memory = 0, state.memory[0]
    for index in range(memory.clusters_below if side == LONG else memory.clusters_above):
        price = state.clusters[side, index].price
        if (side == LONG and price >= extreme) or (side == SHORT and price <= extreme):
            fallen += 1
    return fallen


@allocation_free
def _advance_anatomy(state: State, model: Model, bar: Record, low: float, high: float, before: float) -> None:
    memory, settings = state.memory[0], model.settings[0]
    limits = PhaseLimits(settings.washout_drop, settings.trigger_bars, settings.steady_bars, settings.recovery_bars)
    phase = Phase(
        memory.phase, memory.phase_direction, memory.phase_reference, memory.phase_lowest, memory.phase_quiet_bars
    )
    falling = bar.close < bar.open
    phase = advance_phase(
        phase,
        limits,
        _fallen(state, LONG, low),
        _fallen(state, SHORT, high),
        falling,
        before,
        memory.open_interest,
        memory.funding_rate,
    )
    memory.phase, memory.phase_direction = phase.number, phase.direction
    memory.phase_reference, memory.phase_lowest = phase.reference, phase.lowest
    memory.phase_quiet_bars = phase.quiet_bars


@allocation_free
def _read_outward(state: State, side: int) -> None:
    """Copy one side's density, outward from the close, into the workspace: base coin per bin."""
    book, ledger, outward = state.book, state.book.ledger[0], state.outward
    near = ledger.nearest[side] - ledger.base[side]
    bins, scale = outward.shape[1], ledger.scale
    held = min(near + 1 if side == LONG else book.density.shape[1] - near, bins)
    if side == LONG:
        top = np.uintp(near)
        for index in range(np.uintp(held)):
            outward[side, index] = book.density[side, top - index] * scale
    else:
        bottom = np.uintp(near)
        for index in range(np.uintp(held)):
            outward[side, index] = book.density[side, bottom + index] * scale
    for index in range(held, bins):
        outward[side, index] = 0.0


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
        least *= memory.open_interest if memory.open_interest > 0.0 else ledger.standing[side]
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
def _write_clusters(state: State, model: Model, snapshot: Record, close: float) -> None:
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
def _write_levels(state: State, model: Model, snapshot: Record, close: float) -> None:
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
def _write_day(state: State, model: Model, snapshot: Record) -> None:
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
def _write_context(state: State, snapshot: Record) -> None:
    view, memory, ledger = snapshot, state.memory[0], state.book.ledger[0]
    view.phase, view.phase_direction = memory.phase, memory.phase_direction
    view.open_interest, view.funding_rate = memory.open_interest, memory.funding_rate
    phase = Phase(
        memory.phase, memory.phase_direction, memory.phase_reference, memory.phase_lowest, memory.phase_quiet_bars
    )
    view.open_interest_drop = open_interest_drop(phase, memory.open_interest)
    view.volatility, view.average_range = math.sqrt(memory.variance), memory.average_range
    view.coverage = (ledger.standing[0] + ledger.standing[1]) / (2.0 * memory.open_interest)


@allocation_free
def step(state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, index: int) -> None:
    """Take one closed bar through the model.

    Parameters
    ----------
    state
        Changed in place; `copy_state` keeps an earlier value.
    model
        From `build_model`.
    bars, index
        (n,) of `BAR`; the one at `index` is taken, and no other is looked at.
    snapshots
        (n,) of `SNAPSHOT`, whose row `index` receives what is known at that bar's close.
    """
    bar, snapshot = bars[index], snapshots[index]
    memory, settings, view = state.memory[0], model.settings[0], snapshot
    low = bar.low if math.isnan(bar.mark_low) else bar.mark_low
    high = bar.high if math.isnan(bar.mark_high) else bar.mark_high
    low_bin, high_bin = price_bin(low, settings.bin_width), price_bin(high, settings.bin_width)
    close_bin = price_bin(bar.close, settings.bin_width)
    _measure(state, model, bar)

    view.swept_long, long_centre = sweep(state.book, LONG, min(low_bin, close_bin))
    view.swept_short, short_centre = sweep(state.book, SHORT, max(high_bin, close_bin))
    recentre(state.book, model.grid, close_bin)
    change = _open_interest_change(state, bar)
    flow = _flow(state, model, bar, 0.5 * (view.swept_long + view.swept_short))
    close_out(state.book, flow.closed_share)
    first, last = price_bin(bar.low, settings.bin_width), price_bin(bar.high, settings.bin_width)
    deposit(state.book, model.grid, flow.opened, first, last, close_bin)

    before = memory.open_interest
    if not math.isnan(bar.open_interest):
        memory.open_interest = bar.open_interest
    if not math.isnan(bar.funding_rate):
        memory.funding_rate = bar.funding_rate
    _cap_at_open_interest(state)
    reported = not (math.isnan(bar.liquidated_long) or math.isnan(bar.liquidated_short))
    view.liquidation_reported = 1.0 if reported else 0.0
    long_usd = _wiped_usd(bar.liquidated_long, view.swept_long, change, bar.close)
    short_usd = _wiped_usd(bar.liquidated_short, view.swept_short, change, bar.close)
    _enter_day(state, long_usd, short_usd, bar.volume)
    _update_levels(state, model, bar, LONG, long_centre, reported)
    _update_levels(state, model, bar, SHORT, short_centre, reported)
    _advance_anatomy(state, model, bar, low, high, before)

    view.close, view.high, view.low = bar.close, bar.high, bar.low
    _write_clusters(state, model, snapshot, bar.close)
    _write_levels(state, model, snapshot, bar.close)
    _write_day(state, model, snapshot)
    _write_context(state, snapshot)
    memory.close = bar.close
    memory.bar += 1.0


@allocation_free
def _cap_at_open_interest(state: State) -> None:
    """Close what the book holds beyond the open interest (a series that was cut): nobody can hold more than there is."""
    open_interest, ledger = state.memory[0].open_interest, state.book.ledger[0]
    most = max(ledger.standing[0], ledger.standing[1])
    if open_interest >= 0.0 and most > open_interest:
        close_out(state.book, 1.0 - open_interest / most)


@allocation_free
def run_bars(state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray) -> None:
    """Take (n,) bars through the model in one compiled loop; `snapshots` (n,) receives what each says."""
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)


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
    run_bars(initial_state(model) if state is None else state, model, bars, snapshots)
    return snapshots
