"""Buy a wash-out of longs, beside its competitor that knows no map: a fall of the same rarity.

Claim: once the map's longs are wiped out, forced selling is over and price comes back.
Evidence: not proven. Levels after wipes do not hold beyond chance (docs/evidence.md); the entry itself was not tested.
Competitor: `Crash`, in this file: the same orders after the bars that fell furthest, as rare by construction. What `WashOut` earns
beyond it is the map's. Run both on the same data.
Costs: a maker fee at entry and target, a taker fee and slippage at stop and time, funding. The limit misses each bounce
that does not come back: `entries_expired` in metrics.json counts them.
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import enter, keep


@dataclass(frozen=True)
class RarityParameters:
    """How rare the event is, and how far stop and target lie."""

    bars: int = parameter(240, unit="bars", low=10, high=5000, source="assumption: ten days of hours")
    larger: int = parameter(3, unit="bars of these that may be larger", low=0, high=1000, source="assumption")
    stop_atr: float = parameter(3.0, unit="average true ranges", low=0.1, high=50.0, source="assumption")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@compiled_rule
def _size(market, bar, by_map):
    return market.snapshot[bar].model_liquidated_long if by_map else 1.0 - market.low[bar] / market.open[bar]


@compiled_rule
def _buy(market, position, parameters, by_map):
    larger, present, now = 0, _size(market, -1, by_map), market.snapshot[-1]
    for bar in range(len(market.close)):
        larger += _size(market, bar, by_map) > present
    price, reach = now.close - 0.5 * now.atr, parameters.stop_atr * now.atr
    if position.size or larger > parameters.larger or not present > 0.0 or not 0.0 < reach < price:
        return keep()
    return enter(1.0, price - reach, price + reach, limit=price, post_only=True, good_for_bars=6, time_stop_bars=24)


class WashOut(PerpetualStrategy):
    """Buy half a range lower, as maker, after one of the largest liquidations of longs in the window."""

    parameters_kind, history = RarityParameters, staticmethod(lambda parameters: parameters.bars)
    decide = staticmethod(compiled_rule(lambda market, position, parameters: _buy(market, position, parameters, True)))


class Crash(PerpetualStrategy):
    """The same after one of the deepest falls."""

    parameters_kind, history = RarityParameters, staticmethod(lambda parameters: parameters.bars)
    decide = staticmethod(compiled_rule(lambda market, position, parameters: _buy(market, position, parameters, False)))
