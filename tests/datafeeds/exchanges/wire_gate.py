"""Gate v4 futures, REST: request to reply. Bare lists, times in seconds, sizes in contracts; errors have a `label`."""

from functools import partial

from tests.datafeeds.exchanges.table import Table
from tests.datafeeds.exchanges.truth import DAY_MS, Market, period_ms
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service, dump, integer, plain

LIMITS = {
    "candles": 2000,
    "candle_reach": 10_000,
    "statistics": 100,
    "funding": 1000,
    "funding_page_days": 30,
    "funding_days": 180,
    "liquidations": 1000,
    "liquidation_seconds": 3600,
    "liquidation_days": 90,
}
"""Largest `limit` by endpoint, and how far back each reaches."""

PREFIX = "/api/v4"
INTERVALS = ("1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d")
PERIODS = ("5m", "15m", "30m", "1h", "4h", "1d")
MAINTENANCE = "0.004"


def answer(service: Service, request: Request) -> Reply | Page:
    """Answer a request; raises Refusal as the venue would."""
    path = request.path.removeprefix(PREFIX)
    if request.method == "GET" and path.startswith("/futures/usdt/contracts/"):
        return _contract(service, path.rpartition("/")[2])
    handler = ROUTES.get(path) if path != request.path and request.method == "GET" else None
    if handler is None:
        return error("NOT_FOUND", "The requested resource could not be found", 404)
    return handler(service, request)


def error(label: str, text: str | None, status: int = 400) -> Reply:
    """Return the venue's error body."""
    return Reply(dump({"label": label} | ({} if text is None else {"message": text})), status)


def unknown_symbol() -> Reply:
    """Return what is said of a contract that does not exist: a label and no message."""
    return error("CONTRACT_NOT_FOUND", None)


