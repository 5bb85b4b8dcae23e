"""What trading costs and what the account is allowed: fees, slippage, leverage, margin mode."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from indicators.liquidation.liquidation_price import INITIAL_OVER_MAINTENANCE, leverage_allowed
from indicators.liquidation.parameter_fields import check, parameter, unknown
from indicators.liquidation.venues import Venue, venue_names

MARGIN_MODES = ("isolated", "cross")
BASIS_POINT = 1e-4

COSTS = np.dtype(
    [
        ("taker_fee", np.float64),  # fraction of notional
        ("maker_fee", np.float64),
        ("slippage", np.float64),  # fraction of price, against us
        ("leverage", np.float64),  # notional / initial margin
        ("isolated", np.float64),  # 1 isolated, 0 cross
        ("liquidation_fee", np.float64),  # fraction of notional
        ("price_tick", np.float64),  # quote
        ("limit_through_ticks", np.float64),  # that the price must trade beyond a resting limit
        ("max_volume_share", np.float64),  # of the bar's volume that an order may take; 0: no limit
        ("impact", np.float64),  # slippage in ranges of the bar, of an order of all its volume
    ]
)
"""`CostParameters` as compiled code reads them."""


@dataclass(frozen=True)
class CostParameters:
    """The account and its costs."""

    starting_cash: float = parameter(100_000.0, unit="quote", low=1e-6, high=1e15, source="assumption: a round figure")
    taker_fee_bps: float = parameter(
        5.0, unit="basis points of notional", low=0.0, high=1000.0, source="Binance USD-M, regular user: 0.05 %"
    )
    maker_fee_bps: float = parameter(
        2.0, unit="basis points of notional", low=0.0, high=1000.0, source="Binance USD-M, regular user: 0.02 %"
    )
    slippage_bps: float = parameter(
        2.0, unit="basis points of price", low=0.0, high=1000.0,
        source="assumption: two to four half spreads of a liquid perpetual, for market and stop fills",
    )  # fmt: skip
    leverage: float = parameter(
        10.0, unit="notional / initial margin", low=1.0, high=200.0,
        source="assumption: the account's setting; how much of it is used is the sizing's matter",
    )  # fmt: skip
    margin_mode: str = parameter("cross", unit="isolated or cross", source="the default of Binance and Bybit")
    liquidation_fee_rate: float = parameter(
        0.0125, unit="fraction of notional", low=0.0, high=0.1, source="Binance exchangeInfo liquidationFee BTCUSDT"
    )
    limit_through_ticks: float = parameter(
        0.0, unit="price ticks beyond a resting limit before it is filled; 0: a touch", low=0.0, high=1e6,
        source="assumption: off; at 1 all that stood before us at the price has traded",
    )  # fmt: skip
    max_volume_share: float = parameter(
        0.0, unit="fraction of the bar's volume; 0 is no limit", low=0.0, high=1.0,
        source="assumption: off; fills above a tenth are counted and told",
    )  # fmt: skip
    impact: float = parameter(
        0.0, unit="ranges of the bar that an order of its whole volume slips, more than slippage_bps", low=0.0, high=10.0,
        source="off; 0.6 is a volatility: Tóth et al. 2011 (square root of the share), Parkinson 1980 (range over volatility)",
    )  # fmt: skip
    contract_step: float = parameter(0.001, unit="base coin", low=1e-9, high=1e9, source="Binance BTCUSDT stepSize")
    price_tick: float = parameter(0.1, unit="quote", low=1e-12, high=1e9, source="Binance BTCUSDT tickSize")
    venue: str = parameter("binance", unit="name of a venue profile", source="deepest published tier tables")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        if not self.leverage > 0.0:
            raise ValueError(f"leverage = {self.leverage:g} must be at least 1: notional over initial margin")
        check(self)
        if self.margin_mode not in MARGIN_MODES:
            raise ValueError(f"margin_mode = {self.margin_mode!r} is none of {MARGIN_MODES}")
        if self.venue not in venue_names():
            raise ValueError(unknown("venue", self.venue, venue_names()))

    def record(self) -> Any:
        """Return the `COSTS` record."""
        return np.array(
            [
                (
                    self.taker_fee_bps * BASIS_POINT,
                    self.maker_fee_bps * BASIS_POINT,
                    self.slippage_bps * BASIS_POINT,
                    self.leverage,
                    float(self.margin_mode == "isolated"),
                    self.liquidation_fee_rate,
                    self.price_tick,
                    self.limit_through_ticks,
                    self.max_volume_share,
                    self.impact,
                )
            ],
            dtype=COSTS,
        )


def margin_limit(costs: np.ndarray) -> float:
    """Return the most notional / equity that an account can open: of (d,) records of `COSTS` the least.

    Notes
    -----
    ``1 / (1 / leverage + 2 (taker_fee + slippage) (1 + slippage))``: initial margin, and what opening and closing cost, as in
    Bybit's order cost; so a position can be turned round in one order, and a fill that has slipped is not refused.
    """
    cost = 2.0 * (costs["taker_fee"] + costs["slippage"]) * (1.0 + costs["slippage"])
    return float((1.0 / (1.0 / costs["leverage"] + cost)).min())


def check_leverage(costs: CostParameters, profile: Venue) -> None:
    """Raise ValueError for a leverage that no tier of the venue allows: the account could never open anything."""
    if not leverage_allowed(costs.leverage, 0.0, profile.tiers):
        most = 1.0 / (INITIAL_OVER_MAINTENANCE * float(profile.tiers[0, 1]))
        raise ValueError(
            f"leverage = {costs.leverage:g} is more than {profile.name} allows for {profile.symbol}: {most:.6g} at the most "
            f"(half of 1 / {profile.tiers[0, 1]:g}, its lowest maintenance margin rate); lower it with --set costs.leverage"
        )
