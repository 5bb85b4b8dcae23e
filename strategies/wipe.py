"""After a wipe: buy the retest of the level where longs were wiped, sell the retest of the one where shorts were."""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, close, enter, keep
from strategies.market import MarketView


@dataclass(frozen=True)
class WipeParameters:
    """What counts as a retest, and where it has failed."""

    retest_tolerance: float = parameter(
        0.005, unit="fraction of price above the level", low=0.0, high=0.2, source="assumption: levels are zones"
    )
    min_age_bars: float = parameter(
        6.0, unit="bars since the wipe", low=1.0, high=10000.0, source="assumption: sooner is the wipe itself"
    )
    invalidation: float = parameter(
        0.01, unit="fraction of price beyond the level", low=0.0001, high=0.5,
        source="assumption: as far as the tolerance at which the level itself counts as broken",
    )  # fmt: skip
    reward_risk_ratio: float = parameter(2.0, unit="times the risk", low=0.1, high=100.0, source="assumption")
    time_limit_hours: float = parameter(72.0, unit="hours", low=0.1, high=8760.0, source="assumption")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@compiled_rule
def _retest(snapshot: Record, level: float, level_bar: float, direction: float, bar: float, parameters: Record) -> bool:
    if math.isnan(level) or bar - level_bar < parameters.min_age_bars:
        return False
    extreme = snapshot.low if direction > 0.0 else snapshot.high
    touched = direction * (extreme - level) <= parameters.retest_tolerance * level
    return touched and direction * (snapshot.close - level) > 0.0


@compiled_rule
def _enter(snapshot: Record, level: float, direction: float, parameters: Record) -> Intent:
    stop = level * (1.0 - direction * parameters.invalidation)
    target = snapshot.close + parameters.reward_risk_ratio * (snapshot.close - stop)
    return enter(direction, stop, target, 0.0) if target > 0.0 else keep()


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record) -> Intent:
    """Trade the retest of a post-wipe level.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close.
    parameters
        Record of `WipeParameters`.
    """
    snapshot = market.snapshot[-1]
    if position.size != 0.0:
        return close() if position.hours_held >= parameters.time_limit_hours else keep()
    bought = _retest(snapshot, snapshot.support_price, snapshot.support_bar, 1.0, position.bar, parameters)
    sold = _retest(snapshot, snapshot.resistance_price, snapshot.resistance_bar, -1.0, position.bar, parameters)
    if bought == sold:
        return keep()  # neither, or both at once: no snapshot
    if bought:
        return _enter(snapshot, snapshot.support_price, 1.0, parameters)
    return _enter(snapshot, snapshot.resistance_price, -1.0, parameters)


class Wipe(PerpetualStrategy):
    """Trade the retest of post-wipe support and resistance.

    Buy logic: price comes back within `retest_tolerance` of a standing support at least `min_age_bars` old and closes above it.
    Sell logic: mirrored at resistance. Exit: the level breaks (stop), the target, or time. Order execution type: market at
    the next open.
    """

    parameters_kind = WipeParameters
    decide = staticmethod(decide)
