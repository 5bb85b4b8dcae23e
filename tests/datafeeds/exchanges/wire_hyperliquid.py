"""Hyperliquid, REST: everything is POST /info with a `type`. Ascending bare lists; errors are text or `null`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.datafeeds.exchanges.table import Table
from tests.datafeeds.exchanges.truth import Market, period_ms
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service, dump, plain

LIMITS = {"candles": 500, "candle_reach": 5000, "funding": 500}
"""Rows of a reply, counted from the start, and how many of the most recent candles exist."""

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d")


def answer(service: Service, request: Request) -> Reply | Page:
    """Answer a request; raises Refusal as the venue would."""
    if request.path != "/info" or request.method != "POST":
        return Reply(b"", 404, content_type="text/plain")
    handler = TYPES.get(request.body.get("type")) if isinstance(request.body, dict) else None
    if handler is None:
        raise Refusal(unreadable())
    return handler(service, request.body)


def unreadable() -> Reply:
    """Return the refusal of a body that is not understood."""
    text = b"Failed to deserialize the JSON body into the target type"
    return Reply(text, 422, content_type="text/plain")


def unknown_symbol() -> Reply:
    """Return what is said of a coin that does not exist: HTTP 500 and `null`."""
    return Reply(b"null", 500)


def rate_limited(now_ms: int) -> Reply:
    """Return a 429."""
    return Reply(b"null", 429)


def banned(until_ms: int) -> Reply:
    """Return the nearest that this venue has to a ban."""
    return Reply(b"<html><title>403 Forbidden</title></html>", 403, content_type="text/html")


def server_error(status: int) -> Reply:
    """Return a 5xx."""
    return Reply(b"<html><head><title>502 Bad Gateway</title></head></html>", status, content_type="text/html")


def _time(body: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if type(value) is not int or value < 0:
        raise Refusal(unreadable())
    return value


def _candles(service: Service, body: Mapping[str, Any]) -> Page:
    wanted = body.get("req")
    if not isinstance(wanted, dict) or wanted.get("interval") not in INTERVALS:
        raise Refusal(unreadable())
    market = service.market(wanted.get("coin"), unknown_symbol())
    step = period_ms(wanted["interval"])
    now = service.now_ms()
    first, last = _time(wanted, "startTime"), _time(wanted, "endTime", now)
    first = max(first, (now // step - service.limits["candle_reach"] + 1) * step)
    table = market.table("candles", wanted["interval"])
    span = service.select(table, first, last, service.limits["candles"], newest=False)
    return service.page(table, "candle", partial(_candle, market.base, wanted["interval"]), span)


def _candle(coin: str, interval: str, table: Table, i: int) -> str:
    row = {name: values[i] for name, values in table.lists.items()}
    prices = ",".join(f'"{name[0]}":"{_decimal(row[name])}"' for name in ("open", "close", "high", "low"))
    return (
        f'{{"t":{row["ts"]},"T":{row["ts"] + table.period_ms - 1},"s":"{coin}","i":"{interval}",{prices},'
        f'"v":"{_decimal(row["volume"])}","n":{int(row["trades"])}}}'
    )


def _decimal(value: float) -> str:
    """Write a number as this venue does: 2 is ``2.0``."""
    text = plain(value)
    return text if "." in text else text + ".0"


def _funding(service: Service, body: Mapping[str, Any]) -> Page:
    market = service.market(body.get("coin"), unknown_symbol())
    first, last = _time(body, "startTime"), _time(body, "endTime", service.now_ms())
    table = market.table("funding")
    span = service.select(table, first, last, service.limits["funding"], newest=False)
    return service.page(table, "funding", partial(_funding_rate, market.base), span)


def _funding_rate(coin: str, table: Table, i: int) -> str:
    lists = table.lists
    rates = f'"fundingRate":"{plain(lists["funding_rate"][i])}","premium":"{plain(lists["premium"][i])}"'
    return f'{{"coin":"{coin}",{rates},"time":{lists["ts"][i]}}}'


def _meta(service: Service) -> dict[str, object]:
    universe: list[dict[str, object]] = [_asset(market) for market in service.truth.markets.values()]
    universe.append({"szDecimals": 1, "name": "MATIC", "maxLeverage": 20, "marginTableId": 20, "isDelisted": True})
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]
    tables = [[56, {"description": "tiered 40x", "marginTiers": tiers}]]
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def _asset(market: Market) -> dict[str, object]:
    return {"szDecimals": 5 if market.base == "BTC" else 4, "name": market.base, "maxLeverage": 40, "marginTableId": 56}


def _contexts(service: Service) -> list[dict[str, object]]:
    return [
        {
            "funding": "0.0000125",
            "openInterest": "10764.48",
            "prevDayPx": "59811.0",
            "dayNtlVlm": "9450588.2273",
            "premium": "0.00055561",
            "oraclePx": "60000.0",
            "markPx": "60001.0",
            "midPx": "60001.5",
            "impactPxs": ["60001.0", "60002.0"],
            "dayBaseVlm": "157.5",
        }
        for _ in [*service.truth.markets, "MATIC"]
    ]


SPOT_META = {
    "tokens": [
        {
            "name": name,
            "szDecimals": decimals,
            "weiDecimals": wei,
            "index": index,
            "tokenId": f"0x{index:032x}",
            "isCanonical": True,
            "evmContract": None,
            "fullName": None,
        }
        for index, (name, decimals, wei) in enumerate((("USDC", 8, 8), ("PURR", 0, 5)))
    ],
    "universe": [{"name": "PURR/USDC", "tokens": [1, 0], "index": 0, "isCanonical": True}],
}
SPOT_CONTEXTS = [{"dayNtlVlm": "8906.0", "markPx": "0.14", "midPx": "0.209265", "prevDayPx": "0.20432"}]

TYPES = {
    "meta": lambda service, body: Reply(dump(_meta(service))),
    "metaAndAssetCtxs": lambda service, body: Reply(dump([_meta(service), _contexts(service)])),
    "spotMeta": lambda service, body: Reply(dump(SPOT_META)),
    "spotMetaAndAssetCtxs": lambda service, body: Reply(dump([SPOT_META, SPOT_CONTEXTS])),
    "perpDexs": lambda service, body: Reply(b"[null]"),
    "exchangeStatus": lambda service, body: Reply(dump({"specialStatuses": None, "time": service.now_ms()})),
    "candleSnapshot": _candles,
    "fundingHistory": _funding,
}
