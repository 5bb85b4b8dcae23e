"""Rows for tests of the catalog: random but possible."""

import numpy as np

from datafeeds.catalog.rows import merge
from datafeeds.series import KINDS, Rows, Series, no_rows

START_MS = 1_704_067_200_000  # 2024-01-01
HOUR_MS = 3_600_000
CANDLES = Series("binance", "BTC/USDT:USDT", "candles", "1h")
FUNDING = Series("binance", "BTC/USDT:USDT", "funding")
LIQUIDATIONS = Series("bybit", "BTC/USDT:USDT", "liquidations")
POSITIONS = Series("hyperliquid", "*/USDC:USDC", "positions")


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
    rows = {
        "ts": ts,
        "known_at": ts + 300,
        "side": np.where(random.random(count) < 0.5, 1.0, -1.0),
        "price": np.round(100.0 + random.random(count), 2),
        "size": np.round(random.random(count) + 0.01, 3),
        "limit_price": np.where(random.random(count) < 0.3, np.nan, np.round(99.0 + random.random(count), 2)),
        "entry_price": np.where(random.random(count) < 0.5, np.nan, 110.0),
        "ordered_size": np.full(count, np.nan),
    }
    return merge(LIQUIDATIONS, no_rows("liquidations"), rows)  # in the catalog's order within an instant


def positions(seconds: list[int], accounts: list[str], seed: int = 1) -> Rows:
    """Return each account's position at each of some seconds after `START_MS`; it depends on account, second and seed alone."""
    pairs = [(second, account) for second in sorted(seconds) for account in sorted(accounts)]
    noise = np.array([np.random.default_rng([seed, at, *map(ord, name)]).random(4) for at, name in pairs]).reshape(
        -1, 4
    )
    ts = START_MS + np.array([second for second, _ in pairs], dtype=np.int64) * 1000
    return {
        "ts": ts,
        "known_at": ts + 20,
        "account": np.array([account for _, account in pairs], dtype=str),
        "coin": np.array(["BTC"] * len(pairs), dtype=str),
        "side": np.where(noise[:, 0] < 0.5, 1.0, -1.0),
        "size": np.round(noise[:, 1] + 0.01, 3),
        "entry_price": np.round(100.0 + noise[:, 2], 2),
        "leverage": np.full(len(pairs), 10.0),
        "liquidation_price": np.where(noise[:, 3] < 0.5, np.nan, 90.0),
        "account_value_usd": np.round(noise[:, 3] * 100.0 - 10.0, 2),
        "mark_price": np.full(len(pairs), 101.0),
    }


def equal(one: Rows, other: Rows) -> bool:
    """Return whether both hold the same rows, bit for bit."""
    return list(one) == list(other) and all(_bytes(one[name]) == _bytes(other[name]) for name in one)


def _bytes(values: np.ndarray) -> bytes:
    return repr(values.tolist()).encode() if values.dtype.kind == "U" else values.tobytes()


def hours(first: int, last: int) -> tuple[int, int]:
    """Return an interval of hours after `START_MS`."""
    return START_MS + first * HOUR_MS, START_MS + last * HOUR_MS


__all__ = [
    "CANDLES",
    "FUNDING",
    "KINDS",
    "LIQUIDATIONS",
    "POSITIONS",
    "candles",
    "equal",
    "hours",
    "liquidations",
    "positions",
]
