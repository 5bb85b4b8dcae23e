"""What a bar wiped: sizes in quote, their sums over 24 hours, and the levels that large wipes leave."""

import math

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.grid import LONG, bin_price
from indicators.liquidation.model import Model, State
from indicators.liquidation.signals import drop_levels, record_level


@allocation_free
def wiped_usd(reported: float, modelled: float, change: float, close: float) -> float:
    """Return one side's forced size in quote: reported where known, else modelled and no more than open interest fell."""
    if not math.isnan(reported):
        return reported * close
    if not math.isnan(change):
        return min(modelled, max(-change, 0.0)) * close
    return modelled * close


@allocation_free
def enter_day(state: State, long_usd: float, short_usd: float, volume: float) -> None:
    """Enter one bar into the ring of 24 hours: quote liquidated by side, base coin traded."""
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
def update_levels(
    state: State, model: Model, bar: Record, side: int, own_usd: float, centre: float, reported: bool
) -> None:
    """Drop one side's broken and aged levels, and enter a new one where the last hour's wipe exceeds the threshold.

    Parameters
    ----------
    side
        `LONG` for supports, `SHORT` for resistances.
    own_usd
        What this bar itself wiped, quote: without it the hour's sum is an earlier bar's event.
    centre
        Mean absolute bin position of what the model wiped on that side; NaN where nothing: then the bar's extreme counts.
    reported
        Whether the wipe's size was reported.
    """
    memory, settings = state.memory[0], model.settings[0]
    direction = 1.0 if side == LONG else -1.0
    drop_levels(state.levels, side, bar.close, settings.level_tolerance, memory.bar - settings.level_age_bars)
    hour_usd = _last_hour_usd(state, model, side)
    threshold = settings.wipe_usd * settings.market_share
    if not math.isnan(memory.open_interest):
        threshold = settings.wipe_share * memory.open_interest * bar.close
    if own_usd <= 0.0 or hour_usd <= threshold:
        return
    extreme = bar.low if side == LONG else bar.high
    price = extreme if math.isnan(centre) else bin_price(centre, settings.bin_width)
    if direction * (bar.close - price) >= -settings.level_tolerance * price:
        record_level(state.levels, side, price, hour_usd, memory.bar, reported, settings.bars_per_hour)
