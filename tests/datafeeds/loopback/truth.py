"""What a loopback venue knows: one perpetual's history, seeded, in the venue's own units, with holes and an unfinished candle."""

from dataclasses import dataclass

import numpy as np

HOUR_MS = 3_600_000
START_MS = 1_717_200_000_000  # 2024-06-01 00:00 UTC
LATE_MS = 37  # funding stamps of Binance and Hyperliquid come some milliseconds late


@dataclass(frozen=True)
class Truth:
    """One perpetual's history at hourly resolution.

    Attributes
    ----------
    hours
        Closed hours since `START_MS`.
    candles
        (n, 6) hour number, open, high, low, close, size in the venue's unit; some hours are absent.
    marks
        (n, 5) hour number and prices.
    snapshots
        (n, 3) hour number, open interest in the venue's unit, long/short ratio; one more than there are hours.
    funding
        (n, 2) hour number and rate; every eight hours, later every four.
    liquidated
        (n, 3) hour number, long and short, in the venue's unit.
    now_ms
        The venue's clock: twenty minutes into the unfinished hour.
    """

    hours: int
    candles: np.ndarray
    marks: np.ndarray
    snapshots: np.ndarray
    funding: np.ndarray
    liquidated: np.ndarray
    now_ms: int


def make_truth(seed: int, hours: int = 120, whole_sizes: bool = False) -> Truth:
    """Return a history; `whole_sizes` where the venue counts contracts."""
    random = np.random.default_rng(seed)
    walk = np.round(60_000.0 * np.exp(np.cumsum(random.standard_normal(hours + 2) * 0.004)), 1)
    numbers = np.arange(hours + 1.0)  # the last one is unfinished
    opened, close = walk[:-1], walk[1:]
    high = np.round(np.maximum(opened, close) + random.integers(0, 300, hours + 1) / 10, 1)
    low = np.round(np.minimum(opened, close) - random.integers(0, 300, hours + 1) / 10, 1)
    size = random.integers(1, 10**7, hours + 1) / (1.0 if whole_sizes else 1000.0)
    candles = np.column_stack([numbers, opened, high, low, close, size])
    marks = np.column_stack([numbers, opened + 0.5, high + 0.5, low + 0.5, close + 0.5])
    open_interest = random.integers(10**6, 10**7, hours + 1) / (1.0 if whole_sizes else 1000.0)
    ratio = random.integers(5000, 30000, hours + 1) / 10_000
    eight = [hour for hour in range(0, hours + 1) if hour % (8 if hour < hours // 2 else 4) == 0]
    rates = random.integers(-300, 300, len(eight)) / 1_000_000
    forced = random.integers(0, 5000, (hours, 2)) / (1.0 if whole_sizes else 1000.0)
    holes = random.choice(np.arange(2, hours - 2), size=int(random.integers(0, 4)), replace=False)
    return Truth(
        hours=hours,
        candles=np.delete(candles, holes, axis=0),
        marks=marks,
        snapshots=np.column_stack([numbers, open_interest, ratio]),
        funding=np.column_stack([eight, rates]),
        liquidated=np.column_stack([numbers[:-1], forced]),
        now_ms=START_MS + hours * HOUR_MS + HOUR_MS // 3,
    )


def at(hour: float) -> int:
    """Return an hour number's time in milliseconds."""
    return START_MS + int(hour) * HOUR_MS


def text(value: float) -> str:
    """Return a number as venues write it: plainly, and so that it reads back the same."""
    return np.format_float_positional(value, trim="-")
