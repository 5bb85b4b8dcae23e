"""A universe of simulated markets: one common factor, late listings, delistings after a fall, and gaps."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from datafeeds.schema import Market, market_from_frame
from datafeeds.simulated.exogenous import Exogenous, exogenous_paths
from datafeeds.simulated.lives import FEWEST_BARS, Life, lives
from datafeeds.simulated.market import burn_in_bars, simulate_with_truth
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.universe.markets import Universe, from_markets

_PRICE_SPREAD, _NOTIONAL_SPREAD, _VOLATILITY_SPREAD = (
    0.5,
    1.0,
    0.3,
)  # assumptions: log spreads of markets about the parameters
_FALL_HOURS = 720.0  # assumption: who is delisted falls for a month, or a quarter of its life


def simulate_universe(
    seed: int = 7,
    count: int = 20,
    bars: int = 8760,
    bar_seconds: int = 3600,
    start: str = "2024-01-01",
    parameters: SimulationParameters | None = None,
    correlation: float = 0.6,
    late_share: float = 0.3,
    delisted_share: float = 0.2,
    gap_share: float = 0.2,
) -> Universe:
    """Return a universe of simulated markets; the same arguments give the same bytes.

    Parameters
    ----------
    seed, bars, bar_seconds, start
        As for `simulate`; a market that lists late or ends early has fewer bars. At least 48.
    count
        Markets, 1 to 1000.
    parameters
        Constants about which the markets spread in price, size and volatility.
    correlation
        Of any two markets' efficient log returns (0 to 1): the share of one common factor in their variance. *Assumption.*
    late_share, delisted_share, gap_share
        Shares of the markets (0 to 1), rounded, that list in the first half; that end in the second half after a fall; and
        that lack up to 24 bars. The first market has none of it. *Assumptions.*

    Raises
    ------
    ValueError
        For arguments outside their domain.

    Notes
    -----
    The common factor is an efficient price of the same kind as the markets' own; market k's log price is
    ``scale_k (sqrt(1 - c) own_k + sqrt(c) common)``, and its volatility and activity follow.
    """
    shares = {
        "correlation": correlation,
        "late_share": late_share,
        "delisted_share": delisted_share,
        "gap_share": gap_share,
    }
    for name, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} = {value} must lie between 0 and 1")
    if bars < FEWEST_BARS or not 1 <= count <= 1000:
        raise ValueError(f"bars = {bars} must be at least {FEWEST_BARS} and count = {count} between 1 and 1000")
    p = parameters or SimulationParameters()
    lives_of, looks_of, factor_of, markets_of = np.random.SeedSequence(seed).spawn(4)
    planned = lives(np.random.default_rng(lives_of), count, bars, late_share, delisted_share, gap_share)
    looks = np.random.default_rng(looks_of).standard_normal((count, 3))
    seeds = markets_of.generate_state(count, np.uint64).tolist()
    begin = pd.Timestamp(start, tz="UTC")
    hours, burnt = bar_seconds / 3600.0, burn_in_bars(bar_seconds, p)
    streams = [np.random.default_rng(child) for child in factor_of.spawn(5)]
    common = exogenous_paths(streams, burnt + bars, hours, begin.timestamp() / 3600.0 - burnt * hours, p)
    markets = []
    for number, life in enumerate(planned):
        scale = math.exp(_VOLATILITY_SPREAD * looks[number, 0])
        around = partial(_surrounded, common=common, share=correlation, scale=scale, life=life, hours=hours, p=p)
        opened = begin + pd.Timedelta(seconds=life.begin * bar_seconds)
        length = life.end - life.begin
        look = _look(p, scale, *looks[number, 1:])
        made = simulate_with_truth(
            seeds[number], length, bar_seconds, f"{opened:%Y-%m-%dT%H:%M:%S}", look, around
        ).market
        markets.append(_with_gap(made, f"simulated-{seed}-{number:03d}", life))
    return from_markets(markets)


def _look(p: SimulationParameters, scale: float, price: float, notional: float) -> SimulationParameters:
    """Return a market's own constants from normal deviates of its price and of its open interest in quote."""
    dearer = math.exp(_PRICE_SPREAD * price)
    return replace(
        p,
        first_price=p.first_price * dearer,
        base_open_interest=p.base_open_interest * math.exp(_NOTIONAL_SPREAD * notional) / dearer,
        hourly_volatility=p.hourly_volatility * scale,
    )


def _surrounded(
    own: Exogenous, common: Exogenous, share: float, scale: float, life: Life, hours: float, p: SimulationParameters
) -> Exogenous:
    """Return a market's paths under the common factor, and under what ends it."""
    there = slice(life.begin, life.begin + len(own.volatility))  # both begin with the burn-in
    shared = common.volatility[there] * scale
    volatility = np.sqrt((1.0 - share) * own.volatility**2 + share * shared**2)
    ratio = np.divide(volatility, own.volatility, out=np.ones_like(volatility), where=own.volatility > 0.0)
    busier = ratio**p.activity_elasticity
    efficient = math.sqrt(1.0 - share) * own.efficient + math.sqrt(share) * scale * common.efficient[there]
    falling = min(math.ceil(_FALL_HOURS / hours), (life.end - life.begin) // 4)
    ramp = np.arange(1.0, falling * efficient.shape[1] + 1.0).reshape(falling, -1)
    efficient[len(efficient) - falling :] -= life.fall * ramp / ramp[-1, -1]
    return own._replace(
        efficient=efficient, volatility=volatility, activity=own.activity * busier, pace=own.pace * busier
    )


def _with_gap(market: Market, name: str, life: Life) -> Market:
    first, lost = life.gap[0] - life.begin, life.gap[1]
    if not lost:
        return replace(market, name=name)
    kept = market.frame.drop(index=range(first, first + lost)).reset_index(drop=True)
    return market_from_frame(kept, name, simulated=True, bar_seconds=market.bar_seconds)
