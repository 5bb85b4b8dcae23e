"""Hold the coin, less of it while its volatility is high.

Claim: volatility can be forecast and does not pay for itself, so that less is held when holding is dearest.
Evidence: the forecast is measured (docs/volatility.md). That holding by it earns more for its risk than holding the same on
average is not proven here.
Competitor: the mean exposure held constant, which every run reports.
Costs: a taker fee and slippage on each change; the band keeps changes few. Funding on all that is held, for as long.
"""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import keep, target_exposure


@dataclass(frozen=True)
class HoldParameters:
    """How much equity may move, and how much is held at the most."""

    yearly_volatility: float = parameter(
        0.4, unit="standard deviation of equity over a year", low=0.01, high=5.0, source="assumption"
    )
    most: float = parameter(1.0, unit="notional / equity", low=0.0, high=10.0, source="assumption: no borrowed money")
    band: float = parameter(
        0.1, unit="notional / equity", low=0.0, high=2.0, source="assumption: fees of smaller changes"
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


class VolatilityTarget(PerpetualStrategy):
    """Hold what the forecast of the next day lets move by the target; nothing before there is a forecast (61 to 91 days)."""

    parameters_kind = HoldParameters

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        forecast = market.snapshot[-1].volatility_24h * math.sqrt(365.0)
        if not forecast > 0.0:
            return keep()
        return target_exposure(min(parameters.yearly_volatility / forecast, parameters.most), parameters.band)
