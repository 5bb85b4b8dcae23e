"""OKX v5's wire format, after its documentation and ccxt's samples: newest first, exclusive bounds, contracts of 0.01 BTC."""

from typing import Any

from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import START_MS, Truth, at, text

_INSTRUMENT = {
    "alias": "", "baseCcy": "", "category": "1", "ctMult": "1", "ctType": "linear", "ctVal": "0.01", "ctValCcy": "BTC",
    "expTime": "", "instFamily": "BTC-USDT", "instId": "BTC-USDT-SWAP", "instType": "SWAP", "lever": "100",
    "listTime": str(START_MS), "lotSz": "0.01", "maxLmtSz": "100000000", "minSz": "0.01", "optType": "", "quoteCcy": "",
    "settleCcy": "USDT", "state": "live", "stk": "", "tickSz": "0.1", "uly": "BTC-USDT", "ruleType": "normal",
}  # fmt: skip


def speak(truth: Truth, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as OKX does."""
    path = path.removeprefix("/api/v5/")
    if path == "public/time":
        return plain(_ok([{"ts": str(truth.now_ms)}]))
    if path == "public/instruments":
        return plain(_ok([_INSTRUMENT]))
    if query.get("instId", query.get("instFamily")) not in ("BTC-USDT-SWAP", "BTC-USDT"):
        return plain({"code": "51001", "msg": "Instrument ID does not exist.", "data": []})
    makers = {
        "market/history-candles": (_candles, "before", "after"), "market/history-mark-price-candles": (_marks, "before", "after"),
        "rubik/stat/contracts/open-interest-history": (_interest, "begin", "end"),
        "rubik/stat/contracts/long-short-account-ratio-contract": (_ratio, "begin", "end"),
        "public/funding-rate-history": (_funding, "before", "after"),
    }  # fmt: skip
    make, first, last = makers[path]
    limit = int(query.get("limit", 100))
    if limit > {"market/history-candles": 300, "public/funding-rate-history": 400}.get(path, 100):
        return plain({"code": "51000", "msg": "Parameter limit error", "data": []})
    start, end = int(query.get(first, 0)), int(query.get(last, 2**53))
    stamped = make(truth)[::-1]
    return Reply(_ok, [row for stamp, row in stamped if start < stamp < end], limit, [row for _, row in stamped])


def _ok(rows: list[Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": rows}


def _done(truth: Truth, hour: float) -> str:
    return "1" if at(hour + 1) <= truth.now_ms else "0"


def _candles(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (at(hour), [str(at(hour)), *map(text, prices), text(size), text(round(size / 100, 4)), "1", _done(truth, hour)])
        for hour, *prices, size in truth.candles
    ]


def _marks(truth: Truth) -> list[tuple[int, Any]]:
    return [(at(row[0]), [str(at(row[0])), *map(text, row[1:5]), _done(truth, row[0])]) for row in truth.marks]


def _interest(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (at(hour), [str(at(hour)), text(size), text(round(size / 100, 4)), "1"]) for hour, size, _ in truth.snapshots
    ]


def _ratio(truth: Truth) -> list[tuple[int, Any]]:
    return [(at(hour), [str(at(hour)), text(ratio)]) for hour, _, ratio in truth.snapshots]


def _funding(truth: Truth) -> list[tuple[int, Any]]:
    return [
        (at(hour), {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "fundingRate": "0.009", "realizedRate": text(rate),
                    "fundingTime": str(at(hour)), "method": "current_period"})
        for hour, rate in truth.funding
    ]  # fmt: skip
