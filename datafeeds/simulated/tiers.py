"""The simulated venue's maintenance tiers."""

import numpy as np

TIERS = np.array(
    [
        [0.0, 0.004, 0.0],
        [300e3, 0.005, 300.0],
        [800e3, 0.0065, 1_500.0],
        [3e6, 0.01, 12_000.0],
        [12e6, 0.02, 132_000.0],
        [70e6, 0.025, 482_000.0],
        [100e6, 0.05, 2_982_000.0],
        [230e6, 0.10, 14_482_000.0],
    ]
)
"""Maintenance tiers (notional floor in quote, rate, amount in quote). Source: Binance BTCUSDT as of 2026-03-05, its larger
tiers left out, because no account here is that large."""
