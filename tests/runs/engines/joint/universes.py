"""Random universes: markets that come late, end early, have holes, and may be traded in a part of their time alone."""

from dataclasses import replace

import numpy as np

from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from datafeeds.universe.markets import from_markets

STARTS = tuple(f"2024-{month:02d}-01" for month in (1, 1, 1, 2))


def drawn_market(seed, bars, start="2024-01-01", holes=0):
    """Return a simulated market with some bars left out."""
    random, frame = np.random.default_rng(seed), simulate(seed, bars=bars, start=start).frame
    left_out = random.choice(np.arange(1, bars - 1), holes, replace=False)
    market = market_from_frame(frame.drop(index=left_out).reset_index(drop=True), f"coin{seed}")
    return replace(market, simulated=True)


def drawn_universe(seed, bars=900):
    """Return a universe of two to five markets."""
    random = np.random.default_rng(seed)
    markets = [drawn_market(1000 * seed, bars)]
    for number in range(1, random.integers(2, 6)):
        start = STARTS[random.integers(len(STARTS))]
        length = int(random.integers(bars // 3, bars + 1))
        markets.append(drawn_market(1000 * seed + number, length, start, int(random.integers(0, 20))))
    firsts = [int(random.integers(0, len(market) // 3)) if random.random() < 0.3 else 0 for market in markets]
    lasts = [len(market) - (int(random.integers(0, 50)) if random.random() < 0.3 else 0) for market in markets]
    return from_markets(markets, firsts, lasts, [float(random.integers(1, 4)) for _ in markets])
