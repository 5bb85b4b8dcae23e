"""What becomes of a rule's answer: how the position is shown to it, and how much its intent trades.

Pure and compiled: the event engine (`strategies.base`) and the compiled evaluation (`runs.engines.compiled`) call the same.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from strategies.intent import ADD, ENTER, EXIT, REDUCE
from strategies.sizing import (
    SizingParameters,
    entry_size,
    leverage_limit,
    rebalance_size,
    unrounded_entry,
    whole_steps,
)
from strategies.trading import DAY, NEW_DAY

POSITION_MEMORY = np.dtype(
    [
        ("entry_bar", np.float64),  # first bar at whose close the position was held
        ("held", np.float64),  # side of the position at the last close: 1, -1, or 0 for none
        ("tag", np.float64),  # of the last entry sent
        ("hours_per_bar", np.float64),
        *DAY.descr,
    ]
)
"""What a strategy remembers from one close to the next."""

_LIMITS = ("risk_fraction", "max_leverage", "rebalance_band", "volatility_target")
SIZING = np.dtype([(name, np.float64) for name in (*_LIMITS, "contract_step", "margin_limit")])
"""`SizingParameters`, the contract step and what margin admits (notional / equity), as compiled code reads them."""


def new_position_memory(hours_per_bar: float) -> np.ndarray:
    """Return the memory (1,) of `POSITION_MEMORY` of a strategy that has held nothing yet; `hours_per_bar` > 0."""
    return np.array([(0.0, 0.0, 0.0, hours_per_bar, *NEW_DAY)], dtype=POSITION_MEMORY)


def sizing_record(sizing: SizingParameters, contract_step: float, margin_limit: float) -> np.ndarray:
    """Return (1,) of `SIZING`; `contract_step` in base coin, `margin_limit` the most notional / equity that margin admits."""
    return np.array([(*(getattr(sizing, name) for name in _LIMITS), contract_step, margin_limit)], dtype=SIZING)


@allocation_free
def update_position(
    position: np.ndarray, position_memory: np.ndarray, bar: int, size: float, entry_price: float, equity: float
) -> None:
    """Write the position as the rule sees it at a close.

    Parameters
    ----------
    position
        (1,) of `POSITION`, written.
    position_memory
        (1,) of `POSITION_MEMORY`, carried on. Hours count from the first close at which something was held on this side.
    bar
        Index of the bar.
    size, entry_price
        Signed base coin and average price; the price of a flat position is not looked at.
    equity
        Quote.
    """
    record, memory = position[0], position_memory[0]
    record.bar, record.size, record.equity = bar, size, equity
    if size == 0.0:
        record.entry_price, record.hours_held, record.tag = math.nan, 0.0, 0.0
        memory.held = 0.0
        return
    if memory.held * size <= 0.0:
        memory.entry_bar, memory.held = bar, math.copysign(1.0, size)
    record.entry_price, record.tag = entry_price, memory.tag
    record.hours_held = (bar - memory.entry_bar) * memory.hours_per_bar


@allocation_free
def _leverage(limits: Record, volatility_24h: float) -> float:
    return min(leverage_limit(limits.max_leverage, limits.volatility_target, volatility_24h), limits.margin_limit)


@allocation_free
def traded_size(
    action: float, direction: float, stop: float, exposure: float, close: float, volatility_24h: float, size: float,
    equity: float, sizing: np.ndarray, band: float = math.nan, share: float = 1.0,
) -> float:  # fmt: skip
    """Return the signed size (base coin) that an intent trades; 0 for none.

    Parameters
    ----------
    action, direction, stop, exposure, band
        Of an `Intent`; a reversal is an entry from flat.
    close, volatility_24h, size, equity
        Price at which it is to trade, forecast volatility, signed position and equity at this close.
    sizing
        (1,) of `SIZING`.
    share
        Of the leverage limit: below 1 where `equity` is a fixed amount that the account no longer has.
    """
    limits = sizing[0]
    leverage = share * _leverage(limits, volatility_24h)
    if action == ENTER:
        if size != 0.0:
            return 0.0
        return entry_size(direction, close, stop, equity, limits.risk_fraction, leverage, limits.contract_step)
    if action == EXIT or (action == REDUCE and exposure >= 1.0):
        return -size
    if action == REDUCE:
        return -whole_steps(max(exposure, 0.0) * size, limits.contract_step)
    if action == ADD:
        room = max(leverage * equity / close - abs(size), 0.0)
        return math.copysign(whole_steps(min(max(exposure, 0.0) * abs(size), room), limits.contract_step), size)
    within = limits.rebalance_band if math.isnan(band) else band
    return rebalance_size(exposure, size, close, equity, leverage, within, limits.contract_step)


@allocation_free
def is_below_step(
    action: float, direction: float, stop: float, exposure: float, close: float, volatility_24h: float, size: float,
    equity: float, sizing: np.ndarray, traded: float, band: float = math.nan, share: float = 1.0,
) -> bool:  # fmt: skip
    """Whether an intent was to open a position and trades nothing because its size is below one contract step.

    Parameters
    ----------
    action, direction, stop, exposure, close, volatility_24h, size, equity, sizing, band, share
        As of `traded_size`.
    traded
        What it returned.
    """
    if traded != 0.0 or size != 0.0 or action == EXIT or not equity > 0.0:
        return False
    limits = sizing[0]
    leverage = share * _leverage(limits, volatility_24h)
    if action == ENTER:
        return unrounded_entry(direction, close, stop, equity, limits.risk_fraction, leverage) != 0.0
    if action in (REDUCE, ADD):
        return False
    return min(abs(exposure), leverage) > (limits.rebalance_band if math.isnan(band) else band)
