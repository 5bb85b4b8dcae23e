"""Markets for tests of the model: random walks with everything a bar can have, and calm ones."""

import numpy as np

from indicators.liquidation.bar import empty_bars


def market(seed, count, volatility=0.01, with_open_interest=True):
    """A random walk with everything a bar can have, holes included."""
    random = np.random.default_rng(seed)
    bars = empty_bars(count)
    close = 1000.0 * np.exp(np.cumsum(random.standard_normal(count) * volatility))
    opened = np.r_[1000.0, close[:-1]]
    bars["open"], bars["close"] = opened, close
    bars["high"] = np.maximum(opened, close) * (1.0 + random.random(count) * volatility)
    bars["low"] = np.minimum(opened, close) * (1.0 - random.random(count) * volatility)
    bars["volume"] = random.exponential(500.0, count)
    if with_open_interest:
        bars["open_interest"] = 10_000.0 * np.exp(np.cumsum(random.standard_normal(count) * 0.01))
        bars["open_interest"][random.random(count) < 0.05] = np.nan
        bars["open_interest_break"][random.random(count) < 0.01] = 1.0
    bars["funding_rate"][::8] = random.standard_normal(len(bars[::8])) * 1e-4
    reported = random.random(count) < 0.5
    for name in ("liquidated_long", "liquidated_short"):
        bars[name][reported] = random.exponential(20.0, int(reported.sum()))
    return bars


def calm(count, price=1000.0, volume=100.0):
    bars = empty_bars(count)
    for name, factor in (("open", 1.0), ("high", 1.002), ("low", 0.998), ("close", 1.0)):
        bars[name] = price * factor
    bars["volume"], bars["open_interest"] = volume, 10_000.0
    bars["liquidated_long"] = bars["liquidated_short"] = 0.0
    return bars
