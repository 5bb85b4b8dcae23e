"""One bar through the model: sweep, wipe, close, deposit, extract, signal. The only path from bars to snapshots.

Inside a bar the order of events is unknown. Existing levels are swept by the whole range before new ones are laid, and
what is opened in a bar cannot be wiped by it. Everything a snapshot says depends on this bar and earlier ones alone.
"""

import math

import numpy as np

from indicators.liquidation.anatomy import Phase, PhaseLimits, advance_phase
from indicators.liquidation.book import close_down_to, deposit, recentre, sweep
from indicators.liquidation.calibration import expected_size, learn
from indicators.liquidation.closing import close_population
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.exposure import Flow, churn_of, flow_with_open_interest, flow_without_open_interest
from indicators.liquidation.grid import LONG, SHORT, price_bin
from indicators.liquidation.model import Model, State, initial_state
from indicators.liquidation.parameters import POPULATIONS, TRADERS
from indicators.liquidation.reading import write_clusters, write_context, write_day, write_learned, write_levels
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.wipes import enter_day, update_levels, wiped_usd


@allocation_free
def _measure(state: State, model: Model, bar: Record) -> None:
    """Update volatility and average range, from the last close to this one."""
    memory, settings = state.memory[0], model.settings[0]
    previous = bar.open if math.isnan(memory.close) else memory.close
    change = math.log(bar.close / previous)
    memory.average_volume += max(1.0 - settings.calibration_kept, 1.0 / (memory.bar + 1.0)) * (
        bar.volume - memory.average_volume
    )
    true_range = max(bar.high, previous) - min(bar.low, previous)
    if math.isnan(memory.variance):
        memory.variance, memory.average_range = change * change, true_range
        return
    # The weight of a plain mean until the window is full, so that the first bars are not overcounted.
    weight = max(settings.volatility_weight, 1.0 / (memory.bar + 1.0))
    memory.variance += weight * (change * change - memory.variance)
    memory.average_range += weight * (true_range - memory.average_range)


@allocation_free
def _wiped(state: State, population: int) -> float:
    """Return what the last sweep wiped if all size were of one population, mean of both sides, base coin."""
    ledger, total = state.book.ledger[0], 0.0
    count = state.book.mass.shape[1] // POPULATIONS
    for side in range(2):
        for tier in range(count):
            total += 0.5 * state.learned[0].leverages[side, tier] * ledger.exposure[side, population * count + tier]
    return total


@allocation_free
def half_life_bars(model: Model, population: int) -> float:
    """Return after how many bars half of a population's positions are closed."""
    settings = model.settings[0]
    return settings.traders_half_life_bars if population == TRADERS else settings.holders_half_life_bars


@allocation_free
def _flow(state: State, model: Model, bar: Record, population: int) -> Flow:
    """Return the flow of the bar if all traders were of one population."""
    memory, half_life = state.memory[0], half_life_bars(model, population)
    current = bar.open_interest
    if math.isnan(current):
        current = memory.open_interest
    if math.isnan(current):
        return flow_without_open_interest(bar.volume, half_life, model.settings[0].bars_per_hour)
    churn = churn_of(half_life, current, memory.average_volume)
    previous = current if math.isnan(memory.open_interest) else memory.open_interest
    is_break = bar.open_interest_break > 0.0
    return flow_with_open_interest(bar.volume, previous, current, is_break, _wiped(state, population), churn)


@allocation_free
def _trade(state: State, model: Model, bar: Record, first: int, last: int, close_bin: int) -> None:
    """Let both populations close and open; entries lie between the bins `first` and `last`."""
    ratio, leverages = model.settings[0].loss_close_ratio, state.learned[0].leverages
    for population in range(POPULATIONS):
        flow = _flow(state, model, bar, population)
        state.opened[population] = flow.opened
        close_population(state.book, model.grid, leverages, state.sizes, population, flow.closed_share, ratio)
    deposit(state.book, model.grid, state.opened, first, last, close_bin)


@allocation_free
def _learn(state: State, model: Model, bar: Record, snapshot: Record) -> None:
    """Write what was expected to be reported, then learn from what was."""
    view, learned, exposure = snapshot, state.learned[0], state.book.ledger[0].exposure
    view.expected_long = expected_size(learned, LONG, view.swept_long)
    view.expected_short = expected_size(learned, SHORT, view.swept_short)
    learned.most_passed = math.inf if math.isnan(state.memory[0].open_interest) else 0.0
    if model.settings[0].calibrate > 0.0:
        learn(learned, model.grid, model.settings[0], exposure, LONG, view.swept_long, bar.liquidated_long)
        learn(learned, model.grid, model.settings[0], exposure, SHORT, view.swept_short, bar.liquidated_short)


@allocation_free
def _open_interest_change(state: State, bar: Record) -> float:
    """Return this bar's change of open interest as a flow, base coin; NaN where it is unknown or a break."""
    if bar.open_interest_break > 0.0:
        return math.nan
    return bar.open_interest - state.memory[0].open_interest


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

    view.swept_long, long_centre = sweep(state.book, state.learned[0].shares, LONG, min(low_bin, close_bin))
    view.swept_short, short_centre = sweep(state.book, state.learned[0].shares, SHORT, max(high_bin, close_bin))
    recentre(state.book, model.grid, close_bin)
    change = _open_interest_change(state, bar)
    # Entries lie in the last price's range, which is the swept one where no mark is known.
    first = low_bin if math.isnan(bar.mark_low) else price_bin(bar.low, settings.bin_width)
    last = high_bin if math.isnan(bar.mark_high) else price_bin(bar.high, settings.bin_width)
    _trade(state, model, bar, first, last, close_bin)
    _learn(state, model, bar, snapshot)

    before = memory.open_interest
    if not math.isnan(bar.open_interest):
        memory.open_interest = bar.open_interest
    if not math.isnan(bar.funding_rate):
        memory.funding_rate = bar.funding_rate
    _cap_at_open_interest(state, model)
    reported = not (math.isnan(bar.liquidated_long) or math.isnan(bar.liquidated_short))
    view.liquidation_reported = 1.0 if reported else 0.0
    long_usd = wiped_usd(bar.liquidated_long, view.swept_long, change, bar.close)
    short_usd = wiped_usd(bar.liquidated_short, view.swept_short, change, bar.close)
    enter_day(state, long_usd, short_usd, bar.volume)
    update_levels(state, model, bar, LONG, long_usd, long_centre, reported)
    update_levels(state, model, bar, SHORT, short_usd, short_centre, reported)
    _advance_anatomy(state, model, bar, low, high, before)

    view.close, view.high, view.low = bar.close, bar.high, bar.low
    write_clusters(state, model, snapshot, bar.close)
    write_levels(state, model, snapshot, bar.close)
    write_day(state, model, snapshot)
    write_context(state, snapshot)
    write_learned(state, model, snapshot)
    memory.close = bar.close
    memory.bar += 1.0


@allocation_free
def _cap_at_open_interest(state: State, model: Model) -> None:
    """Close what a population holds beyond the open interest (a series that was cut): nobody can hold more than there is."""
    open_interest, ledger, count = state.memory[0].open_interest, state.book.ledger[0], model.grid.tiers[0].count
    for population in range(POPULATIONS):
        most = 0.0
        for side in range(2):
            standing = 0.0
            for tier in range(count):
                standing += state.learned[0].leverages[side, tier] * ledger.standing[side, population * count + tier]
            most = max(most, standing)
        if open_interest >= 0.0 and most > open_interest:
            for tier in range(count):
                close_down_to(state.book, population * count + tier, open_interest / most)


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
