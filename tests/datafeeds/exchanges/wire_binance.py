"""Binance USD-M futures, REST: request to reply. Bare JSON lists in ascending order; errors are {"code", "msg"}."""

import hashlib
import hmac
from functools import partial

from tests.datafeeds.exchanges.table import Table
from tests.datafeeds.exchanges.truth import DAY_MS, MINUTE_MS, Market, period_ms
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service, dump, integer

LIMITS = {"candles": 1500, "statistics": 500, "funding": 1000, "statistics_days": 30, "statistics_keep_newest": 1}
"""Largest `limit` by endpoint; how many days back the statistics reach; and which end of a window between startTime and
endTime with more rows than the limit they keep: 1 the newest (assumption), 0 the oldest."""

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
API_KEY = "loopback-key"
SECRET = "loopback-secret"  # noqa: S105 - of a server that lives in this process


def answer(service: Service, request: Request) -> Reply | Page:
    """Answer a request; raises Refusal as the venue would."""
    handler = ROUTES.get(request.path)
    if handler is None or request.method != "GET":
        return Reply(b"<html><title>404 Not Found</title></html>", 404, content_type="text/html")
    return handler(service, request)


def error(code: int, text: str, status: int = 400) -> Reply:
    """Return the venue's error body."""
    return Reply(dump({"code": code, "msg": text}), status)


def unknown_symbol() -> Reply:
    """Return what is said of a symbol that does not exist."""
    return error(-1121, "Invalid symbol.")