def rate_limited(now_ms: int) -> Reply:
    """Return the body of a 429."""
    headers = {
        "X-Gate-RateLimit-Requests-Remain": "0",
        "X-Gate-RateLimit-Limit": "200",
        "X-Gate-RateLimit-Reset-Timestamp": str(now_ms // 1000 + 1),
    }
    return Reply(dump({"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"}), 429, headers)


def banned(until_ms: int) -> Reply:
    """Return the nearest that this venue has to a ban."""
    return error("FORBIDDEN", "IP has been temporarily blocked", 403)


def server_error(status: int) -> Reply:
    """Return the venue's own 5xx, or a gateway's."""
    if status in (500, 503):
        label = "SERVER_ERROR" if status == 500 else "TOO_BUSY"
        return error(label, "Internal server error", status)
    return Reply(b"<html><head><title>502 Bad Gateway</title></head></html>", status, content_type="text/html")


def _invalid(text: str) -> Reply:
    return error("INVALID_PARAM_VALUE", text)


def _bad(name: str) -> Reply:
    return _invalid(f"Invalid request parameter `{name}` value")


def _market(service: Service, request: Request, prefix: str = "") -> Market:
    name = request.params.get("contract", "")
    if not name:
        raise Refusal(error("MISSING_REQUIRED_PARAM", "Missing required parameter: contract"))
    return service.market(name.removeprefix(prefix), unknown_symbol())


def _limit(request: Request, default: int, largest: int) -> int:
    limit = integer(request.params, "limit", _bad)
    limit = default if limit is None else limit
    if not 1 <= limit <= largest:
        raise Refusal(_invalid(f"Invalid request parameter `limit` value: {limit}"))
    return limit


def _sizes(request: Request) -> str:
    """Sizes are text for those who send the header (as ccxt does), else whole numbers."""
    return '"' if request.headers.get("X-Gate-Size-Decimal") == "1" else ""


def _candles(service: Service, request: Request) -> Page:
    marked = request.params.get("contract", "").startswith("mark_")
    market = _market(service, request, "mark_")
    timeframe = request.params.get("interval", "5m")
    if timeframe not in INTERVALS:
        raise Refusal(_bad("interval"))
    first, last = _span(service, request, period_ms(timeframe) // 1000)
    table = market.table("mark" if marked else "candles", timeframe)
    span = service.select(table, first * 1000, last * 1000, service.limits["candles"], newest=False)
    style = _mark_candle if marked else partial(_candle, _sizes(request))
    return service.page(table, "candle" + _sizes(request), style, span)


def _span(service: Service, request: Request, step: int) -> tuple[int, int]:
    """Return the first and the last second of the candles asked for."""
    start, end = (integer(request.params, name, _bad) for name in ("from", "to"))
    now = service.now_ms() // 1000
    if (start is not None or end is not None) and "limit" in request.params:
        raise Refusal(_invalid(f"Invalid request parameter `limit` value: {request.params['limit']}"))
    if start is None and end is None:
        return now - step * _limit(request, 100, service.limits["candles"]) + 1, now
    end = now if end is None else end
    start = end - 100 * step if start is None else start
    if start > end:
        raise Refusal(_invalid("Invalid request parameter `from` value: from is later than to"))
    if end // step - -(-start // step) + 1 > service.limits["candles"]:
        most = service.limits["candles"]
        text = f"Candlestick range too broad. Maximum {most} data points are allowed per request"
        raise Refusal(_invalid(text))
    if start < now - service.limits["candle_reach"] * step:
        most = service.limits["candle_reach"]
        raise Refusal(_invalid(f"Candlestick too long ago. Maximum {most} points recently are allowed"))
    return start, end


def _candle(quote: str, table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    return (
        f'{{"o":"{plain(row["open"])}","v":{quote}{int(row["volume"])}{quote},"t":{row["ts"] // 1000},'
        f'"c":"{plain(row["close"])}","l":"{plain(row["low"])}","h":"{plain(row["high"])}",'
        f'"sum":"{plain(row["quote_volume"])}"}}'
    )


def _mark_candle(table: Table, i: int) -> str:
    prices = ",".join(f'"{name[0]}":"{plain(table.lists[name][i])}"' for name in ("open", "close", "low", "high"))
    return f'{{{prices},"t":{table.lists["ts"][i] // 1000}}}'


def _statistics(service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe = request.params.get("interval", "5m")
    if timeframe not in PERIODS:
        raise Refusal(_bad("interval"))
    start = integer(request.params, "from", _bad)
    limit = _limit(request, 30, service.limits["statistics"])
    table = market.table("statistics", timeframe)
    span = service.select(table, (start or 0) * 1000, 2**62, limit, newest=start is None)
    style = partial(_statistic, market.contract_size, _sizes(request))
    return service.page(table, "statistic" + _sizes(request), style, span)


def _statistic(size: float, quote: str, table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    price = row["value"] / row["base"]
    long, short = int(row["liquidated_long"]), int(row["liquidated_short"])
    return (
        f'{{"time":{row["ts"] // 1000},"lsr_taker":1.0127,"lsr_account":{plain(row["long_short_ratio"])},'
        f'"long_liq_size":{quote}{long}{quote},"long_liq_amount":{plain(long * size)},'
        f'"long_liq_usd":{plain(long * size * price)},"short_liq_size":{quote}{short}{quote},'
        f'"short_liq_amount":{plain(short * size)},"short_liq_usd":{plain(short * size * price)},'
        f'"open_interest":{quote}{int(row["open_interest"])}{quote},"open_interest_usd":{plain(row["value"])},'
        f'"top_lsr_account":1.05,"top_lsr_size":{quote}1.02{quote},"mark_price":{plain(price)}}}'
    )


def _funding(service: Service, request: Request) -> Page:
    market = _market(service, request)
    limit = _limit(request, 100, service.limits["funding"])
    start, end = (integer(request.params, name, _bad) for name in ("from", "to"))
    now = service.now_ms()
    if start is not None and start * 1000 < now - service.limits["funding_days"] * DAY_MS:
        raise Refusal(_invalid(f"from time exceeds {service.limits['funding_days']}-day limit"))
    last = now if end is None else end * 1000
    first = max((start or 0) * 1000, last - service.limits["funding_page_days"] * DAY_MS)
    table = market.table("funding")
    span = service.select(table, first, last, limit, newest=True)
    return service.page(table, "funding", _funding_rate, span, descending=True)


def _funding_rate(table: Table, i: int) -> str:
    return f'{{"r":"{plain(table.lists["funding_rate"][i])}","t":{table.lists["ts"][i] // 1000}}}'


def _liquidations(service: Service, request: Request) -> Page:
    market = _market(service, request)
    limit = _limit(request, 100, service.limits["liquidations"])
    start, end = (integer(request.params, name, _bad) for name in ("from", "to"))
    now, most = service.now_ms(), service.limits["liquidation_seconds"]
    end = now // 1000 if end is None else end
    start = end - most if start is None else start
    if end - start > most:
        raise Refusal(_invalid("range from/to must in 1 hour"))
    first = max(start * 1000, now - service.limits["liquidation_days"] * DAY_MS)
    table = market.table("liquidations")
    span = service.select(table, first, end * 1000, limit, newest=True)
    style = partial(_liquidation, market.identifier, _sizes(request))
    return service.page(table, "liquidation" + _sizes(request), style, span, descending=True)


def _liquidation(name: str, quote: str, table: Table, i: int) -> str:
    """`size` is the position's (positive: a long was liquidated), `order_size` the order's that closed it."""
    lists = table.lists
    size, price = int(lists["size"][i] * lists["side"][i]), plain(lists["price"][i])
    return (
        f'{{"time":{lists["ts"][i] // 1000},"contract":"{name}","size":{quote}{size}{quote},'
        f'"order_size":{quote}{-size}{quote},"order_price":"{price}","fill_price":"{price}","left":{quote}0{quote}}}'
    )


def _contract(service: Service, name: str) -> Reply:
    return Reply(dump(_described(service.market(name, unknown_symbol()))))


def _contracts(service: Service, request: Request) -> Reply:
    return Reply(dump([_described(market) for market in service.truth.markets.values()]))


def _described(market: Market) -> dict[str, object]:
    return {
        "name": market.identifier,
        "type": "direct",
        "status": "trading",
        "quanto_multiplier": plain(market.contract_size),
        "mark_type": "index",
        "mark_price": "60000.12",
        "index_price": "60001.1",
        "order_price_round": "0.01",
        "mark_price_round": "0.01",
        "order_price_deviate": "0.2",
        "order_size_min": 1,
        "enable_decimal": False,
        "leverage_min": "1",
        "leverage_max": "125",
        "maintenance_rate": MAINTENANCE,
        "risk_limit_step": "1000000",
        "risk_limit_max": "3000000",
        "maker_fee_rate": "-0.0001",
        "taker_fee_rate": "0.00075",
        "funding_interval": 28800,
        "funding_rate": "0.0001",
        "funding_next_apply": 1_772_467_200,
        "funding_offset": 0,
        "interest_rate": "0.0003",
        "create_time": market.listed_ms // 1000,
        "launch_time": market.listed_ms // 1000,
        "in_delisting": False,
        "is_pre_market": False,
        "orders_limit": 100,
    }


def _tiers(service: Service, request: Request) -> Reply:
    if "contract" in request.params:
        _market(service, request)
        return Reply(dump([dict(tier) for tier in TIERS]))
    names = list(service.truth.markets)[integer(request.params, "offset", _bad) or 0 :]
    return Reply(dump([tier | {"contract": name} for name in names for tier in TIERS]))


TIERS = tuple(
    dict(zip(("tier", "risk_limit", "initial_rate", "maintenance_rate", "leverage_max", "deduction"), row, strict=True))
    for row in (
        (1, "1000000", "0.008", MAINTENANCE, "125", "0"),
        (2, "2000000", "0.01", "0.005", "100", "1000"),
        (3, "3000000", "0.0133", "0.0067", "75", "4400"),
    )
)

ROUTES = {
    "/spot/time": lambda service, request: Reply(dump({"server_time": service.now_ms()})),
    "/futures/usdt/contracts": _contracts,
    "/futures/btc/contracts": lambda service, request: Reply(b"[]"),
    "/futures/usdt/candlesticks": _candles,
    "/futures/usdt/contract_stats": _statistics,
    "/futures/usdt/funding_rate": _funding,
    "/futures/usdt/liq_orders": _liquidations,
    "/futures/usdt/risk_limit_tiers": _tiers,
}
