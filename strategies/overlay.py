"""The overlay: hold the asset, and hold less of it while a downward cascade is likely or under way.

It would pay if the risk forecast moves beyond volatility, which is not proven; always holding less does better (README).
"""

from dataclasses import dataclass

from indicators.liquidation.cascade_phase import CASCADING, TRIGGERED
from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, target_exposure
from strategies.market import MarketView


@dataclass(frozen=True)
class OverlayParameters:
    """Exposure by downside cascade risk; the smallest that applies counts."""

    calm_exposure: float = parameter(
        1.0, unit="notional / equity", low=0.0, high=10.0, source="buy-and-hold, unlevered"
    )
    moderate_exposure: float = parameter(0.75, unit="notional / equity", low=0.0, high=10.0, source="assumption")
    high_exposure: float = parameter(0.5, unit="notional / equity", low=0.0, high=10.0, source="assumption")
    cascade_exposure: float = parameter(
        0.25, unit="notional / equity", low=0.0, high=10.0, source="assumption: while longs are being closed"
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record) -> Intent:
    """Hold the exposure that the downside risk allows.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close; not looked at.
    parameters
        Record of `OverlayParameters`.
    """
    snapshot = market.snapshot[-1]
    exposure = parameters.calm_exposure
    if snapshot.cascade_risk_down >= 1.0:
        exposure = min(exposure, parameters.moderate_exposure)
    if snapshot.cascade_risk_down >= 2.0:
        exposure = min(exposure, parameters.high_exposure)
    if (snapshot.phase == TRIGGERED or snapshot.phase == CASCADING) and snapshot.phase_direction < 0.0:
        exposure = min(exposure, parameters.cascade_exposure)
    return target_exposure(exposure)


class Overlay(PerpetualStrategy):
    """Hold the asset and cut exposure by downside cascade risk.

    Buy and sell logic: rebalance to the exposure of the current risk when it is off by more than `rebalance_band`.
    Order execution type: market at the next open.
    """

    parameters_kind = OverlayParameters
    decide = staticmethod(decide)
