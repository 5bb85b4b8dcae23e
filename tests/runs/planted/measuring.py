"""A rule that decides by every measure of its window."""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule, plain
from indicators.liquidation.parameter_fields import parameter
from indicators.window.atr import atr
from indicators.window.extremes import highest, lowest
from indicators.window.mean import mean
from indicators.window.rank import rank
from indicators.window.rsi import rsi
from indicators.window.z_score import z_score
from strategies.base import PerpetualStrategy
from strategies.intent import enter, keep, target_exposure


@dataclass(frozen=True)
class MeasuringParameters:
    window: int = parameter(10, unit="bars", low=2, high=50, source="planted")


@compiled_rule
def decide(market, position, parameters):
    window, close = parameters.window, market.close[-1]
    extent = highest(market.high, window) - lowest(market.low, window)
    noise = atr(market.high, market.low, market.close, window)
    if z_score(market.close, window) > 1.0 and rank(market.volume, window) > 0.5:
        return enter(1.0, close - 2.0 * noise, close + extent, 0.0)
    if rsi(market.snapshot.close, window) < 40.0:
        return target_exposure(-0.5 if close < mean(market.open, window) else 0.0)
    return keep()


class Measuring(PerpetualStrategy):
    parameters_kind = MeasuringParameters
    decide = staticmethod(decide)
    history = lambda parameters: parameters.window + 1  # noqa: E731 - as the README has it


class PlainMeasuring(Measuring):
    decide = staticmethod(plain(decide))


class TooMany(Measuring):
    history = 5
