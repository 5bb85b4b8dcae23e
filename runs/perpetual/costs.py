"""What trading costs and what the account is allowed: fees, slippage, leverage, margin mode."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from indicators.liquidation.liquidation_price import leverage_allowed
from indicators.liquidation.parameter_fields import BASIS_POINT, check, parameter
from runs.venues.instruments import Instrument

MARGIN_MODES = ("isolated", "cross")
_ASSUMED_TICK = 0.1  # quote, assumption where no tick is known: that of Binance's BTCUSDT

COSTS = np.dtype(
    [
        ("taker_fee", np.float64),  # fraction of notional
        ("maker_fee", np.float64),  # negative: paid to us
        ("slippage", np.float64),  # fraction of price, against us
        ("leverage", np.float64),  # notional / initial margin
        ("isolated", np.float64),  # 1 isolated, 0 cross
        ("liquidation_fee", np.float64),  # fraction of notional
        ("at_bankruptcy", np.float64),  # 1: the insurance fund keeps what a liquidation leaves of the collateral
        ("price_tick", np.float64),  # quote; 0: prices are not rounded
        ("through_tick", np.float64),  # quote; the price tick, or one assumed where none is known
        ("limit_through_ticks", np.float64),  # that the price must trade beyond a resting limit
        ("max_volume_share", np.float64),  # of the bar's volume that an order may take; 0: no limit
        ("impact", np.float64),  # slippage in ranges of the bar, of an order of all its volume
        ("contract_step", np.float64),  # base coin
        ("smallest_notional", np.float64),  # quote; what opens less is refused
    ]
)
"""`CostParameters` on an instrument, as compiled code reads them."""


@dataclass(frozen=True)
class CostParameters:
    """The account and its costs; what is None is the instrument's own."""

    starting_cash: float = parameter(100_000.0, unit="quote", low=1e-6, high=1e15, source="assumption: a round figure")
    taker_fee_bps: float | None = parameter(
        None, unit="basis points of notional", low=0.0, high=1000.0, source="the venue's, by date"
    )
    maker_fee_bps: float | None = parameter(
        None,
        unit="basis points of notional; negative: paid to us",
        low=-100.0,
        high=1000.0,
        source="the venue's, by date",
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
    liquidation_fee_rate: float | None = parameter(
        None, unit="fraction of notional", low=0.0, high=0.1, source="the venue's, by date"
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

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        if not self.leverage > 0.0:
            raise ValueError(f"leverage = {self.leverage:g} must be at least 1: notional over initial margin")
        check(self)
        if self.margin_mode not in MARGIN_MODES:
            raise ValueError(f"margin_mode = {self.margin_mode!r} is none of {MARGIN_MODES}")

    def records(self, instruments: Sequence[Instrument]) -> Any:
        """Return (d,) of `COSTS`: one an instrument."""
        return np.array(
            [
                (
                    _own(self.taker_fee_bps, item.taker_fee_bps) * BASIS_POINT,
                    _own(self.maker_fee_bps, item.maker_fee_bps) * BASIS_POINT,
                    self.slippage_bps * BASIS_POINT,
                    self.leverage,
                    float(self.margin_mode == "isolated"),
                    _own(self.liquidation_fee_rate, item.liquidation_fee_rate),
                    float(item.liquidated_at == "bankruptcy price"),
                    item.price_tick,
                    item.price_tick or _ASSUMED_TICK,
                    self.limit_through_ticks,
                    self.max_volume_share,
                    self.impact,
                    item.contract_step,
                    item.smallest_notional,
                )
                for item in instruments
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


def _own(changed: float | None, venues: float) -> float:
    return venues if changed is None else changed


def stacked_tiers(instruments: Sequence[Instrument]) -> np.ndarray:
    """Return (d, n, 4) the brackets of each instrument; shorter tables repeat their last row with a floor out of reach."""
    longest = max(len(item.tiers) for item in instruments)
    tables = [
        np.concatenate([item.tiers, np.repeat(item.tiers[-1:], longest - len(item.tiers), 0)]) for item in instruments
    ]
    for table, item in zip(tables, instruments, strict=True):
        table[len(item.tiers) :, 0] = math.inf
    return np.ascontiguousarray(tables)


def check_leverage(costs: CostParameters, instruments: Sequence[Instrument]) -> None:
    """Raise ValueError for a leverage that no bracket of any day allows: the account could never open anything."""
    most = max(instruments, key=lambda item: float(item.tiers[0, 3]))
    if not leverage_allowed(costs.leverage, 0.0, most.tiers):
        raise ValueError(
            f"leverage = {costs.leverage:g} is more than {most.venue} allows for {most.symbol}: {most.tiers[0, 3]:.6g} at the "
            "most, in its lowest bracket; lower it with --set costs.leverage"
        )
