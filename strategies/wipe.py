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
    min_strength: float = parameter(
        0.0, unit="size of the level over the volume of 24 hours", low=0.0, high=100.0, source="off, as first specified"
    )
    first_retest_only: bool = parameter(
        False,
        unit="true: not the level again that was the last to be retested on its side",
        source="off, as first specified",
    )
    hard_stop: float = parameter(
        0.0, unit="fraction of price beyond the level: a stop rests there, and invalidation is by close; 0: it rests at the "
        "invalidation", low=0.0, high=0.9, source="off, as first specified",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)
        if 0.0 < self.hard_stop <= self.invalidation:
            raise ValueError(f"hard_stop = {self.hard_stop:g} must be above invalidation = {self.invalidation:g}, or 0")


@dataclass(frozen=True)
class WipeState:
    """Which level on each side was the last to be retested: the bar that made it."""

    support_bar: float = -1.0
    resistance_bar: float = -1.0


@compiled_rule
def _touched(
    snapshot: Record, level: float, level_bar: float, direction: float, bar: float, parameters: Record
) -> bool:
    if math.isnan(level) or bar - level_bar < parameters.min_age_bars:
        return False
    extreme = snapshot.low if direction > 0.0 else snapshot.high
    return direction * (extreme - level) <= parameters.retest_tolerance * level


@compiled_rule
def _holds(snapshot: Record, level: float, size_usd: float, direction: float, parameters: Record) -> bool:
    strong = size_usd >= parameters.min_strength * snapshot.volume_24h * snapshot.close
    return strong and direction * (snapshot.close - level) > 0.0


@compiled_rule
def _invalid_at(level: float, direction: float, parameters: Record) -> float:
    return level * (1.0 - direction * parameters.invalidation)


@compiled_rule
def _enter(snapshot: Record, level: float, direction: float, parameters: Record) -> Intent:
    invalid = _invalid_at(level, direction, parameters)
    stop = level * (1.0 - direction * parameters.hard_stop) if parameters.hard_stop > 0.0 else invalid
    target = snapshot.close + parameters.reward_risk_ratio * (snapshot.close - invalid)
    return enter(direction, stop, target, level) if target > 0.0 else keep()


@compiled_rule
def _leave(snapshot: Record, position: Record, parameters: Record) -> Intent:
    if position.hours_held >= parameters.time_limit_hours:
        return close()
    if parameters.hard_stop > 0.0:
        direction = math.copysign(1.0, position.size)
        if direction * (snapshot.close - _invalid_at(position.tag, direction, parameters)) < 0.0:
            return close()
    return keep()


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record, state: Record) -> Intent:
    """Trade the retest of a post-wipe level.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close; its tag is the level that was entered at.
    parameters
        Record of `WipeParameters`.
    state
        Record of `WipeState`, carried on.
    """
    snapshot = market.snapshot[-1]
    if position.size != 0.0 and not parameters.first_retest_only:
        return _leave(snapshot, position, parameters)
    support, resistance = snapshot.support_price, snapshot.resistance_price
    bought = _touched(snapshot, support, snapshot.support_bar, 1.0, position.bar, parameters)
    sold = _touched(snapshot, resistance, snapshot.resistance_bar, -1.0, position.bar, parameters)
    if parameters.first_retest_only:
        known = snapshot.support_bar == state.support_bar, snapshot.resistance_bar == state.resistance_bar
        if bought:
            state.support_bar = snapshot.support_bar
        if sold:
            state.resistance_bar = snapshot.resistance_bar
        bought, sold = bought and not known[0], sold and not known[1]
        if position.size != 0.0:
            return _leave(snapshot, position, parameters)
    bought = bought and _holds(snapshot, support, snapshot.support_size_usd, 1.0, parameters)
    sold = sold and _holds(snapshot, resistance, snapshot.resistance_size_usd, -1.0, parameters)
    if bought == sold:
        return keep()  # neither, or both at once: no snapshot
    if bought:
        return _enter(snapshot, support, 1.0, parameters)
    return _enter(snapshot, resistance, -1.0, parameters)


class Wipe(PerpetualStrategy):
    """Trade the retest of post-wipe support and resistance.

    Buy logic: price comes back within `retest_tolerance` of a standing support at least `min_age_bars` old and closes above it.
    Sell logic: mirrored at resistance. Exit: the level breaks (stop), the target, or time. Order execution type: market at
    the next open.
    """

    parameters_kind = WipeParameters
    state_kind = WipeState
    decide = staticmethod(decide)
