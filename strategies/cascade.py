"""The cascade: go with a triggered one while risk is high, stand aside until it is washed out, then take the other side."""

import math
from dataclasses import dataclass

from indicators.liquidation.cascade_phase import CASCADING, RECOVERING, TRIGGERED
from indicators.liquidation.compiled import Record, compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from indicators.window.rank import rank
from strategies.base import PerpetualStrategy
from strategies.intent import Intent, close, enter, keep
from strategies.market import MarketView

WITH, AGAINST = 1.0, 2.0
"""Tags of the two kinds of position."""


@dataclass(frozen=True)
class CascadeParameters:
    """When to go with a cascade and when to fade it."""

    min_risk: float = parameter(
        2.0, unit="0 low, 1 moderate, 2 high", low=0.0, high=2.0, source="assumption: only while risk is high"
    )
    stop_atr: float = parameter(
        3.0, unit="average true ranges", low=0.1, high=100.0, source="assumption: outside one bar's noise"
    )
    with_limit_hours: float = parameter(
        24.0, unit="hours", low=0.1, high=8760.0, source="assumption: cascades run for hours, not days (Osler 2005)"
    )
    min_open_interest_drop: float = parameter(
        0.20,
        unit="fraction of open interest",
        low=0.0,
        high=1.0,
        source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap",
    )
    deep_funding: float = parameter(
        0.0002, unit="rate per settlement, against the crowd", low=0.0, high=0.05,
        source="about the first percentile of Bybit ETH funding, -.021 %, 2021 to 2025",
    )  # fmt: skip
    against_stop_atr: float = parameter(
        5.0,
        unit="average true ranges",
        low=0.1,
        high=100.0,
        source="assumption: ranges are still wide after a wash-out",
    )
    against_target_atr: float = parameter(
        7.5, unit="average true ranges", low=0.1, high=100.0, source="assumption: one and a half times the stop"
    )
    against_limit_hours: float = parameter(72.0, unit="hours", low=0.1, high=8760.0, source="assumption")
    trade_with: bool = parameter(True, unit="whether to go with a cascade", source="both, as first specified")
    trade_against: bool = parameter(True, unit="whether to fade one", source="both, as first specified")
    quantile_bars: int = parameter(
        0, unit="bars of its own history in which risk and funding must rank high; 0: min_risk and deep_funding hold",
        low=0, high=100_000, source="off, as first specified",
    )  # fmt: skip
    risk_quantile: float = parameter(
        0.9, unit="fraction of these bars with a lower branching ratio that way", low=0.0, high=1.0, source="assumption"
    )
    funding_quantile: float = parameter(
        0.95, unit="fraction of these bars with funding less against the crowd", low=0.0, high=1.0, source="assumption"
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@compiled_rule
def _exit(snapshot: Record, position: Record, parameters: Record) -> bool:
    direction = math.copysign(1.0, position.size)
    if position.tag == AGAINST:
        return position.hours_held >= parameters.against_limit_hours
    running = (snapshot.phase == TRIGGERED or snapshot.phase == CASCADING) and snapshot.phase_direction == direction
    return not running or position.hours_held >= parameters.with_limit_hours


@compiled_rule
def _risk_is_high(market: MarketView, direction: float, parameters: Record) -> bool:
    if parameters.quantile_bars > 0:
        if direction < 0.0:
            share = rank(market.snapshot.branching_ratio_down, parameters.quantile_bars)
        else:
            share = rank(market.snapshot.branching_ratio_up, parameters.quantile_bars)
        return share >= parameters.risk_quantile
    snapshot = market.snapshot[-1]
    return (snapshot.cascade_risk_down if direction < 0.0 else snapshot.cascade_risk_up) >= parameters.min_risk


@compiled_rule
def _funding_is_deep(market: MarketView, direction: float, parameters: Record) -> bool:
    if parameters.quantile_bars > 0:
        share = rank(market.snapshot.funding_rate, parameters.quantile_bars, direction)
        return share >= parameters.funding_quantile
    return direction * market.snapshot[-1].funding_rate >= parameters.deep_funding


@compiled_rule
def decide(market: MarketView, position: Record, parameters: Record) -> Intent:
    """Trade the phases of a cascade.

    Parameters
    ----------
    market
        `MarketView` at this bar's close.
    position
        `POSITION` at this bar's close.
    parameters
        Record of `CascadeParameters`.
    """
    snapshot = market.snapshot[-1]
    if position.size != 0.0:
        return close() if _exit(snapshot, position, parameters) else keep()
    direction = snapshot.phase_direction
    if snapshot.phase == TRIGGERED or snapshot.phase == CASCADING:
        stop = snapshot.close - direction * parameters.stop_atr * snapshot.atr
        if parameters.trade_with and stop > 0.0 and _risk_is_high(market, direction, parameters):
            return enter(direction, stop, math.nan, WITH)
        return keep()
    # Washed out means stand aside; recovering says that open interest has steadied.
    fallen = snapshot.phase == RECOVERING and snapshot.open_interest_drop >= parameters.min_open_interest_drop
    if parameters.trade_against and fallen and _funding_is_deep(market, direction, parameters):
        stop = snapshot.close + direction * parameters.against_stop_atr * snapshot.atr
        target = snapshot.close - direction * parameters.against_target_atr * snapshot.atr
        if stop > 0.0 and target > 0.0:
            return enter(-direction, stop, target, AGAINST)
    return keep()


class Cascade(PerpetualStrategy):
    """Trade with a triggered cascade, then against a washed-out one.

    Sell logic: longs' first cluster has fallen and the next ones are stacked close; also after a short squeeze is washed
    out, with funding deeply positive. Buy logic: mirrored. Exit: the phase ends, the stop, the target (contrarian only),
    or time. Order execution type: market at the next open.
    """

    parameters_kind = CascadeParameters
    history = staticmethod(lambda parameters: max(parameters.quantile_bars, 1))
    decide = staticmethod(decide)
