"""The magnet: enter towards the dominating cluster, leave at it, at the stop, when time is up or when the signal flips."""

import math
from dataclasses import dataclass

from indicators.liquidation.cascade_phase import CASCADING, TRIGGERED, WASHED_OUT
from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, close, enter, keep
from strategies.market import MarketView


@dataclass(frozen=True)
class MagnetParameters:
    """When the magnet is worth following, and how long."""

    min_distance: float = parameter(
        0.005, unit="fraction of price", low=0.0, high=1.0,
        source="assumption: a nearer target does not pay two taker fees and slippage (12-18 bp) several times over",
    )  # fmt: skip
    max_distance: float = parameter(
        0.05,
        unit="fraction of price",
        low=0.0,
        high=1.0,
        source="assumption: about two days' standard deviation of BTC",
    )
    stop_atr: float = parameter(
        3.0, unit="average true ranges", low=0.1, high=100.0, source="assumption: outside one bar's noise"
    )
    time_limit_hours: float = parameter(48.0, unit="hours", low=0.1, high=8760.0, source="assumption")
    high_risk_stop_factor: float = parameter(
        1.5, unit="times", low=1.0, high=10.0,
        source="assumption: wider stops before a cascade; the size shrinks with them",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)
        if self.min_distance >= self.max_distance:
            raise ValueError(f"min_distance = {self.min_distance:g} must be below max_distance = {self.max_distance:g}")


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record) -> Intent:
    """Follow the dominating cluster.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close.
    parameters
        Record of `MagnetParameters`.
    """
    snapshot = market.snapshot[-1]
    if position.size != 0.0:
        direction = math.copysign(1.0, position.size)
        flipped = snapshot.magnet == -direction
        return close() if flipped or position.hours_held >= parameters.time_limit_hours else keep()
    if math.isnan(snapshot.magnet) or snapshot.magnet == 0.0:
        return keep()
    direction = snapshot.magnet
    target = snapshot.cluster_above_price if direction > 0.0 else snapshot.cluster_below_price
    distance = direction * (target / snapshot.close - 1.0)
    if not parameters.min_distance <= distance <= parameters.max_distance:
        return keep()
    falling = snapshot.phase == TRIGGERED or snapshot.phase == CASCADING or snapshot.phase == WASHED_OUT
    if falling and snapshot.phase_direction == -direction:
        return keep()  # no entries against a cascade until open interest steadies
    ranges = parameters.stop_atr
    risk = snapshot.cascade_risk_down if direction > 0.0 else snapshot.cascade_risk_up
    if risk >= 2.0:
        ranges *= parameters.high_risk_stop_factor
    stop = snapshot.close - direction * ranges * snapshot.atr
    return enter(direction, stop, target, 0.0) if stop > 0.0 else keep()


class Magnet(PerpetualStrategy):
    """Trade towards the larger of the two nearest liquidation clusters.

    Buy logic: the nearest cluster above is more than `magnet_ratio` times the one below, between `min_distance` and
    `max_distance` away, and no downward cascade runs. Sell logic: mirrored. Exit: at the cluster (limit), at the stop, after
    `time_limit_hours`, or when the signal points the other way. Order execution type: market at the next open.
    """

    parameters_kind = MagnetParameters
    decide = staticmethod(decide)
