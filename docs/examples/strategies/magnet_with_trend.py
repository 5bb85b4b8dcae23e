"""The magnet, with the trend alone.

Claim: price is drawn to the larger of two clusters, and more so where it already goes that way.
Evidence: none. The magnet by itself is not proven: price reaches the larger cluster no more often than levels that match it
(docs/evidence.md). That a trend filter mends this was not tested.
Competitor: the same trend filter without a map; and the strategy's mean exposure held constant, which every run reports.
Costs: a taker fee in, maker fees at both targets or a taker fee at the stop, slippage, funding. The filter halves nothing
of that for each trade; it makes trades fewer.
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from indicators.window.mean import mean
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep


@dataclass(frozen=True)
class TrendParameters:
    """How long a trend is, and what a trade must promise."""

    trend_bars: int = parameter(96, unit="bars", low=2, high=2000, source="assumption: four days of hours")
    min_distance: float = parameter(
        0.005, unit="fraction of price", low=0.0, high=0.2, source="assumption: several times the costs"
    )
    stop_atr: float = parameter(3.0, unit="average true ranges", low=0.1, high=50.0, source="assumption")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


class MagnetWithTrend(PerpetualStrategy):
    """Follow the magnet on its side of the mean: half off half way, half at the cluster, no loss once half way."""

    parameters_kind = TrendParameters

    @staticmethod
    def history(parameters):
        return parameters.trend_bars

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        now = market.snapshot[-1]
        if position.size:
            return close() if now.magnet * position.size < 0.0 else keep()
        if not now.magnet * (now.close - mean(market.close, parameters.trend_bars)) > 0.0:
            return keep()
        cluster = now.cluster_above_price if now.magnet > 0.0 else now.cluster_below_price
        stop, middle = now.close - now.magnet * parameters.stop_atr * now.atr, (now.close + cluster) / 2
        if not now.magnet * (cluster / now.close - 1.0) >= parameters.min_distance or stop <= 0.0:
            return keep()
        targets = ((middle, 0.5), (cluster, 0.5))
        return enter(now.magnet, stop, targets=targets, break_even_at=middle, time_stop_bars=48)
