"""A compiled rule that says whatever a rule can say, in any order, out of a hash of bar, past and memory."""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule, plain
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import add, close, enter, keep, reduce, reverse, target_exposure
from tests.runs.planted.hindsight import digest


@dataclass(frozen=True)
class EveryIntentParameters:
    seed: float = parameter(1.0, unit="number", source="planted")
    reach: float = parameter(0.01, unit="fraction of price", source="planted")
    window: int = parameter(1, unit="bars", low=1, high=1000, source="planted")


@dataclass(frozen=True)
class Remembered:
    asked: int = 0
    mixed: float = 0.0


@compiled_rule
def _drawn(bar, seed, number):
    return math.sin(bar * 12.9898 + seed * 78.233 + number * 37.719) * 43758.5453 % 1.0


@compiled_rule
def decide(market, position, parameters, state):
    """Answer by a hash of bar and seed; prices lie near and far, and on the wrong side."""
    state.asked += 1
    state.mixed = (0.5 * state.mixed + digest(market, parameters.window) + 0.1 * abs(position.size)) % 1.0
    snapshot = market.snapshot[-1]
    bar, seed = position.bar, parameters.seed
    what, unit = (_drawn(bar, seed, 0.0) + state.mixed) % 1.0, parameters.reach * snapshot.close
    side = 1.0 if _drawn(bar, seed, 1.0) < 0.5 else -1.0
    if position.size != 0.0 and what < 0.15:
        side = -math.copysign(1.0, position.size)
    limit, trigger, stop, armed = math.nan, math.nan, math.nan, math.nan
    if _drawn(bar, seed, 2.0) < 0.5:
        limit = snapshot.close - side * unit * (_drawn(bar, seed, 3.0) - 0.2)
    if _drawn(bar, seed, 4.0) < 0.3:
        trigger = snapshot.close + side * unit * (_drawn(bar, seed, 5.0) - 0.2)
    near = snapshot.close if math.isnan(limit) else limit
    if _drawn(bar, seed, 6.0) < 0.7:
        stop = near - side * unit * (2.0 * _drawn(bar, seed, 7.0) - 0.1)
    if _drawn(bar, seed, 8.0) < 0.4:
        armed = near + side * unit * _drawn(bar, seed, 9.0)
    trail = unit * (0.2 + _drawn(bar, seed, 10.0)) if _drawn(bar, seed, 11.0) < 0.4 else 0.0
    first, share = near + side * unit * _drawn(bar, seed, 12.0), _drawn(bar, seed, 13.0)
    bars, only = math.floor(_drawn(bar, seed, 14.0) * 6.0), _drawn(bar, seed, 15.0) < 0.4
    hold = math.floor(_drawn(bar, seed, 16.0) * 30.0)
    if what < 0.15 and position.size != 0.0:
        return reverse(
            stop=stop, targets=((first, 0.5), (near + side * 2.0 * unit, 0.5)), limit=limit, good_for_bars=bars, trail=trail,
            break_even_at=armed, time_stop_bars=hold, tag=what,
        )  # fmt: skip
    if what < 0.4 and position.size == 0.0:
        return enter(
            side, stop=stop, targets=((first, share), (near + side * unit, 0.3), (near + side * 2.0 * unit, 0.4)), limit=limit,
            trigger=trigger, good_for_bars=bars, post_only=only, trail=trail, break_even_at=armed, time_stop_bars=hold,
        )  # fmt: skip
    if what < 0.5:
        return enter(side, stop=stop, target=first, tag=1.0 + what)
    if what < 0.6:
        return reduce(share)
    if what < 0.7:
        return add(share)
    if what < 0.75:
        return target_exposure(4.0 * side * share, band=0.1 * share, stop=snapshot.close - side * unit * (1.0 + share))
    if what < 0.78:
        return target_exposure(side * share, stop=stop)
    return close() if what < 0.82 else keep()


class EveryIntent(PerpetualStrategy):
    parameters_kind, state_kind = EveryIntentParameters, Remembered
    decide = staticmethod(decide)

    @staticmethod
    def history(parameters):
        return parameters.window


class PlainEveryIntent(EveryIntent):
    """The same, in plain Python."""

    decide = staticmethod(plain(decide))
