"""Liquidation and bankruptcy prices of perpetuals.

A position of q > 0 coins, side s (+1 long, -1 short), entry price E, backed by collateral W, is liquidated where its
equity meets the maintenance margin at the mark: ``W + s q (P - E) = m q P - c``, with m and c of the tier in which the
notional q P lies. Solved for P: ``(W + c - s q E) / (q (m - s))``. Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93;
Hyperliquid's documented form is the same equation. A venue that adds the closing fee to the maintenance margin (OKX,
Phemex) is the same with m + fee.

A long that no price above zero liquidates has price 0.0; a short that none does has infinity. In all functions prices are
quote per base and > 0, `size` is base coin > 0, and `side` is +1 for a long, -1 for a short.
"""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free

INITIAL_OVER_MAINTENANCE = 2.0
"""Initial margin over maintenance margin where a bracket does not tell its largest leverage, which then is 1 / (2 m).

Source: Hyperliquid docs, margining (maintenance is half the initial margin at the largest leverage). *Assumption* elsewhere.
"""

_ROUNDING = 1e-9  # 1 / (2 m) of a rate such as 1 / 30 must still allow the 15x that it stands for


@allocation_free
def exact_price(
    entry_price: float,
    size: float,
    collateral: float,
    side: float,
    maintenance_margin_rate: float,
    maintenance_amount: float,
) -> float:
    """Return the exact liquidation price within one tier, ``(W + c - s q E) / (q (m - s))``.

    Parameters
    ----------
    entry_price, size, side
        The position.
    collateral
        Quote that stands behind it: its isolated margin, or for cross the wallet less other positions' needs.
    maintenance_margin_rate, maintenance_amount
        Tier's m (fraction, < 1) and c (quote).
    """
    price = (collateral + maintenance_amount - side * size * entry_price) / (size * (maintenance_margin_rate - side))
    return max(price, 0.0)


def liquidation_distance(leverage: float, side: float, maintenance_margin_rate: float) -> float:
    """Return how far the exact isolated liquidation price lies from the entry, as a positive fraction of it.

    Parameters
    ----------
    leverage
        Notional over margin, > 1.
    side
        The position's.
    maintenance_margin_rate
        Fraction of notional, < 1 / leverage.

    Notes
    -----
    ``1 - (1 - 1/L) / (1 - m)`` for a long, ``(1 + 1/L) / (1 + m) - 1`` for a short (lowest tier, no fees).
    """
    return abs((1.0 - side / leverage) / (1.0 - side * maintenance_margin_rate) - 1.0)


@allocation_free
def tier_index(notional: float, tiers: np.ndarray) -> int:
    """Return the row of the tier in which a notional (quote, >= 0) lies: the last whose floor does not exceed it.

    Parameters
    ----------
    tiers
        (n, 3 or more) by ascending floor: notional floor (quote), maintenance margin rate m (fraction), amount c (quote), so that
        the margin is ``m N - c``; `leverage_allowed` reads a fourth column, the largest leverage.
    """
    found = 0
    for row in range(len(tiers)):
        if tiers[row, 0] <= notional:
            found = row
    return found


@allocation_free
def maintenance_margin(notional: float, tiers: np.ndarray) -> float:
    """Return the maintenance margin ``m N - c`` of a notional N (quote, >= 0); `tiers` as in `tier_index`.

    Examples
    --------
    >>> maintenance_margin(2e5, np.array([[0.0, 0.004, 0.0, 125.0], [1e5, 0.005, 100.0, 100.0]]))
    900.0
    """
    row = tier_index(notional, tiers)
    return notional * tiers[row, 1] - tiers[row, 2]


@allocation_free
def leverage_allowed(leverage: float, notional: float, tiers: np.ndarray) -> bool:
    """Return whether a venue lets a position be opened at a leverage: no more than the largest of its notional's bracket.

    Parameters
    ----------
    leverage
        Notional over initial margin, >= 1.
    notional, tiers
        Quote, and brackets as in `tier_index`.

    Notes
    -----
    A margin that is no more than the maintenance margin would put the liquidation price on the entry's winning side: a
    bracket's largest leverage is below 1 / m.

    Examples
    --------
    >>> hyperliquid = np.array([[0.0, 0.0125, 0.0, 40.0]])
    >>> leverage_allowed(40.0, 1e5, hyperliquid), leverage_allowed(41.0, 1e5, hyperliquid)
    (True, False)
    """
    return leverage <= tiers[tier_index(notional, tiers), 3] * (1.0 + _ROUNDING)


