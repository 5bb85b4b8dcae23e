"""What becomes of a rule's answer: how the position is shown to it, and how much its intent trades.

Pure and compiled: the event engine (`strategies.base`) and the compiled evaluation (`runs.engines.compiled`) call the same.
"""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from strategies.intent import ENTER, EXIT
from strategies.sizing import SizingParameters, entry_size, leverage_limit, rebalance_size

POSITION_MEMORY = np.dtype(
    [
        ("entry_bar", np.float64),  # first bar at whose close the position was held
        ("held", np.float64),  # 1 if there was a position at the last close
        ("tag", np.float64),  # of the last entry sent
        ("hours_per_bar", np.float64),
    ]
)
"""What a strategy remembers from one close to the next."""

_LIMITS = ("risk_fraction", "max_leverage", "rebalance_band", "volatility_target")
SIZING = np.dtype([(name, np.float64) for name in (*_LIMITS, "contract_step")])
"""`SizingParameters` and the contract step, as compiled code reads them."""


def new_position_memory(hours_per_bar: float) -> np.ndarray:
    """Return the memory (1,) of `POSITION_MEMORY` of a strategy that has held nothing yet; `hours_per_bar` > 0."""
    return np.array([(0.0, 0.0, 0.0, hours_per_bar)], dtype=POSITION_MEMORY)


def sizing_record(sizing: SizingParameters, contract_step: float) -> np.ndarray:
    """Return (1,) of `SIZING`; `contract_step` in base coin."""
    return np.array([(*(getattr(sizing, name) for name in _LIMITS), contract_step)], dtype=SIZING)


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
        (1,) of `POSITION_MEMORY`, carried on. Hours count from the first close at which something was held; a position that was
        turned round within a bar goes on counting.
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
    if memory.held == 0.0:
        memory.entry_bar, memory.held = bar, 1.0
    record.entry_price, record.tag = entry_price, memory.tag
    record.hours_held = (bar - memory.entry_bar) * memory.hours_per_bar


@allocation_free
def traded_size(
    action: float, direction: float, stop: float, exposure: float, close: float, volatility_24h: float, size: float,
    equity: float, sizing: np.ndarray,
) -> float:  # fmt: skip
    """Return the signed size (base coin) that an intent trades at the market; 0 for none.

    Parameters
    ----------
    action, direction, stop, exposure
        Of an `Intent`.
    close, volatility_24h, size, equity
        Price, forecast volatility, signed position and equity at this close.
    sizing
        (1,) of `SIZING`.
    """
    limits = sizing[0]
    leverage = leverage_limit(limits.max_leverage, limits.volatility_target, volatility_24h)
    if action == ENTER:
        if size != 0.0:
            return 0.0
        return entry_size(direction, close, stop, equity, limits.risk_fraction, leverage, limits.contract_step)
    if action == EXIT:
        return -size
    return rebalance_size(exposure, size, close, equity, leverage, limits.rebalance_band, limits.contract_step)
