"""Bybit v5's wire format, after its documentation and ccxt's samples: newest first, errors in `retCode`."""

from typing import Any

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import START_MS, Truth, at, text


def _instrument(symbol: str, kind: str, base: str, quote: str, settle: str) -> dict[str, Any]:
    return {
        "symbol": symbol, "contractType": kind, "status": "Trading", "baseCoin": base, "quoteCoin": quote, "settleCoin": settle,
        "launchTime": str(START_MS), "deliveryTime": "0", "deliveryFeeRate": "", "priceScale": "2", "fundingInterval": 480,
        "unifiedMarginTrade": True, "copyTrading": "both", "isPreListing": False, "preListingInfo": None,
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.10", "maxPrice": "199999.80", "tickSize": "0.10"},
        "lotSizeFilter": {"maxOrderQty": "100.000", "minOrderQty": "0.001", "qtyStep": "0.001", "minNotionalValue": "5"},
    }  # fmt: skip


_INSTRUMENTS = {
    "linear": [_instrument("BTCUSDT", "LinearPerpetual", "BTC", "USDT", "USDT")],
    "inverse": [_instrument("BTCUSD", "InversePerpetual", "BTC", "USD", "BTC")],
}


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Bybit does."""
    path = path.removeprefix("/v5/market/")
    if path == "time":
        nanoseconds = str(truth.now_ms * 1_000_000)
        result = {"timeSecond": str(truth.now_ms // 1000), "timeNano": nanoseconds}
        return plain(_ok(truth, result))
    category = query.get("category", "")
    if path == "instruments-info":
        return plain(_ok(truth, {"category": category, "list": _INSTRUMENTS.get(category, []), "nextPageCursor": ""}))
    symbol = {"linear": "BTCUSDT", "inverse": "BTCUSD"}.get(category)
    if query.get("symbol") != symbol:
        return plain({"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}, "time": truth.now_ms})
    if path == "risk-limit":
        tiers = [("1", "2000000", "0.005", "100.00"), ("2", "4000000", "0.01", "50.00")]
        rows = [
            {"id": int(number), "symbol": symbol, "riskLimitValue": cap, "maintenanceMargin": rate, "initialMargin": "0.01",
             "isLowestRisk": int(number == "1"), "maxLeverage": most}
            for number, cap, rate, most in tiers
        ]  # fmt: skip
        return plain(_ok(truth, {"category": category, "list": rows, "nextPageCursor": ""}))
    makers = {
        "kline": (_klines, 1000, 200, "start", "end"), "mark-price-kline": (_marks, 1000, 200, "start", "end"),
        "open-interest": (_interest, 200, 50, "startTime", "endTime"),
        "account-ratio": (_ratio, 500, 50, "startTime", "endTime"),
        "funding/history": (_funding, 200, 200, "startTime", "endTime"),
    }  # fmt: skip
    make, most, usual, first, last = makers[path]
    limit = int(query.get("limit", usual))
    if limit > most:
        return plain({"retCode": 10001, "retMsg": "params error: limit", "result": {}, "time": truth.now_ms})
    start, end = int(query.get(first, 0)), int(query.get(last, 2**53))
    stamped = make(truth, category)[::-1]
    inside = [row for stamp, row in stamped if start <= stamp <= end]
    named = {"category": category, "symbol": symbol}
    return Reply(lambda rows: _ok(truth, {**named, "list": rows}), inside, limit, [row for _, row in stamped])


def _ok(truth: Truth, result: dict[str, Any]) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": truth.now_ms}


def _klines(truth: Truth, category: str) -> list[tuple[int, Any]]:
    # inverse: field 5 counts USD, the turnover beside it is coin
    rows = []
    for hour, *prices, size in truth.candles:
        sizes = (
            [text(round(size * 60_000)), text(size)]
            if category == "inverse"
            else [text(size), text(round(size * 60_000))]
        )
        rows.append((at(hour), [str(at(hour)), *map(text, prices), *sizes]))
    return rows


def _marks(truth: Truth, category: str) -> list[tuple[int, Any]]:
    return [(at(row[0]), [str(at(row[0])), *map(text, row[1:5])]) for row in truth.marks]


def _interest(truth: Truth, category: str) -> list[tuple[int, Any]]:
    return [
        (at(hour), {"openInterest": text(2 * size), "singleOpenInterest": text(size), "timestamp": str(at(hour))})
        for hour, size, _ in truth.snapshots
    ]


def _ratio(truth: Truth, category: str) -> list[tuple[int, Any]]:
    symbol = "BTCUSD" if category == "inverse" else "BTCUSDT"
    return [
        (at(hour), {"symbol": symbol, "buyRatio": text(ratio), "sellRatio": "1", "timestamp": str(at(hour))})
        for hour, _, ratio in truth.snapshots
    ]


def _funding(truth: Truth, category: str) -> list[tuple[int, Any]]:
    symbol = "BTCUSD" if category == "inverse" else "BTCUSDT"
    return [
        (at(hour), {"symbol": symbol, "fundingRate": text(rate), "fundingRateTimestamp": str(at(hour))})
        for hour, rate in truth.funding
    ]
