"""A grid around the level that a wipe of longs has left: more below it, less above, nothing once it is broken.

Claim: price swings around such a level, so that each step down is bought cheaper than it is sold.
Evidence: not proven. Levels after wipes do not hold beyond chance (docs/evidence.md); this rule was not tested.
Competitor: the same grid around the mean of a day; and the mean exposure held constant, which every run reports.
Costs: a taker fee and slippage a step, so a step must be several times both; and all steps are lost together when the level
breaks, which is when the market is thinnest. Grids earn little often, and lose much seldom.
"""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, keep, target_exposure


@dataclass(frozen=True)
class GridParameters:
    """How wide and how large the steps are."""

    step: float = parameter(0.01, unit="fraction of the level", low=0.001, high=0.2, source="assumption")
    steps: int = parameter(4, unit="steps on each side", low=1, high=50, source="assumption")
    exposure: float = parameter(1.0, unit="notional / equity at the lowest", low=0.0, high=10.0, source="assumption")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


@dataclass(frozen=True)
class Grid:
    """The level that the grid stands around, quote per base; 0: there is none."""

    level: float = 0.0


class GridAroundLevel(PerpetualStrategy):
    """Hold half the exposure at the level, and trade once price has gone a step; a stop lies under the lowest."""

    parameters_kind, state_kind = GridParameters, Grid

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters, state):
        now, reach = market.snapshot[-1], parameters.steps * parameters.step
        if state.level == 0.0 and now.support_price > 0.0:
            state.level = now.support_price
        away = now.close / state.level - 1.0 if state.level > 0.0 else math.inf
        if abs(away) >= reach + parameters.step:
            state.level = 0.0
            return close() if position.size else keep()
        share = min(max(0.5 - away / (2.0 * reach), 0.0), 1.0)
        band, stop = parameters.exposure / (2.0 * parameters.steps), state.level * (1.0 - reach - parameters.step)
        return target_exposure(share * parameters.exposure, band, stop)
