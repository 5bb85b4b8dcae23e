"""Rows for tests of the catalog: random but possible."""

import numpy as np

from datafeeds.series import KINDS, Rows, Series

START_MS = 1_704_067_200_000  # 2024-01-01
HOUR_MS = 3_600_000
CANDLES = Series("binance", "BTC/USDT:USDT", "candles", "1h")
FUNDING = Series("binance", "BTC/USDT:USDT", "funding")
LIQUIDATIONS = Series("bybit", "BTC/USDT:USDT", "liquidations")


def candles(hours: np.ndarray | list[int] | range, seed: int = 1) -> Rows:
    """Return candles of the given hours after `START_MS`; an hour's candle depends on the hour and seed alone."""
    numbers = np.asarray(list(hours), dtype=np.int64)
    noise = np.array([np.random.default_rng([seed, int(number)]).random(4) for number in numbers]).reshape(-1, 4)
    opened, close = np.round(100.0 + noise[:, 0], 4), np.round(100.0 + noise[:, 1], 4)
    volume = np.round(1.0 + noise[:, 2] * 50.0, 3)
    ts = START_MS + numbers * HOUR_MS
    return {
        "ts": ts,
        "known_at": ts + HOUR_MS,
        "open": opened,
        "high": np.maximum(opened, close) + 0.5,
        "low": np.minimum(opened, close) - 0.5,
        "close": close,
        "volume": volume,
        "taker_buy_volume": np.round(volume * noise[:, 3], 3),
    }


def liquidations(seconds: list[int], seed: int = 1) -> Rows:
    """Return liquidations at the given seconds after `START_MS`."""
    random, count = np.random.default_rng(seed), len(seconds)
    ts = START_MS + np.array(sorted(seconds), dtype=np.int64) * 1000
    return {
        "ts": ts,
        "known_at": ts + 300,
        "side": np.where(random.random(count) < 0.5, 1.0, -1.0),
        "price": np.round(100.0 + random.random(count), 2),
        "size": np.round(random.random(count) + 0.01, 3),
    }


def equal(one: Rows, other: Rows) -> bool:
    """Return whether both hold the same rows, bit for bit."""
    return list(one) == list(other) and all(one[name].tobytes() == other[name].tobytes() for name in one)


def hours(first: int, last: int) -> tuple[int, int]:
    """Return an interval of hours after `START_MS`."""
    return START_MS + first * HOUR_MS, START_MS + last * HOUR_MS


__all__ = ["CANDLES", "FUNDING", "KINDS", "LIQUIDATIONS", "candles", "equal", "hours", "liquidations"]
