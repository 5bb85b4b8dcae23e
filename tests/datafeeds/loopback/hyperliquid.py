"""Hyperliquid's wire format, after its documentation and ccxt's samples: everything is a POST to /info."""

from typing import Any

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import HOUR_MS, LATE_MS, Truth, at, text


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Hyperliquid does."""
    kind = body.get("type")
    if kind == "metaAndAssetCtxs":
        universe = [{"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56}]
        context = {"funding": "0.0000125", "openInterest": "688.11", "prevDayPx": "61000", "dayNtlVlm": "1", "premium": "0.0003",
                   "oraclePx": "61000", "markPx": "61000", "midPx": "61000", "impactPxs": ["61000", "61001"]}  # fmt: skip
        return plain([{"universe": universe, "marginTables": []}, [context]])
    if kind == "exchangeStatus":
        return plain({"time": truth.now_ms, "specialStatuses": None})
    if kind == "candleSnapshot":
        asked, stamped, limit = body["req"], _candles(truth), 5000
    elif kind == "fundingHistory":
        asked, stamped, limit = body, _funding(truth), 500
    else:
        return plain("Failed to deserialize the JSON body into the target type", 422)
    if asked["coin"] != "BTC":
        return plain(None, 500)
    start, end = int(asked["startTime"]), int(asked.get("endTime", 2**53))
    return Reply(
        lambda rows: rows, [row for stamp, row in stamped if start <= stamp <= end], limit, [row for _, row in stamped]
    )


def _candles(truth: Truth) -> list[tuple[int, Any]]:
    rows = []
    for hour, *prices, size in truth.candles:
        opened, high, low, close = map(text, prices)
        prices_named = {"o": opened, "c": close, "h": high, "l": low}
        times = {"t": at(hour), "T": at(hour) + HOUR_MS - 1, "s": "BTC", "i": "1h"}
        rows.append((at(hour), {**times, **prices_named, "v": text(size), "n": 189}))
    return rows


def _funding(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (
            at(hour) + LATE_MS,
            {"coin": "BTC", "fundingRate": text(rate), "premium": "0.0003", "time": at(hour) + LATE_MS},
        )
        for hour, rate in truth.funding
    ]
