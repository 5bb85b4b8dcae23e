"""Put the stop beyond the next cluster, beside the competitor that puts it by range alone.

Claim: clusters are where price is drawn to and turns, so that a stop behind one is met less often.
Evidence: none for it. Price reaches the larger cluster no more often than levels that match it, and levels do not hold after
wipes (docs/evidence.md). No claim measures stops; a further stop is met less often wherever it lies.
Competitor: `StopByRange`, in this file: the same entries, the stop at a fixed number of average ranges.
Costs: the risk of a trade is the same, so a further stop makes a smaller position, whose target earns less. Two taker fees
and slippage a trade, a maker fee at the target.
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from indicators.window.rsi import rsi
from strategies.base import PerpetualStrategy
from strategies.intent import enter, keep


@dataclass(frozen=True)
class StopParameters:
    """The entry, and how far the stop lies."""

    oversold: float = parameter(35.0, unit="RSI of 14 bars", low=0.0, high=100.0, source="assumption")
    stop_atr: float = parameter(3.0, unit="average true ranges", low=0.1, high=50.0, source="assumption")
    beyond: float = parameter(0.002, unit="fraction of price", low=0.0, high=0.1, source="assumption: its far edge")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@compiled_rule
def _buy(market, position, parameters, behind_cluster):
    now = market.snapshot[-1]
    reach = parameters.stop_atr * now.atr
    stop, cluster = now.close - reach, now.cluster_below_price * (1.0 - parameters.beyond)
    if behind_cluster and cluster < stop:  # never nearer than by range: else it would be another strategy
        stop = cluster
    if position.size or not rsi(market.close, 14) < parameters.oversold or not 0.0 < stop < now.close:
        return keep()
    return enter(1.0, stop=stop, target=now.close + reach, time_stop_bars=48)


class StopBeyondCluster(PerpetualStrategy):
    """Buy what is oversold; the stop lies behind the next cluster below, if that is further than by range."""

    parameters_kind, history = StopParameters, 113  # what RSI began with has faded
    decide = staticmethod(compiled_rule(lambda market, position, parameters: _buy(market, position, parameters, True)))


class StopByRange(PerpetualStrategy):
    """The same entries; the stop lies by range."""

    parameters_kind, history = StopParameters, 113
    decide = staticmethod(compiled_rule(lambda market, position, parameters: _buy(market, position, parameters, False)))
