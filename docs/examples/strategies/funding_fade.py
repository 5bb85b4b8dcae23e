"""Buy what the crowd pays to be short of: only if funding was negative for a day.

Claim: where shorts have paid at every settlement of a day, they are too many, and price comes back against them.
Evidence: not proven. No claim of docs/evidence.md speaks of funding, and this rule was not tested on real data.
Competitor: the strategy's mean exposure held constant, with the funding that it receives (every run reports it). The rule is
long alone, so it also earns what the market rises by.
Costs: two taker fees and slippage a trade. Funding is received for as long as it stays negative.
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep


@dataclass(frozen=True)
class FundingParameters:
    """How long funding must have been negative, and where the trade has failed."""

    bars: int = parameter(24, unit="bars", low=1, high=2000, source="the sentence: a day of hours")
    trail_atr: float = parameter(4.0, unit="average true ranges", low=0.1, high=50.0, source="assumption")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


class FundingFade(PerpetualStrategy):
    """Buy if every settlement of the last bars was negative; out at a positive one, or at a stop that trails."""

    parameters_kind = FundingParameters

    @staticmethod
    def history(parameters):
        return parameters.bars

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        if position.size:
            return close() if market.funding_rate[-1] > 0.0 else keep()
        negative = 0
        for rate in market.funding_rate:  # NaN where none was settled
            if rate >= 0.0:
                return keep()
            negative += rate < 0.0
        distance = parameters.trail_atr * market.snapshot[-1].atr
        if negative == 0 or not 0.0 < distance < market.close[-1]:
            return keep()
        return enter(1.0, stop=market.close[-1] - distance, trail=distance)
