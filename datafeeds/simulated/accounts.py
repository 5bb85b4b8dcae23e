"""Who opens positions: leverage, size, margin mode and patience of every account, drawn before the market runs."""

import math
from typing import NamedTuple

import numpy as np

from datafeeds.simulated.parameters import SimulationParameters


class Population(NamedTuple):
    """Accounts in the order in which they open; axes are (bar, side, place within the bar).

    Attributes
    ----------
    leverage
        Notional over collateral that the trader wants; the venue may allow less.
    share
        Size as a share of what its side opens in a median bar; sums to one in the mean over a bar.
    cross
        1 on cross margin, 0 on isolated.
    rate
        Rate at which it closes, over that of an account at leverage 1.
    lifetime, second_lifetime
        Unit-exponential clocks until it closes, and until it closes the rest after a partial close.
    patience
        Unit-exponential clock of distress until it tops up.
    halves
        1 where the first close is a partial one.
    """

    leverage: np.ndarray
    share: np.ndarray
    cross: np.ndarray
    rate: np.ndarray
    lifetime: np.ndarray
    second_lifetime: np.ndarray
    patience: np.ndarray
    halves: np.ndarray


def accounts_per_bar(hours: float, p: SimulationParameters) -> int:
    """Return how many accounts open on each side in a bar of `hours`: at least one."""
    return max(round(p.accounts_per_hour * hours), 1)


def _leverage_and_share(random: np.random.Generator, shape: tuple[int, ...], p: SimulationParameters) -> np.ndarray:
    """Return the index of the leverage (bars, 2, count): frequent where accounts are small, so that size has the mixture."""
    frequency = np.array(p.leverage_weights) * np.array(p.leverages) ** p.retail
    edges = np.cumsum(frequency / frequency.sum())
    return np.minimum(np.searchsorted(edges, random.random(shape), side="right"), len(edges) - 1)


def _shares(chosen: np.ndarray, noise: np.ndarray, p: SimulationParameters) -> np.ndarray:
    """Return sizes (bars, 2, count) with the mean share 1 / count: the weight of a leverage over its frequency, and a tail."""
    levels = np.array(p.leverages)
    frequency = np.array(p.leverage_weights) * levels**p.retail
    mean = frequency.sum() / levels**p.retail / chosen.shape[2]
    spread = p.size_spread * np.array([p.long_size, 1.0])[None, :, None]
    return mean[chosen] * np.exp(spread * noise - 0.5 * spread**2)


def population(streams: list[np.random.Generator], bars: int, hours: float, p: SimulationParameters) -> Population:
    """Draw the accounts of all bars.

    Parameters
    ----------
    streams
        Six generators: leverage, size, margin, lifetimes, top-ups, partial closes.
    bars, hours
        How many bars (burn-in included), of how many hours.
    """
    shape = (bars, 2, accounts_per_bar(hours, p))
    chosen = _leverage_and_share(streams[0], shape, p)
    margin = streams[2].spawn(2)
    cross = margin[0].random(shape) < p.cross_share
    wallet = np.exp(p.cross_spread * margin[1].standard_normal(shape))
    clocks = streams[3].spawn(2)
    tilted = np.array(p.leverages)[chosen] * np.array([p.long_leverage, 1.0])[None, :, None]
    return Population(
        leverage=np.maximum(np.where(cross, tilted / wallet, tilted), 1.0),
        share=_shares(chosen, streams[1].standard_normal(shape), p),
        cross=cross,
        rate=(np.array(p.leverages) ** p.patience)[chosen],
        lifetime=clocks[0].standard_exponential(shape),
        second_lifetime=clocks[1].standard_exponential(shape),
        patience=streams[4].standard_exponential(shape),
        halves=streams[5].random(shape) < p.partial_close_share,
    )


def closing_rate(p: SimulationParameters) -> float:
    """Return the hourly rate of a trader in profit at leverage 1, at which a full book closes what opens.

    Notes
    -----
    Size that opens at leverage L lives ``1 / (rate L**patience)`` hours, so the book holds base open interest where
    ``rate = turnover sum(w L**-patience)``: with the turnover of the mean hour, which bursts lift above the median one, and
    with half of the traders in loss. Liquidations shorten lives, so open interest settles near the base.
    """
    life = float(np.array(p.leverage_weights) @ np.array(p.leverages) ** -p.patience)
    burst = math.exp(0.5 * p.activity_spread**2)
    return p.turnover * burst * life / (0.5 * (1.0 + p.loss_close_ratio))