@allocation_free
def isolated_price(entry_price: float, size: float, collateral: float, side: float, tiers: np.ndarray) -> float:
    """Return the exact liquidation price with tiers: solved in the tier in which its own notional falls.

    Parameters
    ----------
    entry_price, size, collateral, side
        As in `exact_price`.
    tiers
        As in `tier_index`, continuous at its floors, its rates not falling.

    Notes
    -----
    There is a largest notional at which equity can meet the maintenance margin: that margin lies between 0 and the last m times
    the notional, so ``N <= (q E - W) / (1 - m)`` for a long, ``N <= q E + W`` for a short. No tier above it is looked at.
    Equity less maintenance margin is monotone in the price where the table is continuous, so one tier at most is
    consistent with its own solution. Where a table has a step, the price that is met first counts (higher for a long).
    """
    found, value = math.nan, size * entry_price
    most = (value - collateral) / (1.0 - tiers[-1, 1]) if side > 0.0 else value + collateral
    for row in range(len(tiers)):
        if tiers[row, 0] > most + 1e-8 * abs(most):
            break
        price = exact_price(entry_price, size, collateral, side, tiers[row, 1], tiers[row, 2])
        ceiling = tiers[row + 1, 0] if row + 1 < len(tiers) else math.inf
        slack = 1e-9 * max(tiers[row, 0], 1.0)
        if tiers[row, 0] - slack <= size * price <= ceiling + slack and (
            math.isnan(found) or side * (price - found) > 0.0
        ):
            found = price
    if not math.isnan(found):
        return found
    return 0.0 if side > 0.0 else math.inf


@allocation_free
def bankruptcy_price(entry_price: float, size: float, collateral: float, side: float) -> float:
    """Return the price at which the collateral is gone, ``E - s W / q`` (0 at the least): where an insurance fund takes over."""
    return max(entry_price - side * collateral / size, 0.0)


def liquidation_price(
    entry_price: float,
    leverage: float,
    side: float,
    *,
    maintenance_margin_rate: float = 0.005,
    tiers: np.ndarray | None = None,
    size: float = 1.0,
    exact: bool = True,
    inverse: bool = False,
) -> float:
    """Return the liquidation price of a freshly opened isolated position.

    Parameters
    ----------
    entry_price, side
        The position's.
    leverage
        Notional over margin, >= 1.
    maintenance_margin_rate
        Fraction of notional in [0, 1), 0.005 = 0.5 %; used without `tiers`.
    tiers
        Brackets of a venue, as in `tier_index`; then `size` matters.
    size
        Base coin.
    exact
        False for the first-order form ``E (1 - s / L + s m)`` (linear, without tiers): Bybit's for USDT contracts up to 2024.
        It is nearer to the entry than the exact price by ``E m (1/L - m) / (1 -/+ m)``: at most 4 bp for BTC at 10x and above.
    inverse
        Whether the contract's margin is coin (without tiers): ``E (1 + s m) / (1 + s / L)``, since equity is
        ``Q / (E L) + s Q (1/E - 1/P)`` coins for Q quote units of contract, and the maintenance margin, on the mark value,
        ``m Q / P``. Source: MCS help 360041008371.

    Raises
    ------
    ValueError
        For a value outside its domain.

    Examples
    --------
    >>> round(liquidation_price(65000.0, 10.0, 1.0, exact=False), 6)
    58825.0
    >>> round(liquidation_price(100.0, 10.0, -1.0, maintenance_margin_rate=0.004), 4)
    109.5618
    """
    if not (entry_price > 0.0 and size > 0.0 and leverage >= 1.0 and 0.0 <= maintenance_margin_rate < 1.0):
        raise ValueError(
            f"entry_price {entry_price} and size {size} must be positive, leverage {leverage} at least 1 and "
            f"maintenance_margin_rate {maintenance_margin_rate} in [0, 1)"
        )
    if side not in (1.0, -1.0):
        raise ValueError(f"side = {side} must be 1 (long) or -1 (short)")
    if tiers is not None and (inverse or not exact):
        raise ValueError("tiers go with the exact form of a linear contract: leave out tiers, or ask for that form")
    if inverse:
        unreachable = side < 0.0 and leverage <= 1.0
        return (
            math.inf if unreachable else entry_price * (1.0 + side * maintenance_margin_rate) / (1.0 + side / leverage)
        )
    if not exact:
        return max(entry_price * (1.0 - side / leverage + side * maintenance_margin_rate), 0.0)
    table = np.array([[0.0, maintenance_margin_rate, 0.0]]) if tiers is None else np.asarray(tiers, dtype=np.float64)
    return float(isolated_price(entry_price, size, size * entry_price / leverage, side, table))
