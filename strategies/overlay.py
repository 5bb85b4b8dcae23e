"""The overlay: hold the asset, and hold less of it while a downward cascade is likely or under way.

It would pay if the risk forecast moves beyond volatility, which is not proven; always holding less does better (README).
"""

import math
from dataclasses import dataclass

from indicators.liquidation.cascade_phase import CASCADING, TRIGGERED
from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.model import SECONDS_PER_HOUR
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, target_exposure
from strategies.market import MarketView
from strategies.sizing import leverage_limit


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
    raise_after_hours: float = parameter(
        0.0, unit="hours for which the risk must have allowed more before more is held; 0: at once", low=0.0, high=8760.0,
        source="off, as first specified; cuts are made at once",
    )  # fmt: skip
    band: float = parameter(
        0.0, unit="fraction of equity in notional that is left alone; 0: the sizing's rebalance_band", low=0.0, high=10.0,
        source="off, as first specified",
    )  # fmt: skip
    base_volatility: float = parameter(
        0.0, unit="forecast standard deviation over a year above which all exposures shrink in proportion; 0 is none",
        low=0.0, high=10.0,
        source="off, as first specified; where it is on, nothing is held before there is a forecast, after 61 to 91 days",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@dataclass(frozen=True)
class OverlayState:
    """The exposure that the risk was last held to allow, and the last close at which it allowed no more (seconds, UTC)."""

    exposure: float = math.inf
    since: float = -math.inf


@compiled_rule
def _allowed(snapshot: Record, parameters: Record) -> float:
    exposure = parameters.calm_exposure
    if snapshot.cascade_risk_down >= 1.0:
        exposure = min(exposure, parameters.moderate_exposure)
    if snapshot.cascade_risk_down >= 2.0:
        exposure = min(exposure, parameters.high_exposure)
    if (snapshot.phase == TRIGGERED or snapshot.phase == CASCADING) and snapshot.phase_direction < 0.0:
        exposure = min(exposure, parameters.cascade_exposure)
    return exposure


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record, state: Record) -> Intent:
    """Hold the exposure that the downside risk allows.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close; not looked at.
    parameters
        Record of `OverlayParameters`.
    state
        Record of `OverlayState`, carried on.
    """
    snapshot = market.snapshot[-1]
    allowed = _allowed(snapshot, parameters)
    if allowed <= state.exposure or market.time - state.since >= parameters.raise_after_hours * SECONDS_PER_HOUR:
        state.exposure, state.since = allowed, market.time
    share = leverage_limit(1.0, parameters.base_volatility, snapshot.volatility_24h)
    return target_exposure(share * state.exposure, parameters.band if parameters.band > 0.0 else math.nan)


class Overlay(PerpetualStrategy):
    """Hold the asset and cut exposure by downside cascade risk.

    Buy and sell logic: rebalance to the exposure of the current risk when it is off by more than a band; raise it only after
    the risk has allowed that for a while. Order execution type: market at the next open.
    """

    parameters_kind = OverlayParameters
    state_kind = OverlayState
    decide = staticmethod(decide)
