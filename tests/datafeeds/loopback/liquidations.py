"""Venues that tell single liquidations: what they know, how they word it, and what the catalog must hold of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from datafeeds.catalog.rows import complete
from datafeeds.series import Rows, Series
from tests.datafeeds.loopback import okx
from tests.datafeeds.loopback.reply import Reply, plain
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, text

HOURS = 20


@dataclass(frozen=True)
class Events:
    """One perpetual's liquidations.

    Attributes
    ----------
    rows
        (n, 5) milliseconds since `START_MS`, side (+1 a long), price, size in the venue's unit, entry price; sorted by time,
        several in an instant and more than a page within an hour.
    now_ms
        The venue's clock, an hour after the last.
    """

    rows: np.ndarray
    now_ms: int = START_MS + HOURS * HOUR_MS


def make_events(seed: int, count: int = 260) -> Events:
    """Return liquidations of `HOURS` less one hours; two thirds of them in one."""
    random = np.random.default_rng(seed)
    calm, busy = random.integers(0, (HOURS - 1) * HOUR_MS, count // 3), random.integers(0, HOUR_MS, count - count // 3)
    ts = np.sort(np.r_[calm, busy + 5 * HOUR_MS])
    ts[1::9] = ts[0::9][: len(ts[1::9])]  # pairs in one instant
    price = np.round(60_000 + random.standard_normal(count) * 300, 1)
    side = random.choice([1.0, -1.0], count)
    size = random.integers(1, 9000, count).astype(np.float64)
    return Events(np.column_stack([np.sort(ts), side, price, size, np.round(price * (1 + side * 0.02), 1)]))


def _ms(row: np.ndarray) -> int:
    return START_MS + int(row[0])


def speak_okx(truth: Events, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as OKX does: details of the contracts of a family, newest first, by exclusive bounds."""
    if not path.endswith("public/liquidation-orders"):
        return okx.speak(truth, path, query, body)  # type: ignore[arg-type]
    if query.get("instFamily") != "BTC-USDT" or query.get("state") != "filled" or query.get("instType") != "SWAP":
        return plain({"code": "50015", "msg": "Either parameter uly or instFamily is required", "data": []})
    about = {
        "instFamily": "BTC-USDT",
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "totalLoss": "0",
        "uly": "BTC-USDT",
    }

    def worded(row: np.ndarray) -> dict[str, str]:
        long = row[1] > 0
        return {"bkLoss": "0", "bkPx": text(row[2]), "ccy": "", "posSide": "long" if long else "short",
                "side": "sell" if long else "buy", "sz": text(row[3]), "ts": str(_ms(row)), "time": _ms(row)}  # fmt: skip

    newest = truth.rows[::-1]
    inside = [worded(row) for row in newest if int(query["before"]) < _ms(row) < int(query["after"])]
    wrap = lambda rows: {"code": "0", "msg": "", "data": [{**about, "details": rows}] if rows else []}  # noqa: E731
    return Reply(wrap, inside, int(query["limit"]), [worded(row) for row in newest])


