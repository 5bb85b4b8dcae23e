"""Coinalyze's wire format, after its documentation and the samples that its users published: seconds, lists of one contract."""

from email.utils import formatdate
from typing import Any

import numpy as np

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import Truth, at

KEPT_ROWS = 2000
WORDS = ("1min", "5min", "15min", "30min", "1hour", "2hour", "4hour", "6hour", "12hour", "daily")
CODES = {"Binance": "A", "Bybit": "6", "Gate.io": "Y"}


def market(symbol: str, **other: Any) -> dict[str, Any]:
    """Return what the list of contracts says of one."""
    base = symbol.partition("USDT")[0]
    return {"symbol": symbol, "exchange": symbol[-1], "symbol_on_exchange": f"{base}USDT", "base_asset": base,
            "quote_asset": "USDT", "is_perpetual": True, "margined": "STABLE", "expire_at": None,
            "oi_lq_vol_denominated_in": "BASE_ASSET", "has_ohlcv_data": True, "has_buy_sell_data": True} | other  # fmt: skip


MARKETS = [
    market("BTCUSDT_PERP.A"),
    market("BTCUSDT.A", is_perpetual=False, expire_at=1_800_000_000),
    market("BTCUSD_PERP.A", quote_asset="USD", base_asset="BTC", margined="COIN", oi_lq_vol_denominated_in="QUOTE_ASSET"),
    market("BTCUSDT_PERP.6"),
    market("ETHUSDT_PERP.A"),
]  # fmt: skip


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Coinalyze does: rows with ``from <= t <= to``, all that it keeps; the symbols before the dot share a truth."""
    date = {"Date": formatdate(truth.now_ms / 1000, usegmt=True)}
    path = path.removeprefix("/v1/")
    if path == "exchanges":
        return Reply(lambda _: [{"name": name, "code": code} for name, code in CODES.items()], headers=date)
    if path == "future-markets":
        return plain(MARKETS)
    if query.get("interval") not in WORDS or not {"from", "to"} <= set(query):
        return plain({"message": "Bad parameter"}, 400)
    symbol = query["symbols"]
    known = {"ohlcv-history": _candles, "open-interest-history": _open_interest, "liquidation-history": _totals}[path](
        truth
    )
    rows = known[-KEPT_ROWS:] if query["interval"] == "1hour" else known
    asked = [row for row in rows if int(query["from"]) <= row["t"] <= int(query["to"])]
    return Reply(
        lambda found: [{"symbol": symbol, "history": found}] if found else [], asked, around=rows, headers=date
    )


def _candles(truth: Truth) -> list[dict[str, Any]]:
    return [
        {"t": at(hour) // 1000, "o": opened, "h": high, "l": low, "c": close, "v": size, "bv": float(np.round(size / 4, 3)),
         "tx": 9, "btx": 4}
        for hour, opened, high, low, close, size in truth.candles.tolist()
    ]  # fmt: skip


def _open_interest(truth: Truth) -> list[dict[str, Any]]:
    """Rows of periods: the close is what stood at their end."""
    return [
        {"t": at(hour) // 1000, "o": size * 2, "h": size * 3, "l": size / 3, "c": size}
        for hour, size, _ in truth.snapshots.tolist()
    ]


def _totals(truth: Truth) -> list[dict[str, Any]]:
    return [{"t": at(hour) // 1000, "l": longs, "s": shorts} for hour, longs, shorts in truth.liquidated.tolist()]
