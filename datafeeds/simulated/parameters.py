"""The constants of the simulated market, each with its unit and its source."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

REPORTS = ("full", "largest_per_second", "latest_per_second", "largest_per_bar")

STEPS = 60
"""Moves within a bar, from which its high and low come (assumption: a minute of an hour)."""


def _within(default: Any, low: float, high: float) -> Any:
    """Declare a field with its closed domain; unit and source stand in the class's docstring."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class SimulationParameters:
    """The simulated market's constants, for hourly bitcoin of 2021-2025. Without another source they are *assumptions*.

    Attributes
    ----------
    first_price
        Quote per base at the first bar's open.
    base_open_interest
        Base coin to which open interest reverts.
    hourly_volatility
        Median standard deviation of hourly log returns (fraction).
    volatility_half_lives
        Hours, of the components of log volatility; three of them stand in for the slow decay of |r|'s autocorrelation (Cont 2001).
    volatility_spreads
        Standard deviations of these components (log), chosen for the autocorrelation of |r| at 1, 24 and 168 hours.
    seasonality
        Amplitude of log volatility over the day, highest at 14:30 UTC, half an hour into the US session.
    weekend
        Log volatility is lower by this on Saturdays and Sundays, UTC.
    jumps_per_year
        Poisson rate.
    jump_mean, jump_size
        Mean and standard deviation of a jump's log size; the mean gives the negative skew.
    premium_spread, premium_half_life
        Standard deviation (log) and half-life (hours) of the perpetual's lasting premium over the index, which makes funding.
    premium_mean
        Log premium. Assumption: the perpetual lies a few basis points below spot in the mean.
    bounce
        Standard deviation of the short-lived premium in hourly volatilities; reverts within the hour, and so gives returns
        their slightly negative autocorrelation at one lag.
    leverages
        Notional over collateral, ascending.
    leverage_weights
        The true mixture of opened size over `leverages`; sums to one. Near the account-level evidence: Hyperliquid, 2025-12-15.
    cross_share
        Share of accounts on cross margin: a wallet stands behind them, so that their effective leverage spreads.
    cross_spread
        Standard deviation of the log of a cross account's wallet over its nominal margin.
    accounts_per_hour
        Accounts that open on each side in an hour. Each is a group of traders: more of them is finer, and slower.
    size_spread
        Standard deviation of an account's log size around the mean of its leverage.
    retail
        Mean account size falls as leverage to this power. At 1 two thirds of the accounts use 20x or more and hold a sixth of the
        size; source: Binance 2019, 60 % of trades at 20x or more, institutions with 81 % of volume mostly below.
    long_leverage, long_size
        Factors on the leverage and on the number-weighted size spread of longs; 1 is symmetric.
    turnover
        Share of base open interest that opens in a median hour.
    activity_spread, activity_half_life
        Standard deviation (log) and half-life (hours) of bursts of opening: they are why open interest carries information.
    activity_elasticity
        Power of volatility in the rates of opening and closing.
    patience
        Holding time falls as leverage to this power. Peers set it by hand, to fall twenty-fold from 10x to 100x.
    loss_close_ratio
        Rate at which traders in loss close, over that of traders in profit. Source: min66633, 0.67 (t = -3.5).
    partial_close_share
        Share of closes that close half, once an account.
    top_up
        Hourly hazard that a trader adds half of the margin at opening, once, while over half the distance is used up.
    takeover
        Share of forced size that stays open in other hands; the rest ends positions of the opposite side.
    tilt
        How strongly traders lean towards the side that the makers hold: relative difference of opening per share of open interest.
    maker_half_life
        Hours in which makers' inventory is taken off them by closing traders.
    impact
        Y of the square-root law for forced orders. Source: Donier & Bonart 2015, order one.
    cascade_feedback
        Multiplies `impact`; exactly 0: forced orders move nothing.
    impact_half_life
        Hours in which the memory of forced flow halves; its push, a square root, takes twice as long.
    arbitrage
        Share of the push that spot follows at once, and with it the index.
    magnet_strength
        Hourly standard deviations of drift an hour toward the heavier true cluster within 5 %, at full imbalance; exactly 0: none.
    magnet_half_life
        Hours in which half of what the magnet has moved is lost again to the efficient price.
    post_wipe_reversion
        Share of the adverse move of a bar with a wipe that the price gives back afterwards; exactly 0: none.
    wipe_share
        Share of open interest whose liquidation in an hour is a wipe. Source: as the model's own threshold.
    reversion_half_life
        Hours in which half of it is given back.
    hourly_volume
        Median hourly volume over open interest.
    volume_spread
        Standard deviation of log volume around its dependence on the range.
    report
        What reaches the columns: "full"; one print a second, the largest or the latest (Binance's documents name both); or the
        largest of a bar and side.
    burn_in_hours
        Hours simulated before the first bar, in which the population settles.

    Raises
    ------
    ValueError
        For a value outside its domain, or a mixture that is none.
    """

    first_price: float = _within(60_000.0, 1e-6, 1e9)
    base_open_interest: float = _within(60_000.0, 1e-6, 1e15)
    hourly_volatility: float = _within(0.0038, 0.0, 0.2)
    volatility_half_lives: tuple[float, ...] = _within((5.0, 96.0, 600.0), 0.1, 1e6)
    volatility_spreads: tuple[float, ...] = _within((0.42, 0.30, 0.53), 0.0, 3.0)
    seasonality: float = _within(0.15, 0.0, 2.0)
    weekend: float = _within(0.35, 0.0, 3.0)
    jumps_per_year: float = _within(60.0, 0.0, 8760.0)
    jump_mean: float = _within(-0.008, -0.5, 0.5)
    jump_size: float = _within(0.02, 0.0, 0.5)
    premium_spread: float = _within(0.0004, 0.0, 0.1)
    premium_half_life: float = _within(24.0, 0.01, 1e6)
    premium_mean: float = _within(-0.00037, -0.1, 0.1)
    bounce: float = _within(0.13, 0.0, 2.0)
    leverages: tuple[float, ...] = _within((2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0), 1.0, 150.0)
    leverage_weights: tuple[float, ...] = _within((0.18, 0.18, 0.22, 0.20, 0.11, 0.04, 0.04, 0.03), 0.0, 1.0)
    cross_share: float = _within(0.5, 0.0, 1.0)
    cross_spread: float = _within(0.1, 0.0, 2.0)
    accounts_per_hour: float = _within(30.0, 0.01, 10_000.0)
    size_spread: float = _within(1.2, 0.0, 3.0)
    retail: float = _within(1.0, 0.0, 2.0)
    long_leverage: float = _within(1.0, 0.2, 5.0)
    long_size: float = _within(1.0, 0.0, 2.0)
    turnover: float = _within(0.01, 1e-6, 1.0)
    activity_spread: float = _within(0.5, 0.0, 3.0)
    activity_half_life: float = _within(4.0, 0.01, 1e6)
    activity_elasticity: float = _within(0.5, 0.0, 2.0)
    patience: float = _within(1.0, 0.0, 3.0)
    loss_close_ratio: float = _within(0.67, 0.01, 100.0)
    partial_close_share: float = _within(0.2, 0.0, 1.0)
    top_up: float = _within(0.03, 0.0, 100.0)
    takeover: float = _within(0.5, 0.0, 1.0)
    tilt: float = _within(4.0, 0.0, 100.0)
    maker_half_life: float = _within(24.0, 0.1, 1e6)
    impact: float = _within(1.0, 0.0, 100.0)
    cascade_feedback: float = _within(1.0, 0.0, 100.0)
    impact_half_life: float = _within(0.2, 0.001, 1e6)
    arbitrage: float = _within(0.5, 0.0, 1.0)
    magnet_strength: float = _within(0.0, 0.0, 10.0)
    magnet_half_life: float = _within(168.0, 0.01, 1e6)
    post_wipe_reversion: float = _within(0.0, 0.0, 5.0)
    wipe_share: float = _within(0.003, 0.0, 1.0)
    reversion_half_life: float = _within(6.0, 0.01, 1e6)
    hourly_volume: float = _within(0.25, 0.0, 100.0)
    volume_spread: float = _within(0.35, 0.0, 3.0)
    report: str = "full"
    burn_in_hours: float = _within(600.0, 0.0, 10_000.0)

    def __post_init__(self) -> None:
        """Refuse what is no market."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            for number in () if field.name == "report" else value if isinstance(value, tuple) else (value,):
                if not field.metadata["low"] <= number <= field.metadata["high"]:
                    low, high = field.metadata["low"], field.metadata["high"]
                    raise ValueError(f"{field.name} = {value} is outside [{low:g}, {high:g}]")
        if self.report not in REPORTS:
            raise ValueError(f"report = {self.report!r} is none of {', '.join(REPORTS)}")
        _check_mixture(self)


def _check_mixture(p: SimulationParameters) -> None:
    if len(p.leverages) != len(p.leverage_weights) or not p.leverages:
        raise ValueError(f"{len(p.leverages)} leverages need as many leverage_weights, not {len(p.leverage_weights)}")
    if list(p.leverages) != sorted(set(p.leverages)):
        raise ValueError(f"leverages {p.leverages} must ascend")
    if not math.isclose(sum(p.leverage_weights), 1.0, abs_tol=1e-6):
        raise ValueError(f"leverage_weights sum to {sum(p.leverage_weights):g} and must sum to 1")
    if len(p.volatility_half_lives) != len(p.volatility_spreads):
        raise ValueError("volatility_half_lives and volatility_spreads must be of one length")
