"""Gate v4's wire format, after its documentation and ccxt's samples: seconds, contracts of 0.0001 BTC, plain lists."""

from typing import Any

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import START_MS, Truth, at, text

_CONTRACT = {
    "name": "BTC_USDT", "type": "direct", "quanto_multiplier": "0.0001", "leverage_min": "1", "leverage_max": "125",
    "maintenance_rate": "0.004", "mark_type": "index", "order_price_round": "0.1", "mark_price_round": "0.01",
    "order_size_min": 1, "order_size_max": 1000000, "funding_rate": "0.0001", "funding_interval": 28800, "in_delisting": False,
    "maker_fee_rate": "-0.0001", "taker_fee_rate": "0.00075", "order_price_deviate": "0.2", "create_time": START_MS // 1000,
    "risk_limit_base": "1000000", "status": "trading", "trade_size": 1, "position_size": 1, "mark_price": "60000",
}  # fmt: skip


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Gate does."""
    path = path.removeprefix("/api/v4")
    if path == "/spot/time":
        return plain({"server_time": truth.now_ms})
    if path.startswith("/futures/") and path.endswith("/contracts"):
        return plain([_CONTRACT] if path.split("/")[2] == "usdt" else [])
    path = path.removeprefix("/futures/usdt/")
    name = query.get("contract", "")
    if name.removeprefix("mark_") != "BTC_USDT":
        return plain({"label": "CONTRACT_NOT_FOUND", "message": "contract not found"}, 400)
    if path == "risk_limit_tiers":
        tiers = [("1", "20000", "0.003", "125"), ("2", "50000", "0.004", "100")]
        return plain([
            {"tier": int(number), "risk_limit": cap, "initial_rate": "0.008", "maintenance_rate": rate, "leverage_max": most}
            for number, cap, rate, most in tiers
        ])  # fmt: skip
    start, end = int(query.get("from", 0)) * 1000, int(query.get("to", 2**43)) * 1000
    if path == "candlesticks":
        if (min(end, truth.now_ms) - start) // 3_600_000 > 2000:
            return plain(
                {"label": "INVALID_PARAM_VALUE", "message": "Candlestick range too broad. Maximum 2000 data points"},
                400,
            )
        stamped, limit = (_marks(truth) if name.startswith("mark_") else _candles(truth)), 2000
    elif path == "contract_stats":
        stamped, limit = _stats(truth), min(int(query.get("limit", 30)), 100)
    else:
        stamped, limit = _funding(truth)[::-1], min(int(query.get("limit", 100)), 1000)
    return Reply(
        lambda rows: rows, [row for stamp, row in stamped if start <= stamp <= end], limit, [row for _, row in stamped]
    )


def _candle(hour: float, prices: Any) -> dict[str, Any]:
    opened, high, low, close = map(text, prices)
    return {"t": at(hour) // 1000, "o": opened, "h": high, "l": low, "c": close}


def _candles(truth: Truth) -> list[tuple[int, Any]]:
    return [(at(hour), {**_candle(hour, prices), "v": int(size), "sum": "1"}) for hour, *prices, size in truth.candles]


def _marks(truth: Truth) -> list[tuple[int, Any]]:
    return [(at(row[0]), _candle(row[0], row[1:5])) for row in truth.marks]


def _stats(truth: Truth) -> list[tuple[int, Any]]:
    """Rows stamped by the period's open; open interest and ratio as they stood at its close."""
    rows = []
    for hour, longs, shorts in truth.liquidated:
        _, size, ratio = truth.snapshots[int(hour) + 1]
        stamp = at(hour)
        unused = (
            "open_interest_usd",
            "lsr_taker",
            "long_liq_amount",
            "short_liq_amount",
            "long_liq_usd",
            "short_liq_usd",
        )
        sizes = {"open_interest": int(size), "long_liq_size": text(longs), "short_liq_size": text(shorts)}
        known = {"time": stamp // 1000, "mark_price": "60000", "lsr_account": text(ratio)}
        rows.append((stamp, {**known, **sizes, **dict.fromkeys(unused, "0")}))
    return rows


def _funding(truth: Truth) -> list[tuple[int, Any]]:
    return [(at(hour), {"t": at(hour) // 1000, "r": text(rate)}) for hour, rate in truth.funding]
