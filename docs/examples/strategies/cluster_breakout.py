"""Breakout through a cluster: buy once price has gone through it, and let forced buying carry the trade.

Claim: whoever is closed in a cluster trades the way price goes, so that it goes on.
Evidence: not proven. Cascade risk forecasts no large moves beyond volatility (docs/evidence.md); this rule was not tested.
Competitor: the same orders at the highest high and lowest low of a day (`indicators.window.extremes`), which need no map.
Costs: taker fees and slippage on both sides, since stop orders trade when the market runs: the dearest kind of entry. A stop
that trails by less than a bar's range is met in most bars.
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import enter, keep


@dataclass(frozen=True)
class BreakoutParameters:
    """Where a cluster counts as passed, and what the trade risks."""

    beyond: float = parameter(0.002, unit="fraction of price", low=0.0, high=0.1, source="assumption: its far edge")
    largest_distance: float = parameter(0.02, unit="fraction of price", low=0.0, high=0.5, source="assumption")
    trail_atr: float = parameter(3.0, unit="average true ranges", low=0.1, high=50.0, source="assumption")
    good_for_bars: int = parameter(6, unit="bars", low=1, high=1000, source="assumption: the map moves on")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


class ClusterBreakout(PerpetualStrategy):
    """Wait beyond the nearer cluster with a stop order; a trailing stop takes the trade out."""

    parameters_kind = BreakoutParameters

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        now = market.snapshot[-1]
        up, down = now.cluster_above_price / now.close - 1.0, 1.0 - now.cluster_below_price / now.close
        side = 1.0 if not up > down else -1.0
        cluster, distance = (now.cluster_above_price, up) if side > 0.0 else (now.cluster_below_price, down)
        if position.size or not distance <= parameters.largest_distance:
            return keep()
        trigger, trail = cluster * (1.0 + side * parameters.beyond), parameters.trail_atr * now.atr
        if not 0.0 < trail < trigger:
            return keep()
        return enter(
            side, trigger=trigger, stop=trigger - side * trail, trail=trail, good_for_bars=parameters.good_for_bars
        )
