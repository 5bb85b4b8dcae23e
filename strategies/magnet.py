"""The magnet: enter towards the dominating cluster, leave at it, at the stop, when time is up or when the signal flips.

It enters at the market as it was first specified. As options it waits for a price as maker, leaves at the cluster's near edge, and
enters only where the move that it may expect is worth its costs.
"""

import math
from dataclasses import dataclass

from indicators.liquidation.cascade_phase import CASCADING, TRIGGERED, WASHED_OUT
from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.parameter_fields import BASIS_POINT, check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, close, enter, keep
from strategies.market import USUAL_INTERVAL, MarketView


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
    limit_atr: float = parameter(
        0.0, unit="average true ranges by which a post-only limit betters the close; 0: enter at the market", low=0.0, high=100.0,
        source="off, as first specified; what is left of the edge is near a maker's fee",
    )  # fmt: skip
    limit_bars: int = parameter(3, unit="bars that the limit waits", low=1, high=1000, source="assumption")
    near_edge: bool = parameter(
        False, unit="true: the target is the cluster's near edge; false: its centre", source="off, as first specified"
    )
    touch_lift: float = parameter(
        0.0, unit="fraction by which the target is reached more often than chance has it; 0: costs are not asked",
        low=0.0, high=1.0, source="off, as first specified; .025 (.011 .. .040) was measured on seven coins",
    )  # fmt: skip
    taker_cost_bps: float = parameter(
        7.0, unit="basis points that touch_lift is held against, a fill at the market", low=0.0, high=1000.0,
        source="Binance's fee and the slippage of costs",
    )  # fmt: skip
    maker_cost_bps: float = parameter(
        2.0, unit="basis points that touch_lift is held against, a fill by limit", low=-100.0, high=1000.0,
        source="Binance's fee",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)
        if self.limit_atr >= self.stop_atr:
            raise ValueError(f"limit_atr = {self.limit_atr:g} must be below stop_atr = {self.stop_atr:g}")
        if self.min_distance >= self.max_distance:
            raise ValueError(f"min_distance = {self.min_distance:g} must be below max_distance = {self.max_distance:g}")


@compiled_rule
def _pays(snapshot: Record, direction: float, entry: float, stop: float, target: float, parameters: Record) -> bool:
    """Whether the move that may be expected is worth the costs, both as fractions of the entry price.

    Chance reaches the target before the stop with ``risk / (reward + risk)``, and earns nothing. Reached more often by
    `touch_lift` it earns ``touch_lift (reward + risk)``. Funding is the last rate over the whole time limit; what would be
    received is not counted on.
    """
    reward, risk = direction * (target / entry - 1.0), direction * (1.0 - stop / entry)
    reached = min(risk / (reward + risk) + parameters.touch_lift, 1.0)
    taker, maker = parameters.taker_cost_bps * BASIS_POINT, parameters.maker_cost_bps * BASIS_POINT
    costs = (maker if parameters.limit_atr > 0.0 else taker) + reached * maker + (1.0 - reached) * taker
    paid = direction * snapshot.funding_rate
    if paid > 0.0:
        costs += paid * parameters.time_limit_hours / USUAL_INTERVAL
    return parameters.touch_lift * (reward + risk) > costs


@compiled_rule
def _target(snapshot: Record, direction: float, near_edge: bool) -> float:
    if near_edge:
        gap = snapshot.cluster_above_gap if direction > 0.0 else snapshot.cluster_below_gap
        return snapshot.close * math.exp(direction * gap)
    return snapshot.cluster_above_price if direction > 0.0 else snapshot.cluster_below_price


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
    target = _target(snapshot, direction, parameters.near_edge)
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
    entry = snapshot.close - direction * parameters.limit_atr * snapshot.atr
    if not stop > 0.0 or (
        parameters.touch_lift > 0.0 and not _pays(snapshot, direction, entry, stop, target, parameters)
    ):
        return keep()
    if parameters.limit_atr > 0.0:
        return enter(direction, stop, target, limit=entry, good_for_bars=parameters.limit_bars, post_only=True)
    return enter(direction, stop, target, 0.0)


class Magnet(PerpetualStrategy):
    """Trade towards the larger of the two nearest liquidation clusters.

    Buy logic: the nearest cluster above is more than `magnet_ratio` times the one below, between `min_distance` and
    `max_distance` away, and no downward cascade runs. Sell logic: mirrored. Exit: at the cluster (limit), at the stop, after
    `time_limit_hours`, or when the signal points the other way. Order execution type: market at the next open, or a post-only
    limit.
    """

    parameters_kind = MagnetParameters
    decide = staticmethod(decide)
