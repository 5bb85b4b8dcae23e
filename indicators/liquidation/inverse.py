"""Liquidation prices of inverse (coin-margined) contracts: Q quote units of contract, collateral and profit in coin.

Equity in coin is ``Q / (E L) + s Q (1/E - 1/P)``. Sources: Bybit help 360039261334, MCS help 360041008371, BitMEX guide.
"""

import math

from indicators.liquidation.compiled import allocation_free


@allocation_free
def inverse_mark_value_price(entry_price: float, leverage: float, side: float, maintenance_margin_rate: float) -> float:
    """Return the liquidation price with maintenance margin on the mark value, ``m Q / P``.

    Returns
    -------
    float
        Quote per base: ``E (1 + s m) / (1 + s / L)``; infinity for a short at 1x or less, which nothing liquidates.
    """
    if side < 0.0 and leverage <= 1.0:
        return math.inf
    return entry_price * (1.0 + side * maintenance_margin_rate) / (1.0 + side / leverage)


@allocation_free
def inverse_entry_value_price(
    entry_price: float, leverage: float, side: float, maintenance_margin_rate: float
) -> float:
    """Return the liquidation price with maintenance margin on the entry value, ``m Q / E`` (old BitMEX and Bybit).

    Returns
    -------
    float
        Quote per base: ``E / (1 + s (1/L - m))``; infinity where a short's denominator is not positive.
    """
    below = 1.0 + side * (1.0 / leverage - maintenance_margin_rate)
    return entry_price / below if below > 0.0 else math.inf


@allocation_free
def inverse_bankruptcy_price(entry_price: float, leverage: float, side: float) -> float:
    """Return the price at which the margin is gone: ``E L / (L + s)``; infinity for a short at 1x or less."""
    if side < 0.0 and leverage <= 1.0:
        return math.inf
    return entry_price * leverage / (leverage + side)


@allocation_free
def inverse_profit(contracts: float, entry_price: float, exit_price: float) -> float:
    """Return the profit in coin of `contracts` (signed, quote units): ``Q (1/E - 1/P)``."""
    return contracts * (1.0 / entry_price - 1.0 / exit_price)


@allocation_free
def inverse_cross_bankruptcy_price(contracts: float, entry_price: float, balance: float, fee_rate: float) -> float:
    """Return the bankruptcy price of a long inverse position backed by a whole coin balance (Bybit, cross).

    Parameters
    ----------
    contracts
        Quote units, > 0.
    balance
        Coin behind the position after the opening fee.
    fee_rate
        Taker fee of the close, fraction of value.

    Notes
    -----
    Loss plus the closing fee uses up the balance: ``Q (1/P - 1/E) + f Q / P = B`` gives
    ``P = (1 + f) Q / (B + Q / E)``. Source: Bybit help 360039261334.
    """
    return (1.0 + fee_rate) * contracts / (balance + contracts / entry_price)


@allocation_free
def inverse_cross_liquidation_price(
    contracts: float, entry_price: float, balance: float, maintenance_margin_rate: float, fee_rate: float
) -> float:
    """Return the liquidation price of a long inverse position backed by a whole coin balance (Bybit, cross).

    Notes
    -----
    What is left at the liquidation pays the maintenance margin on entry value and the fee of a close at the bankruptcy
    price: ``P = Q / (B + Q/E - m Q/E - f Q / P_bankruptcy)``. Source: Bybit help 360039261334.
    """
    value = contracts / entry_price
    closing_fee = fee_rate * contracts / inverse_cross_bankruptcy_price(contracts, entry_price, balance, fee_rate)
    return contracts / (balance + value - maintenance_margin_rate * value - closing_fee)
