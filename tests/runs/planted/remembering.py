"""Rules that remember: numbers of each kind, written at every bar, decide what is done."""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule, plain
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep, target_exposure
from tests.runs.planted.hindsight import digest


@dataclass(frozen=True)
class RememberingParameters:
    seed: float = parameter(1.0, unit="number", source="planted")
    window: int = parameter(3, unit="bars", low=1, high=50, source="planted")


@dataclass(frozen=True)
class Remembered:
    asked: int = 0
    armed: bool = False
    mixed: float = 0.5


@compiled_rule
def decide(market, position, parameters, state):
    """Answer by a number that every bar before has had a part in."""
    state.asked += 1
    state.mixed = (
        0.9 * state.mixed + digest(market, parameters.window) + 0.01 * parameters.seed + 0.1 * position.size
    ) % 1.0
    state.armed = state.mixed > 0.4 if state.asked % 3 == 0 else not state.armed
    side = 1.0 if state.armed else -1.0
    if state.asked % 7 == 0:
        return close()
    if state.mixed < 0.2:
        price = market.close[-1]
        return enter(side, price * (1.0 - 0.01 * side), price * (1.0 + 0.01 * side), 0.0)
    return target_exposure(side * state.mixed) if state.mixed > 0.8 else keep()


class Remembering(PerpetualStrategy):
    parameters_kind, state_kind = RememberingParameters, Remembered
    decide = staticmethod(decide)

    @staticmethod
    def history(parameters):
        return parameters.window


class PlainRemembering(Remembering):
    """The same, in plain Python."""

    decide = staticmethod(plain(decide))


@dataclass(frozen=True)
class Count:
    bars: int = 0


@compiled_rule
def _count(market, position, parameters, state):
    state.bars += 1
    return keep() if state.bars % 2 else target_exposure(0.001 * state.bars)


class Counting(PerpetualStrategy):
    """Holds more with every other bar at which it was asked."""

    parameters_kind, state_kind = RememberingParameters, Count
    decide = staticmethod(_count)


class PlainCounting(Counting):
    decide = staticmethod(plain(_count))


@compiled_rule
def _fails(market, position, parameters, state):
    state.asked += 1
    if state.asked == 30:
        return target_exposure(market.close[-9])  # beyond
    return keep()


class Failing(Remembering):
    decide = staticmethod(_fails)
