"""Bybit v5, REST: request to reply. Everything in an envelope with `retCode`, HTTP 200 even for errors; newest first."""

from functools import partial
from urllib.parse import unquote

from tests.datafeeds.exchanges.table import Table
from tests.datafeeds.exchanges.truth import Market, period_ms
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service, dump, integer, plain

LIMITS = {"candles": 1000, "open_interest": 200, "funding": 200, "long_short_ratio": 500, "instruments": 1000}
"""Largest `limit` by endpoint; a larger one is taken as this (assumption)."""

INTERVALS = {
    "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h", "240": "4h", "360": "6h",
    "720": "12h", "D": "1d",
}  # fmt: skip
PERIODS = {"5min": "5m", "15min": "15m", "30min": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}


def answer(service: Service, request: Request) -> Reply | Page:
    """Answer a request; raises Refusal as the venue would."""
    handler = ROUTES.get(request.path)
    if handler is None or request.method != "GET":
        return Reply(b"", 404, content_type="text/plain")
    return handler(service, request)


def error(code: int, text: str, time_ms: int = 0, status: int = 200) -> Reply:
    """Return the venue's error body."""
    body = {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": time_ms}
    return Reply(dump(body), status)


def unknown_symbol() -> Reply:
    """Return what is said of a symbol that does not exist."""
    return error(10001, "Not supported symbols")


def rate_limited(now_ms: int) -> Reply:
    """Return the refusal of one who asks too much: HTTP 200 and a code."""
    return error(10006, "Too many visits. Exceeded the API Rate Limit.", now_ms)


def banned(until_ms: int) -> Reply:
    """Return the refusal of an address that asked too much: HTTP 403 and no JSON."""
    return Reply(b"access too frequent. Please try again in 5 minutes.", 403, content_type="text/plain")


def server_error(status: int) -> Reply:
    """Return a gateway's 5xx."""
    return Reply(b"<html><body><h1>%d</h1></body></html>" % status, status, content_type="text/html")


def _bad(text: str) -> Reply:
    return error(10001, f"params error: {text}")


def _bad_name(name: str) -> Reply:
    return _bad(f"{name} invalid")


def _market(service: Service, request: Request) -> Market:
    if request.params.get("category") != "linear":
        raise Refusal(_bad("Category is invalid") if "category" not in request.params else unknown_symbol())
    return service.market(request.params.get("symbol"), unknown_symbol())


def _limit(service: Service, request: Request, name: str, default: int) -> int:
    limit = integer(request.params, "limit", _bad_name)
    if limit is not None and limit < 1:
        raise Refusal(_bad("limit invalid"))
    return min(default if limit is None else limit, service.limits[name])


def _enveloped(service: Service, result: dict[str, object], after: dict[str, object], rows: bytes) -> bytes:
    """Return the reply around a JSON list: `result` stands before it, `after` behind."""
    head = dump(result)[1:-1]
    tail = b"".join(b"," + dump({name: value})[1:-1] for name, value in after.items())
    middle = (head + b"," if head else b"") + b'"list":' + rows + tail
    return b'{"retCode":0,"retMsg":"OK","result":{%s},"retExtInfo":{},"time":%d}' % (middle, service.now_ms())


def _klines(kind: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe = INTERVALS.get(request.params.get("interval", ""))
    if timeframe is None:
        raise Refusal(error(10001, "Invalid period!"))
    limit = _limit(service, request, "candles", 200)
    start = integer(request.params, "start", _bad_name)
    end = integer(request.params, "end", _bad_name)
    if start is not None and end is not None and start > end:
        raise Refusal(error(10001, "The end time must be greater than the start time"))
    table = market.table(kind, timeframe)
    step = period_ms(timeframe)
    first = 0 if start is None else start // step * step  # the candle that contains `start` comes too
    # A start alone gives the oldest from it; with an end the newest before it.
    newest = start is None or end is not None
    span = service.select(table, first, 2**62 if end is None else end, limit, newest)
    envelope = partial(_enveloped, service, {"symbol": market.identifier, "category": "linear"}, {})
    style = _kline if kind == "candles" else _mark_kline
    return service.page(table, "kline", style, span, descending=True, envelope=envelope)


def _kline(table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    fields = (row[name] for name in ("ts", "open", "high", "low", "close", "volume", "quote_volume"))
    return "[" + ",".join(f'"{plain(value)}"' for value in fields) + "]"


def _mark_kline(table: Table, i: int) -> str:
    fields = (table.lists[name][i] for name in ("ts", "open", "high", "low", "close"))
    return "[" + ",".join(f'"{plain(value)}"' for value in fields) + "]"


def _cursor(request: Request) -> int | None:
    """Return the time (ms) behind which a cursor goes on; it comes percent-encoded once more than other parameters."""
    text = request.params.get("cursor")
    if not text:
        return None
    number = unquote(text).rpartition("lasttime=")[2]
    if not number.isdigit():
        raise Refusal(_bad("cursor invalid"))
    return int(number) * 1000


def _statistics(kind: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe = PERIODS.get(request.params.get("intervalTime" if kind == "open_interest" else "period", ""))
    if timeframe is None:
        raise Refusal(_bad("Period is invalid"))
    limit = _limit(service, request, kind, 50)
    start = integer(request.params, "startTime", _bad_name)
    end = integer(request.params, "endTime", _bad_name)
    cursor = _cursor(request)
    if end is None and cursor is None:
        start = None  # a start alone is ignored (ccxt: "walks backwards from endTime and ignores a lone startTime")
    last = min(2**62 if end is None else end, 2**62 if cursor is None else cursor - 1)
    table = market.table(kind, timeframe)
    begin = table.between(start or 0, last)[0]
    span = service.select(table, start or 0, last, limit, newest=True)
    oldest = table.lists["ts"][span[0]] // 1000 if span[1] > span[0] > begin else 0
    after = {"nextPageCursor": f"lastid%3D0%26lasttime%3D{oldest}" if oldest or kind != "open_interest" else ""}
    if kind == "open_interest":
        before, style = {"symbol": market.identifier, "category": "linear"}, _open_interest
    else:
        before, style = {}, partial(_ratio, market.identifier)
    envelope = partial(_enveloped, service, before, after)
    return service.page(table, kind, style, span, descending=True, envelope=envelope)


def _open_interest(table: Table, i: int) -> str:
    """Return a row as it was until 2026: the sum of both sides alone."""
    return f'{{"openInterest":"{2 * table.lists["open_interest"][i]:.8f}","timestamp":"{table.lists["ts"][i]}"}}'


def _ratio(symbol: str, table: Table, i: int) -> str:
    lists = table.lists
    shares = f'"buyRatio":"{plain(lists["long_share"][i])}","sellRatio":"{plain(lists["short_share"][i])}"'
    return f'{{"symbol":"{symbol}",{shares},"timestamp":"{lists["ts"][i]}"}}'


def _funding(service: Service, request: Request) -> Page:
    market = _market(service, request)
    limit = _limit(service, request, "funding", 200)
    start = integer(request.params, "startTime", _bad_name)
    end = integer(request.params, "endTime", _bad_name)
    if start is not None and end is None:
        raise Refusal(_bad("endTime is required with startTime"))
    table = market.table("funding")
    span = service.select(table, start or 0, 2**62 if end is None else end, limit, newest=True)
    envelope = partial(_enveloped, service, {"category": "linear"}, {})
    style = partial(_funding_rate, market.identifier)
    return service.page(table, "funding", style, span, descending=True, envelope=envelope)


def _funding_rate(symbol: str, table: Table, i: int) -> str:
    rate, ts = table.lists["funding_rate"][i], table.lists["ts"][i]
    return f'{{"symbol":"{symbol}","fundingRate":"{plain(rate)}","fundingRateTimestamp":"{ts}"}}'


def _time(service: Service, request: Request) -> Reply:
    now = service.now_ms()
    result = {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000 + 123_456)}
    return Reply(dump({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now}))


def _listed(service: Service, category: str, rows: list[dict[str, object]], cursor: str = "") -> Reply:
    return Reply(_enveloped(service, {"category": category}, {"nextPageCursor": cursor}, dump(rows)))


def _instruments(service: Service, request: Request) -> Reply:
    category = request.params.get("category", "")
    if category not in ("spot", "linear", "inverse", "option"):
        raise Refusal(_bad("Illegal category"))
    wanted = request.params.get("symbol")
    if wanted and category == "linear":
        _market(service, request)
    rows = [_instrument(market) for market in service.truth.markets.values() if wanted in (None, market.identifier)]
    if category != "linear" or request.params.get("status", "Trading") != "Trading":
        rows = []
    start = integer({"cursor": request.params.get("cursor", "").removeprefix("page_token=")}, "cursor", _bad_name) or 0
    end = start + _limit(service, request, "instruments", 500)
    return _listed(service, category, rows[start:end], f"page_token={end}" if end < len(rows) else "")


def _instrument(market: Market) -> dict[str, object]:
    return {
        "symbol": market.identifier,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": market.base,
        "quoteCoin": "USDT",
        "launchTime": str(market.listed_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.01"},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            "minOrderQty": "0.001",
            "qtyStep": "0.001",
            "postOnlyMaxOrderQty": "1190.000",
            "maxMktOrderQty": "119.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
    }


def _risk_limits(service: Service, request: Request) -> Reply:
    names = [_market(service, request).identifier] if "symbol" in request.params else list(service.truth.markets)
    rows = [
        {
            "id": number,
            "symbol": name,
            "riskLimitValue": value,
            "maintenanceMargin": maintenance,
            "initialMargin": initial,
            "isLowestRisk": int(number == 1),
            "maxLeverage": leverage,
            "mmDeduction": deduction,
        }
        for name in names
        for number, value, maintenance, initial, leverage, deduction in RISK_LIMITS
    ]
    return _listed(service, "linear", rows)


RISK_LIMITS = (
    (1, "2000000", "0.005", "0.01", "100.00", ""),
    (2, "2600000", "0.0056", "0.0111", "90.00", "1200"),
    (3, "3200000", "0.0062", "0.0125", "80.00", "2760"),
)

ROUTES = {
    "/v5/market/time": _time,
    "/v5/market/instruments-info": _instruments,
    "/v5/market/kline": partial(_klines, "candles"),
    "/v5/market/mark-price-kline": partial(_klines, "mark"),
    "/v5/market/open-interest": partial(_statistics, "open_interest"),
    "/v5/market/account-ratio": partial(_statistics, "long_short_ratio"),
    "/v5/market/funding/history": _funding,
    "/v5/market/risk-limit": _risk_limits,
}
