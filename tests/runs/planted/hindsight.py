"""Rules that look back: over all that a market shows, at bars drawn out of what they find there."""

from dataclasses import dataclass

from indicators.liquidation.bar import BAR
from indicators.liquidation.compiled import compiled_rule, plain
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep, target_exposure


@dataclass(frozen=True)
class HindsightParameters:
    seed: float = parameter(1.0, unit="number", source="planted")
    window: int = parameter(5, unit="bars", low=1, high=300, source="planted")


@compiled_rule
def known(value):
    return value if value == value else 0.37


@compiled_rule
def digest(market, ago):
    """Return a number in [0, 1) of all that is shown of one bar, and of now."""
    then = market.snapshot[-ago]
    sizes = known(market.volume[-ago]) + known(market.taker_buy_volume[-ago]) + known(market.open_interest[-ago])
    forced = known(market.liquidated_long[-ago]) + known(market.liquidated_short[-ago])
    rates = known(market.funding_rate[-ago]) + known(market.long_short_ratio[-ago])
    prices = market.open[-ago] + 2.0 * market.high[-ago] + 3.0 * market.low[-ago] + 5.0 * market.close[-ago]
    now = market.hour + 24.0 * market.weekday + market.hours_to_funding
    read = known(then.atr) + known(then.volatility) + known(market.snapshot.branching_ratio_up[-ago])
    age = (market.time - market.open_time[-ago]) / 3600.0
    return (prices + sizes + 7.0 * forced + 1e5 * rates + 11.0 * now + 13.0 * read + 17.0 * age) * 0.6180339887 % 1.0


@compiled_rule
def decide(market, position, parameters):
    """Answer by what was `ago` bars back, and by the oldest bar that is shown."""
    first = digest(market, len(market.close))
    ago = 1 + int(first * parameters.window)
    drawn = (digest(market, ago) + 0.77 * parameters.seed + first) % 1.0
    side = 1.0 if drawn * 16.0 % 2.0 < 1.0 else -1.0
    price, away = market.close[-1], 0.01 * market.close[-1]
    if drawn < 0.2:
        return enter(side, price - side * away, price + side * away, 1.0 + drawn)
    if drawn < 0.3:
        return close()
    return target_exposure(side * drawn) if drawn < 0.4 else keep()


class Hindsight(PerpetualStrategy):
    parameters_kind = HindsightParameters
    decide = staticmethod(decide)

    @staticmethod
    def history(parameters):
        return parameters.window


class PlainHindsight(Hindsight):
    """The same, in plain Python."""

    decide = staticmethod(plain(decide))


@compiled_rule
def _too_far(market, position, parameters):
    if position.bar < 40.0:
        return keep()
    return enter(1.0, market.close[-parameters.window - 1], 1e9, 0.0)  # one bar too far


class TooFar(Hindsight):
    decide = staticmethod(_too_far)


class PlainTooFar(Hindsight):
    decide = staticmethod(plain(_too_far))


class BehindTheView(Hindsight):
    """Leaks: a view of numpy's knows the array that it is a part of."""

    @staticmethod
    def decide(market, position, parameters):
        closes = market.close.base.view(BAR)["close"]
        bar = int(position.bar)
        rises = bar + 1 < len(closes) and closes[bar + 1] > market.close[-1]
        return target_exposure(1.0 if rises else 0.0)


class OldSignature(PerpetualStrategy):
    parameters_kind = HindsightParameters

    @staticmethod
    def decide(snapshot, position, parameters):
        return keep()
