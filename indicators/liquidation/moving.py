"""One bar through the map and the forecast: what no reading of the map changes, so that many readings can share it.

Inside a bar the order of events is unknown. Existing levels are swept by the whole range before new ones are laid, and
what is opened in a bar cannot be wiped by it.
"""

import math

from indicators.liquidation.compiled import Record, inlined
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import Model, State
from indicators.liquidation.position_map import AHEAD, BEFORE, decay, deposit, place, settle, sweep, wait
from indicators.liquidation.volatility import update_volatility


@inlined
def _lay_ahead(state: State, model: Model, lowest: float, highest: float, close: float) -> None:
    """Lay what waits where a bar sweeps or is read further than all is laid; its extremes and close in bins."""
    needed = state.density.shape[1] - BEFORE
    short = max(math.ceil(highest), math.floor(close) + needed) - state.positions.laid[SHORT]
    long = max(math.ceil(-lowest), math.floor(-close) + needed) - state.positions.laid[LONG]
    if state.memory[0].bar == 0.0 or max(short, long) > 0:
        settle(state.positions, model.kernel, close, needed + int(AHEAD / model.settings[0].bin_width))


@inlined
def _move_map(state: State, model: Model, position: float, low: float, high: float) -> None:
    """Let the positions of a bar close and open around its close (`position`); `low` and `high` are its entries, all in bins."""
    begin = state.memory[0].bar == 0.0
    reach = int(model.settings[0].reach)
    decay(state.positions, model.ages)
    for age in range(len(model.ages)):
        wait(state.positions, model.kernel, age, model.ages[age].opened, low, high, position)
    for side in range(2):
        sign = -1.0 if side == LONG else 1.0
        close, one, other = sign * position, sign * low, sign * high
        place(state.positions, side, close, reach, begin)
        for age in range(len(model.ages)):
            opened = model.ages[age].opened
            deposit(state.positions, model.kernel, side, age, opened, min(one, other), max(one, other), close)


@inlined
def move(state: State, model: Model, bar: Record, moved: Record) -> None:
    """Take one closed bar through the map, from the last close on; write what it did into a record of `MOVED`."""
    memory, settings = state.memory[0], model.settings[0]
    width, phase = settings.bin_width, settings.grid_phase
    log_low, log_high, log_close = math.log(bar.low), math.log(bar.high), math.log(bar.close)
    first, last, close = log_low / width - phase, log_high / width - phase, log_close / width - phase
    lowest = first if math.isnan(bar.mark_low) else math.log(bar.mark_low) / width - phase
    highest = last if math.isnan(bar.mark_high) else math.log(bar.mark_high) / width - phase
    _lay_ahead(state, model, lowest, highest, close)
    for side in range(2):
        # Nothing may stand on the wrong side of the close, whatever the mark says.
        sign, extreme = (-1.0, min(lowest, close)) if side == LONG else (1.0, max(highest, close))
        share, centre = sweep(state.positions, side, sign * memory.position, sign * extreme)
        moved.shares[side], moved.centres[side] = share, centre
    moved.position = close
    _move_map(state, model, close, min(first, close), max(last, close))
    update_volatility(state.volatility, model.volatility, bar, log_low, log_high, log_close)
    moved.forecasts[0], moved.forecasts[1] = state.volatility[0].forecasts[0], state.volatility[0].forecasts[1]
