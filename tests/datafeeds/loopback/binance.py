"""Binance USD-M's wire format, after its documentation and ccxt's samples."""

from typing import Any

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import HOUR_MS, LATE_MS, START_MS, Truth, at, text

_SYMBOL = {
    "symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
    "onboardDate": START_MS, "status": "TRADING", "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000",
    "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3,
    "baseAssetPrecision": 8, "quotePrecision": 8, "underlyingType": "COIN", "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC"], "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    ],
}  # fmt: skip


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Binance does."""
    if path == "/fapi/v1/exchangeInfo":
        return plain(
            {"timezone": "UTC", "serverTime": truth.now_ms, "symbols": [_SYMBOL], "assets": [], "rateLimits": []}
        )
    if path == "/fapi/v1/time":
        return plain({"serverTime": truth.now_ms})
    if path == "/fapi/v1/leverageBracket":
        if "signature" not in query:
            return plain({"code": -2014, "msg": "API-key format invalid."}, 401)
        brackets = [(1, 125, 50000, 0, 0.004, 0.0), (2, 100, 250000, 50000, 0.005, 50.0)]
        names = ("bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum")
        return plain([{"symbol": "BTCUSDT", "brackets": [dict(zip(names, row, strict=True)) for row in brackets]}])
    if query.get("symbol") != "BTCUSDT":
        return plain({"code": -1121, "msg": "Invalid symbol."}, 400)
    if query.get("interval", query.get("period", "1h")) != "1h":
        return plain({"code": -1120, "msg": "Invalid interval."}, 400)
    makers = {
        "/fapi/v1/klines": (_klines, 1500, 500), "/fapi/v1/markPriceKlines": (_marks, 1500, 500),
        "/futures/data/openInterestHist": (_interest, 500, 30), "/futures/data/globalLongShortAccountRatio": (_ratio, 500, 30),
        "/fapi/v1/fundingRate": (_funding, 1000, 100),
    }  # fmt: skip
    if path not in makers:
        return plain({"code": -5000, "msg": "Path not found"}, 404)
    make, most, usual = makers[path]
    limit = int(query.get("limit", usual))
    start, end = int(query.get("startTime", 0)), int(query.get("endTime", 2**53))
    if limit > most or (path.startswith("/futures/data") and start < truth.now_ms - 30 * 86_400_000):
        return plain({"code": -1130, "msg": "parameter 'startTime' is invalid."}, 400)
    stamped = make(truth)
    return Reply(
        lambda rows: rows, [row for stamp, row in stamped if start <= stamp <= end], limit, [row for _, row in stamped]
    )


def _kline(hour: float, prices: Any, volume: str, buys: str) -> tuple[int, list[Any]]:
    opened = at(hour)
    return opened, [opened, *map(text, prices), volume, opened + HOUR_MS - 1, "0", 1000, buys, "0", "0"]


def _klines(truth: Truth) -> list[tuple[int, Any]]:
    return [_kline(row[0], row[1:5], text(row[5]), text(round(row[5] / 4, 3))) for row in truth.candles]


def _marks(truth: Truth) -> list[tuple[int, Any]]:
    return [_kline(row[0], row[1:5], "0", "0") for row in truth.marks]


def _interest(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (
            at(hour),
            {"symbol": "BTCUSDT", "sumOpenInterest": text(size), "sumOpenInterestValue": "1.0", "timestamp": at(hour)},
        )
        for hour, size, _ in truth.snapshots
    ]


def _ratio(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (at(hour), {"symbol": "BTCUSDT", "longAccount": "0.5", "longShortRatio": text(ratio), "shortAccount": "0.5",
                    "timestamp": at(hour)})
        for hour, _, ratio in truth.snapshots
    ]  # fmt: skip


def _funding(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (
            at(hour) + LATE_MS,
            {"symbol": "BTCUSDT", "fundingTime": at(hour) + LATE_MS, "fundingRate": text(rate), "markPrice": "1"},
        )
        for hour, rate in truth.funding
    ]