def rate_limited(now_ms: int) -> Reply:
    """Return the body of a 429."""
    text = (
        "Too many requests; current limit of IP(127.0.0.1) is 2400 requests per minute. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    return error(-1003, text, 429)


def banned(until_ms: int) -> Reply:
    """Return the body of a 418."""
    text = (
        f"Way too many requests; IP(127.0.0.1) banned until {until_ms}. "
        "Please use the websocket for live updates to avoid bans."
    )
    return error(-1003, text, 418)


def server_error(status: int) -> Reply:
    """Return a gateway's or the venue's own 5xx."""
    if status == 503:
        return error(-1001, "Internal error; unable to process your request. Please try again.", 503)
    return Reply(b"<html><head><title>502 Bad Gateway</title></head></html>", status, content_type="text/html")


def _illegal(name: str) -> Reply:
    return error(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")


def _market(service: Service, request: Request) -> Market:
    if not request.params.get("symbol"):
        raise Refusal(error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."))
    return service.market(request.params["symbol"], unknown_symbol())


def _window(request: Request, default: int, largest: int, bad_limit: str) -> tuple[int | None, int | None, int]:
    start = integer(request.params, "startTime", _illegal)
    end = integer(request.params, "endTime", _illegal)
    limit = integer(request.params, "limit", _illegal)
    limit = default if limit is None else limit
    if not 1 <= limit <= largest:
        raise Refusal(error(-1130, bad_limit))
    if start is not None and end is not None and start > end:
        raise Refusal(error(-1023, "Start time is greater than end time."))
    return start, end, limit


def _select(service: Service, table: Table, start: int | None, end: int | None, limit: int) -> tuple[int, int]:
    """With a start the oldest rows from it, otherwise the newest."""
    return service.select(table, start or 0, 2**62 if end is None else end, limit, newest=start is None)


def _klines(kind: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe = request.params.get("interval", "")
    if timeframe not in INTERVALS:
        raise Refusal(error(-1120, "Invalid interval."))
    bad_limit = "Data sent for parameter 'limit' is not valid."
    start, end, limit = _window(request, 500, service.limits["candles"], bad_limit)
    table = market.table(kind, timeframe)
    style = partial(_kline if kind == "candles" else _mark_kline, period_ms(timeframe))
    return service.page(table, "kline", style, _select(service, table, start, end, limit))


def _kline(step: int, table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    prices = f'"{row["open"]:.2f}","{row["high"]:.2f}","{row["low"]:.2f}","{row["close"]:.2f}"'
    return (
        f'[{row["ts"]},{prices},"{row["volume"]:.3f}",{row["ts"] + step - 1},"{row["quote_volume"]:.5f}",'
        f'{int(row["trades"])},"{row["taker_buy_volume"]:.3f}","{row["taker_quote_volume"]:.5f}","0"]'
    )


def _mark_kline(step: int, table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    prices = f'"{row["open"]:.8f}","{row["high"]:.8f}","{row["low"]:.8f}","{row["close"]:.8f}"'
    return f'[{row["ts"]},{prices},"0",{row["ts"] + step - 1},"0",{step // 1000},"0","0","0"]'


def _statistics(kind: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe = request.params.get("period", "")
    if timeframe not in PERIODS:
        raise Refusal(error(-1130, "parameter 'period' is invalid."))
    start, end, limit = _window(request, 30, service.limits["statistics"], "parameter 'limit' is invalid.")
    oldest = service.now_ms() - service.limits["statistics_days"] * DAY_MS
    if start is not None and start < oldest - MINUTE_MS:
        raise Refusal(error(-1130, "parameter 'startTime' is invalid."))
    table = market.table(kind, timeframe)
    first = max(oldest, start or 0)
    newest = start is None or (end is not None and bool(service.limits["statistics_keep_newest"]))
    span = service.select(table, first, 2**62 if end is None else end, limit, newest)
    style = _open_interest if kind == "open_interest" else _ratio
    return service.page(table, kind, partial(style, market.identifier), span)


def _open_interest(symbol: str, table: Table, i: int) -> str:
    amount, value = table.lists["open_interest"][i], table.lists["value"][i]
    return (
        f'{{"symbol":"{symbol}","sumOpenInterest":"{amount:.8f}","sumOpenInterestValue":"{value:.8f}",'
        f'"CMCCirculatingSupply":"19900000.00000000","timestamp":{table.lists["ts"][i]}}}'
    )


def _ratio(symbol: str, table: Table, i: int) -> str:
    lists = table.lists
    return (
        f'{{"symbol":"{symbol}","longAccount":"{lists["long_share"][i]:.4f}",'
        f'"longShortRatio":"{lists["long_short_ratio"][i]:.4f}","shortAccount":"{lists["short_share"][i]:.4f}",'
        f'"timestamp":{lists["ts"][i]}}}'
    )


def _funding(service: Service, request: Request) -> Page:
    market = _market(service, request)
    bad_limit = "Data sent for parameter 'limit' is not valid."
    start, end, limit = _window(request, 100, service.limits["funding"], bad_limit)
    table = market.table("funding")
    style = partial(_funding_rate, market.identifier)
    return service.page(table, "funding", style, _select(service, table, start, end, limit))


def _funding_rate(symbol: str, table: Table, i: int) -> str:
    lists = table.lists
    return (
        f'{{"symbol":"{symbol}","fundingTime":{lists["ts"][i]},"fundingRate":"{lists["funding_rate"][i]:.8f}",'
        f'"markPrice":"{lists["mark"][i]:.8f}"}}'
    )


def _time(service: Service, request: Request) -> Reply:
    return Reply(dump({"serverTime": service.now_ms()}))


def _exchange_information(service: Service, request: Request) -> Reply:
    symbols = [_symbol(market) for market in service.truth.markets.values()]
    dated = symbols[0] | {
        "symbol": "BTCUSDT_260626",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": 1_782_460_800_000,
    }
    body = {
        "timezone": "UTC",
        "serverTime": service.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [*symbols, dated],
    }
    return Reply(dump(body))


def _symbol(market: Market) -> dict[str, object]:
    lot = {"stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"}
    return {
        "symbol": market.identifier,
        "pair": market.identifier,
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": market.listed_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "4529764", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE"} | lot,
            {"filterType": "MARKET_LOT_SIZE"} | lot,
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95", "multiplierDecimal": "4"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _leverage_brackets(service: Service, request: Request) -> Reply:
    _signed(service, request)
    names = [request.params["symbol"]] if request.params.get("symbol") else list(service.truth.markets)
    for name in names:
        service.market(name, unknown_symbol())
    return Reply(dump([{"symbol": name, "brackets": BRACKETS} for name in names]))


def _signed(service: Service, request: Request) -> None:
    key = request.headers.get("X-MBX-APIKEY")
    if not key:
        raise Refusal(error(-2014, "API-key format invalid.", 401))
    if key != API_KEY:
        raise Refusal(error(-2015, "Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1", 401))
    stamp = integer(request.params, "timestamp", _illegal)
    signature = request.params.get("signature")
    if stamp is None or not signature:
        missing = "signature" if stamp is not None else "timestamp"
        raise Refusal(error(-1102, f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed."))
    signed = request.query.rpartition("&signature=")[0]
    if not hmac.compare_digest(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest(), signature):
        raise Refusal(error(-1022, "Signature for this request is not valid."))
    late = service.now_ms() - stamp
    if late < -1000:
        raise Refusal(error(-1021, "Timestamp for this request was 1000ms ahead of the server's time."))
    if late > (integer(request.params, "recvWindow", _illegal) or 5000):
        raise Refusal(error(-1021, "Timestamp for this request is outside of the recvWindow."))


BRACKETS = [
    {
        "bracket": number,
        "initialLeverage": leverage,
        "notionalCap": cap,
        "notionalFloor": floor,
        "maintMarginRatio": rate,
        "cum": cum,
    }
    for number, leverage, cap, floor, rate, cum in (
        (1, 125, 300_000, 0, 0.004, 0.0),
        (2, 100, 800_000, 300_000, 0.005, 300.0),
        (3, 75, 3_000_000, 800_000, 0.0065, 1500.0),
        (4, 50, 12_000_000, 3_000_000, 0.01, 12_000.0),
    )
]

ROUTES = {
    "/fapi/v1/ping": lambda service, request: Reply(b"{}"),
    "/fapi/v1/time": _time,
    "/fapi/v1/exchangeInfo": _exchange_information,
    "/fapi/v1/klines": partial(_klines, "candles"),
    "/fapi/v1/markPriceKlines": partial(_klines, "mark"),
    "/futures/data/openInterestHist": partial(_statistics, "open_interest"),
    "/futures/data/globalLongShortAccountRatio": partial(_statistics, "long_short_ratio"),
    "/fapi/v1/fundingRate": _funding,
    "/fapi/v1/leverageBracket": _leverage_brackets,
}
