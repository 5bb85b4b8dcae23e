"""How large a position may be: by the risk to its stop, capped by leverage, in whole contract steps."""

import math
from dataclasses import dataclass

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.parameter_fields import check, parameter

_DAYS_PER_YEAR, _SECONDS_PER_DAY = 365.0, 86_400.0  # crypto trades every day


@dataclass(frozen=True)
class SizingParameters:
    """Risk and leverage limits, the same for every strategy."""

    risk_fraction: float = parameter(
        0.01, unit="fraction of equity lost at the stop, before costs", low=0.0, high=1.0,
        source="assumption: one percent a trade, the customary ceiling",
    )  # fmt: skip
    max_leverage: float = parameter(
        3.0, unit="notional / equity", low=0.01, high=100.0,
        source="assumption: a third of it still survives a 20 % move against the position",
    )  # fmt: skip
    rebalance_band: float = parameter(
        0.05, unit="fraction of equity in notional", low=0.0, high=10.0,
        source="assumption: smaller changes cost more in fees than they mend",
    )  # fmt: skip
    volatility_target: float = parameter(
        0.0, unit="standard deviation of equity over a year, fraction; 0 is no limit", low=0.0, high=10.0,
        source="assumption: off; where it is on, nothing is opened before there is a forecast, after 61 to 91 days of bars",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)


def check_volatility_target(sizing: SizingParameters, bar_seconds: float) -> None:
    """Raise ValueError for a volatility target on bars for which no volatility is forecast: nothing could ever be opened."""
    if sizing.volatility_target > 0.0 and bar_seconds > _SECONDS_PER_DAY:
        raise ValueError(
            f"volatility_target = {sizing.volatility_target:g} needs a forecast over 24 hours, and bars of "
            f"{bar_seconds / _SECONDS_PER_DAY:g} days have none; set it to 0, or take bars of a day at the most"
        )


@allocation_free
def leverage_limit(max_leverage: float, volatility_target: float, volatility_24h: float) -> float:
    """Return how much notional / equity is allowed.

    Parameters
    ----------
    max_leverage, volatility_target
        Of `SizingParameters`.
    volatility_24h
        Forecast standard deviation of the log return over 24 hours; NaN where none is known.

    Returns
    -------
    float
        ``min(max_leverage, volatility_target / (volatility_24h sqrt(365)))`` where a target is set: nothing without a forecast.
        Else `max_leverage`.
    """
    if volatility_target == 0.0:
        return max_leverage
    if math.isnan(volatility_24h):
        return 0.0
    return min(max_leverage, volatility_target / (volatility_24h * math.sqrt(_DAYS_PER_YEAR)))


@allocation_free
def whole_steps(size: float, contract_step: float) -> float:
    """Round a size (base coin, signed) towards zero to whole contract steps.

    Notes
    -----
    The tolerance of 1e-9 steps keeps 0.3 / 0.1 = 2.9999999999999996 from losing a contract.

    Examples
    --------
    >>> round(whole_steps(0.3, 0.1), 12), whole_steps(-0.00149, 0.001)
    (0.3, -0.001)
    """
    steps = math.floor(abs(size) / contract_step + 1e-9)
    return math.copysign(steps * contract_step, size)


@allocation_free
def unrounded_entry(
    direction: float, close: float, stop: float, equity: float, risk_fraction: float, max_leverage: float
) -> float:
    """Return `entry_size` before it is rounded to whole steps."""
    if not equity > 0.0:
        return 0.0
    size = max_leverage * equity / close
    if not math.isnan(stop) and close != stop:
        size = min(size, risk_fraction * equity / abs(close - stop))
    return direction * size


@allocation_free
def entry_size(
    direction: float, close: float, stop: float, equity: float, risk_fraction: float, max_leverage: float,
    contract_step: float,
) -> float:  # fmt: skip
    """Return the size to enter with.

    Parameters
    ----------
    direction
        +1 long, -1 short.
    close, stop
        Quote per base; without a stop (NaN) only leverage limits.
    equity
        Quote; nothing is opened at or below zero.
    risk_fraction, max_leverage
        Of `SizingParameters`.
    contract_step
        Smallest tradable size, base coin.

    Returns
    -------
    float
        Signed base coin: ``min(risk_fraction equity / |close - stop|, max_leverage equity / close)`` in whole steps.
    """
    return whole_steps(unrounded_entry(direction, close, stop, equity, risk_fraction, max_leverage), contract_step)


@allocation_free
def rebalance_size(
    exposure: float, size: float, close: float, equity: float, max_leverage: float, rebalance_band: float,
    contract_step: float,
) -> float:  # fmt: skip
    """Return the signed size to trade so that the notional is `exposure` times equity; 0 within the band."""
    if not equity > 0.0:
        return 0.0
    wanted = whole_steps(min(max(exposure, -max_leverage), max_leverage) * equity / close, contract_step)
    change = wanted - size
    if abs(change) * close <= rebalance_band * equity and wanted != 0.0:
        return 0.0
    return whole_steps(change, contract_step)
