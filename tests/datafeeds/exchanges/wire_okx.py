"""OKX v5, REST: request to reply. {"code", "msg", "data"}, everything text, newest first, bounds exclusive."""

from functools import partial

from tests.datafeeds.exchanges.table import Table
from tests.datafeeds.exchanges.truth import DAY_MS, HOUR_MS, Market, period_ms
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service, dump, integer, plain

LIMITS = {
    "history": 300,
    "recent": 300,
    "recent_rows": 1440,
    "mark": 100,
    "statistics": 100,
    "statistics_rows": 1440,
    "funding": 400,
    "funding_days": 92,
    "liquidations": 100,
    "liquidation_days": 1,
}
"""Largest `limit` by endpoint (a larger one is taken as this: assumption), and how far back each reaches."""

HONG_KONG_MS = 8 * HOUR_MS
"""Bars of six hours and more open at UTC+8 unless their name ends in `utc`."""

SHORT_BARS = {"1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1H": "1h", "2H": "2h", "4H": "4h"}
LONG_BARS = {"6H": "6h", "12H": "12h", "1D": "1d"}


def answer(service: Service, request: Request) -> Reply | Page:
    """Answer a request; raises Refusal as the venue would."""
    handler = ROUTES.get(request.path)
    if handler is None or request.method != "GET":
        return Reply(dump({"msg": "API endpoint request timeout", "code": "50004"}), 404)
    return handler(service, request)


def error(code: str, text: str, status: int = 200) -> Reply:
    """Return the venue's error body."""
    return Reply(dump({"code": code, "msg": text, "data": []}), status)


