"""Compiled rules that no sensible strategy would follow: every kind of intent, in any order, out of a hash of the bar."""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep, target_exposure


@dataclass(frozen=True)
class RestlessParameters:
    seed: float = parameter(1.0, unit="number", source="planted")
    reach: float = parameter(0.01, unit="fraction of price", source="planted")


@compiled_rule
def decide(market, position, parameters):
    """Answer by a hash of bar, tag and seed; brackets stay behind when rebalancing changes what they protect."""
    snapshot = market.snapshot[-1]
    drawn = (math.sin(position.bar * 12.9898 + parameters.seed * 78.233 + position.tag) * 43758.5453) % 1.0
    side = 1.0 if drawn * 16.0 % 2.0 < 1.0 else -1.0
    away = parameters.reach * snapshot.close * (0.2 + drawn * 8.0 % 1.0)
    stop = snapshot.close - side * away if drawn * 32.0 % 4.0 > 1.0 else math.nan
    target = snapshot.close + side * away if drawn * 64.0 % 4.0 > 1.0 else math.nan
    if drawn < 0.3:
        return enter(side, stop, target, 1.0 + drawn)
    if drawn < 0.4:
        return close()
    if drawn < 0.5:
        return target_exposure(side * drawn * 4.0)
    return target_exposure(0.0) if drawn < 0.55 else keep()


class Restless(PerpetualStrategy):
    parameters_kind = RestlessParameters
    decide = staticmethod(decide)


@dataclass(frozen=True)
class PlainParameters:
    exposure: float = parameter(0.5, unit="notional / equity", source="planted")


class Plain(PerpetualStrategy):
    """A rule in plain Python."""

    parameters_kind = PlainParameters

    @staticmethod
    def decide(market, position, parameters):
        return target_exposure(parameters.exposure if market.close[-1] > market.low[-1] else 0.0)


class Meddling(Restless):
    """A compiled rule that is not carried out in the usual way."""

    def next(self):
        if len(self) % 2:
            super().next()