def speak_bitfinex(truth: Events, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Bitfinex does: all contracts in one list, newest first, each closing after its trigger."""
    if path.endswith("platform/status"):
        return plain([1])
    if "conf/" in path:
        return plain([[["BTCUSD", _LIMITS]], [["BTCF0:USTF0", _LIMITS], ["ETHF0:USTF0", _LIMITS]], [], []])
    listed = []
    for number, row in enumerate(truth.rows):
        for contract, match in (("tBTCF0:USTF0", 0), ("tBTCF0:USTF0", 1), ("tETHF0:USTF0", 1)):
            amount = row[1] * row[3] / 1000
            fields = ["pos", 171_000_000 + number, _ms(row), None, contract, amount, row[4], None, match, 1, None]
            listed.append((_ms(row), [[*fields, row[2] if match else None]]))
    inside = [row for stamp, row in listed[::-1] if int(query["start"]) <= stamp <= int(query["end"])]
    return Reply(lambda rows: rows, inside, min(int(query["limit"]), 500), [row for _, row in listed])


def _trades(truth: Events, worded: Callable[[int, int, np.ndarray, bool], dict[str, Any]]) -> list[tuple[int, Any]]:
    """Return trades, newest first: of each second one that is no liquidation, and the liquidations."""
    calm = np.column_stack(
        [np.arange(0, HOURS * HOUR_MS, 60_000.0), *np.ones((2, HOURS * 60)), *np.ones((2, HOURS * 60))]
    )
    rows = [(row, True) for row in truth.rows] + [(row, False) for row in calm]
    rows.sort(key=lambda pair: pair[0][0])
    return [(_ms(row), worded(number, _ms(row), row, forced)) for number, (row, forced) in enumerate(rows)][::-1]


def speak_deribit(truth: Events, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as Deribit does; every third liquidation is the maker's, every seventh is of both sides."""
    if path.endswith("get_time"):
        return plain({"jsonrpc": "2.0", "result": truth.now_ms})
    if path.endswith("get_instruments"):
        return plain({"jsonrpc": "2.0", "result": [_PERPETUAL]})

    def worded(number: int, stamp: int, row: np.ndarray, forced: bool) -> dict[str, Any]:
        said = _marked(row) if forced else "T"
        sold = (row[1] > 0) != (said == "M")
        trade = {"trade_seq": number, "trade_id": str(number), "timestamp": stamp, "tick_direction": 0, "price": row[2],
                 "mark_price": row[2], "instrument_name": "BTC-PERPETUAL", "index_price": row[2],
                 "direction": "sell" if sold else "buy", "amount": row[3] * 10}  # fmt: skip
        return trade | ({"liquidation": said} if forced else {})

    trades = _trades(truth, worded)
    inside = [trade for stamp, trade in trades if int(query["start_timestamp"]) <= stamp <= int(query["end_timestamp"])]
    limit = min(int(query["count"]), 1000)
    wrap = lambda rows: {"jsonrpc": "2.0", "result": {"trades": rows, "has_more": len(inside) > len(rows)}}  # noqa: E731
    return Reply(wrap, inside, limit, [trade for _, trade in trades])


def speak_dydx(truth: Events, path: str, query: dict[str, str], body: dict[str, Any]) -> Reply:
    """Answer as dYdX's indexer does: newest first, no lower bound."""
    if path.endswith("/time"):
        return plain({"iso": "", "epoch": truth.now_ms / 1000})
    if path.endswith("perpetualMarkets"):
        return plain({"markets": {"BTC-USD": _DYDX_MARKET}})

    def worded(number: int, stamp: int, row: np.ndarray, forced: bool) -> dict[str, Any]:
        kind = "LIQUIDATED" if forced else ("LIMIT", "DELEVERAGED")[number % 2]
        return {"id": f"{number:024x}", "side": "SELL" if row[1] > 0 else "BUY", "size": text(row[3] / 1000), "price": text(row[2]),
                "type": kind, "createdAt": f"{np.datetime64(stamp, 'ms')}Z", "createdAtHeight": str(number)}  # fmt: skip

    trades = _trades(truth, worded)
    until = int(np.datetime64(query["createdBeforeOrAt"].removesuffix("Z"), "ms").astype(np.int64))
    inside = [trade for stamp, trade in trades if stamp <= until]
    return Reply(lambda rows: {"trades": rows}, inside, min(int(query["limit"]), 1000), [trade for _, trade in trades])


_LIMITS = [None, None, None, "0.02", "5000.0", None, None, None, 0.01, 0.005]
_PERPETUAL = {
    "price_index": "btc_usd", "kind": "future", "instrument_name": "BTC-PERPETUAL", "max_leverage": 50, "maker_commission": 0.0,
    "taker_commission": 0.0005, "instrument_type": "reversed", "expiration_timestamp": 32503708800000,
    "creation_timestamp": 1534167754000, "is_active": True, "tick_size": 0.5, "contract_size": 10.0, "min_trade_amount": 10.0,
    "future_type": "reversed", "settlement_currency": "BTC", "settlement_period": "perpetual", "base_currency": "BTC",
    "counter_currency": "USD", "quote_currency": "USD", "tick_size_steps": [],
}  # fmt: skip
_DYDX_MARKET = {
    "clobPairId": "0", "ticker": "BTC-USD", "status": "ACTIVE", "oraclePrice": "60000", "initialMarginFraction": "0.02",
    "maintenanceMarginFraction": "0.012", "openInterest": "52.0691", "atomicResolution": -10, "tickSize": "1", "stepSize": "0.0001",
    "stepBaseQuantums": 1000000, "subticksPerTick": 100000, "marketType": "CROSS",
}  # fmt: skip


def _marked(row: np.ndarray) -> str:
    return "MT" if row[3] % 7 == 0 else "M" if row[3] % 3 == 0 else "T"


def _deribit_rows(truth: Events) -> np.ndarray:
    """Return the liquidations, with both sides of those that are of both."""
    both = np.array([_marked(row) == "MT" for row in truth.rows])
    other = truth.rows[both] * np.array([1.0, -1.0, 1.0, 1.0, 1.0])
    return np.vstack([truth.rows, other])


@dataclass(frozen=True)
class Teller:
    """How a venue speaks.

    Attributes
    ----------
    speak, symbol
        Its wire format, and the perpetual.
    values
        What the catalog holds of `Events.rows` beside `ts`, `known_at` and `side`.
    has_clock
        Whether its clock is the truth's.
    page, events_of, rows_of
        Events that a page holds, those of all contracts and trades, and the rows that the catalog must hold.
    """

    speak: Callable[..., Reply]
    symbol: str
    values: Callable[[np.ndarray], dict[str, np.ndarray]]
    has_clock: bool = True
    page: int = 100
    events_of: Callable[[Events], int] = lambda truth: len(truth.rows)
    rows_of: Callable[[Events], np.ndarray] = lambda truth: truth.rows


TELLERS = {
    "okx": Teller(
        speak_okx,
        "BTC/USDT:USDT",
        lambda rows: {"price": np.full(len(rows), np.nan), "size": rows[:, 3] * 0.01, "limit_price": rows[:, 2]},
    ),
    "bitfinex": Teller(
        speak_bitfinex,
        "BTC/USDT:USDT",
        lambda rows: {"price": rows[:, 2], "size": rows[:, 3] / 1000, "entry_price": rows[:, 4]},
        has_clock=False,
        page=500,
        events_of=lambda truth: 3 * len(truth.rows),
    ),
    "deribit": Teller(
        speak_deribit,
        "BTC/USD:BTC",
        lambda rows: {"price": rows[:, 2], "size": rows[:, 3] * 10 / rows[:, 2]},
        page=1000,
        events_of=lambda truth: len(truth.rows) + 60 * HOURS,
        rows_of=_deribit_rows,
    ),
    "dydx": Teller(
        speak_dydx,
        "BTC/USDC:USDC",
        lambda rows: {"price": rows[:, 2], "size": rows[:, 3] / 1000},
        page=1000,
        events_of=lambda truth: len(truth.rows) + 60 * HOURS,
    ),
}


def expected(venue: str, truth: Events) -> Rows:
    """Return what the catalog must hold, in its order."""
    told = TELLERS[venue].rows_of(truth)
    ts = START_MS + told[:, 0].astype(np.int64)
    values = {"ts": ts, "known_at": ts + 1000, "side": told[:, 1], **TELLERS[venue].values(told)}
    rows = complete(Series(venue, "", "liquidations"), values)
    stated = np.where(np.isnan(rows["price"]), rows["limit_price"], rows["price"])
    order = np.lexsort([stated, rows["size"], rows["side"], ts])
    return {name: column[order] for name, column in rows.items()}