def unknown_symbol() -> Reply:
    """Return what is said of an instrument that does not exist."""
    return error("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def rate_limited(now_ms: int) -> Reply:
    """Return the body of a 429."""
    return Reply(dump({"msg": "Too Many Requests", "code": "50011"}), 429)


def banned(until_ms: int) -> Reply:
    """Return the nearest that this venue has to a ban."""
    return rate_limited(until_ms)


def server_error(status: int) -> Reply:
    """Return the venue's own 5xx, or a gateway's."""
    if status == 503:
        return error("50001", "Service temporarily unavailable. Try again later", 503)
    if status == 500:
        return error("50026", "System error. Try again later.", 500)
    return Reply(b"<html><head><title>502 Bad Gateway</title></head></html>", status, content_type="text/html")


def _bad(name: str) -> Reply:
    return error("51000", f"Parameter {name} error", 400)


def _market(service: Service, request: Request) -> Market:
    if not request.params.get("instId"):
        raise Refusal(error("50014", "Parameter instId can not be empty.", 400))
    return service.market(request.params["instId"], unknown_symbol())


def _bar(text: str) -> tuple[str, int]:
    """Return the timeframe of a bar's name and by how much its days are shifted."""
    if text in SHORT_BARS:
        return SHORT_BARS[text], 0
    if text.removesuffix("utc") in LONG_BARS:
        return LONG_BARS[text.removesuffix("utc")], 0 if text.endswith("utc") else HONG_KONG_MS
    raise Refusal(_bad("bar"))


def _window(
    service: Service, request: Request, names: tuple[str, str], most: str, default: int
) -> tuple[int, int, int]:
    """Return both bounds as inclusive times, from the exclusive ones of the request, and the limit."""
    after = integer(request.params, names[0], _bad)
    before = integer(request.params, names[1], _bad)
    limit = integer(request.params, "limit", _bad)
    if limit is not None and limit < 1:
        raise Refusal(_bad("limit"))
    first = 0 if before is None else before + 1
    last = 2**62 if after is None else after - 1
    return first, last, min(default if limit is None else limit, service.limits[most])


def _wrapped(rows: bytes) -> bytes:
    return b'{"code":"0","msg":"","data":' + rows + b"}"


def _candles(kind: str, most: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    timeframe, shift = _bar(request.params.get("bar", "1m"))
    first, last, limit = _window(service, request, ("after", "before"), most, 100)
    table = market.table(kind, timeframe, shift)
    if most == "recent":
        end = table.between(0, service.now_ms())[1]
        first = max(first, table.lists["ts"][max(0, end - service.limits["recent_rows"])])
    span = service.select(table, first, last, limit, newest=True)
    # Whether a candle is finished stands in it: `confirm`. One that is not is never kept, so the style may say 1.
    style = partial(_candle if kind == "candles" else _mark_candle, service)
    return service.page(table, f"candle {kind}", style, span, descending=True, envelope=_wrapped)


def _texts(service: Service, table: Table, i: int, names: tuple[str, ...]) -> str:
    ts = table.lists["ts"][i]
    fields = [str(ts), *(plain(table.lists[name][i]) for name in names)]
    fields.append("1" if ts + table.period_ms <= service.now_ms() else "0")
    return "[" + ",".join(f'"{text}"' for text in fields) + "]"


def _candle(service: Service, table: Table, i: int) -> str:
    names = ("open", "high", "low", "close", "volume", "base_volume", "quote_volume")
    return _texts(service, table, i, names)


def _mark_candle(service: Service, table: Table, i: int) -> str:
    return _texts(service, table, i, ("open", "high", "low", "close"))


def _statistics(kind: str, service: Service, request: Request) -> Page:
    market = _market(service, request)
    period = request.params.get("period", "5m")
    timeframe, shift = _bar(period)
    if period_ms(timeframe) < period_ms("5m"):
        raise Refusal(_bad("period"))
    first, last, limit = _window(service, request, ("end", "begin"), "statistics", 100)
    table = market.table(kind, timeframe, shift)
    end = table.between(0, service.now_ms())[1]
    if end:
        first = max(first, table.lists["ts"][max(0, end - service.limits["statistics_rows"])])
    span = service.select(table, first, last, limit, newest=True)
    style = _open_interest if kind == "open_interest" else _ratio
    return service.page(table, kind, style, span, descending=True, envelope=_wrapped)


def _open_interest(table: Table, i: int) -> str:
    lists = table.lists
    amounts = ",".join(f'"{plain(lists[name][i])}"' for name in ("open_interest", "base", "value"))
    return f'["{lists["ts"][i]}",{amounts}]'


def _ratio(table: Table, i: int) -> str:
    return f'["{table.lists["ts"][i]}","{plain(table.lists["long_short_ratio"][i])}"]'


def _funding(service: Service, request: Request) -> Page:
    market = _market(service, request)
    first, last, limit = _window(service, request, ("after", "before"), "funding", 100)
    first = max(first, service.now_ms() - service.limits["funding_days"] * DAY_MS)
    table = market.table("funding")
    span = service.select(table, first, last, limit, newest=True)
    style = partial(_funding_rate, market.identifier)
    return service.page(table, "funding", style, span, descending=True, envelope=_wrapped)


def _funding_rate(symbol: str, table: Table, i: int) -> str:
    """The rate that was paid is `realizedRate`; `fundingRate` is what had been predicted."""
    lists = table.lists
    return (
        f'{{"formulaType":"withRate","fundingRate":"{plain(lists["predicted_rate"][i])}",'
        f'"fundingTime":"{lists["ts"][i]}","instId":"{symbol}","instType":"SWAP","method":"current_period",'
        f'"realizedRate":"{plain(lists["funding_rate"][i])}"}}'
    )


def _family(service: Service, request: Request) -> Market:
    family = request.params.get("instFamily") or request.params.get("uly")
    if request.params.get("instType") != "SWAP":
        raise Refusal(_bad("instType"))
    if not family:
        raise Refusal(error("50014", "Parameter uly or instFamily can not be empty.", 400))
    return service.market(f"{family}-SWAP", error("51014", "Index doesn't exist."))


def _liquidations(service: Service, request: Request) -> Page:
    market = _family(service, request)
    if request.params.get("state") not in ("filled", "unfilled"):
        raise Refusal(_bad("state"))
    first, last, limit = _window(service, request, ("after", "before"), "liquidations", 100)
    first = max(first, service.now_ms() - service.limits["liquidation_days"] * DAY_MS)
    table = market.table("liquidations")
    span = service.select(table, first, last, limit if request.params["state"] == "filled" else 0, newest=True)
    family = market.identifier.removesuffix("-SWAP")
    head = b'{"code":"0","data":[{"details":'
    names = {"instFamily": family, "instId": market.identifier, "instType": "SWAP", "totalLoss": "0", "uly": family}
    tail = b"," + dump(names)[1:] + b'],"msg":""}'
    envelope = partial(_around, head, tail)
    return service.page(table, "liquidations", _liquidation, span, descending=True, envelope=envelope)


def _around(head: bytes, tail: bytes, rows: bytes) -> bytes:
    return head + rows + tail


def _liquidation(table: Table, i: int) -> str:
    lists = table.lists
    sides = ("long", "sell") if lists["side"][i] > 0 else ("short", "buy")
    ts = lists["ts"][i]
    return (
        f'{{"bkLoss":"0","bkPx":"{plain(lists["price"][i])}","ccy":"","posSide":"{sides[0]}","side":"{sides[1]}",'
        f'"sz":"{plain(lists["size"][i])}","time":"{ts}","ts":"{ts}"}}'
    )


def _time(service: Service, request: Request) -> Reply:
    return Reply(dump({"code": "0", "data": [{"ts": str(service.now_ms())}], "msg": ""}))


def _instruments(service: Service, request: Request) -> Reply:
    kind = request.params.get("instType")
    if kind not in ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"):
        raise Refusal(_bad("instType"))
    rows = [_instrument(market) for market in service.truth.markets.values()] if kind == "SWAP" else []
    wanted = request.params.get("instId")
    rows = [row for row in rows if wanted in (None, row["instId"])]
    if wanted and not rows:
        raise Refusal(unknown_symbol())
    return Reply(_wrapped(dump(rows)))


def _instrument(market: Market) -> dict[str, object]:
    family = market.identifier.removesuffix("-SWAP")
    return {
        "alias": "",
        "baseCcy": "",
        "category": "1",
        "contTdSwTime": str(market.listed_ms),
        "ctMult": "1",
        "ctType": "linear",
        "ctVal": plain(market.contract_size),
        "ctValCcy": market.base,
        "expTime": "",
        "futureSettlement": False,
        "instFamily": family,
        "instId": market.identifier,
        "instIdCode": 10459,
        "instType": "SWAP",
        "lever": "100",
        "listTime": str(market.listed_ms),
        "lotSz": "0.01",
        "maxLmtSz": "100000000",
        "maxMktSz": "16000",
        "minSz": "0.01",
        "openType": "",
        "optType": "",
        "quoteCcy": "",
        "ruleType": "normal",
        "settleCcy": "USDT",
        "state": "live",
        "stk": "",
        "tickSz": "0.01",
        "uly": family,
    }


def _tiers(service: Service, request: Request) -> Reply:
    market = _family(service, request)
    if request.params.get("tdMode") not in ("cross", "isolated"):
        raise Refusal(_bad("tdMode"))
    family = market.identifier.removesuffix("-SWAP")
    names = ("tier", "minSz", "maxSz", "mmr", "imr", "maxLever")
    blank = {"baseMaxLoan": "", "quoteMaxLoan": "", "optMgnFactor": "0", "instId": "", "instFamily": family}
    rows = [blank | {"uly": family} | dict(zip(names, tier, strict=True)) for tier in TIERS]
    return Reply(_wrapped(dump(rows)))


TIERS = (
    ("1", "0", "1000", "0.004", "0.01", "100"),
    ("2", "1000.01", "5000", "0.005", "0.0133333333333333", "75"),
    ("3", "5000.01", "10000", "0.0075", "0.02", "50"),
)
"""Sizes in contracts."""

ROUTES = {
    "/api/v5/public/time": _time,
    "/api/v5/public/instruments": _instruments,
    "/api/v5/market/candles": partial(_candles, "candles", "recent"),
    "/api/v5/market/history-candles": partial(_candles, "candles", "history"),
    "/api/v5/market/mark-price-candles": partial(_candles, "mark", "mark"),
    "/api/v5/market/history-mark-price-candles": partial(_candles, "mark", "mark"),
    "/api/v5/rubik/stat/contracts/open-interest-history": partial(_statistics, "open_interest"),
    "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract": partial(_statistics, "long_short_ratio"),
    "/api/v5/public/funding-rate-history": _funding,
    "/api/v5/public/liquidation-orders": _liquidations,
    "/api/v5/public/position-tiers": _tiers,
}
