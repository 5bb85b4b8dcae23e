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


@dataclass(frozen=True)
class Teller:
    """How a venue speaks, its perpetual, and what its rows are in the catalog beside `ts`, `known_at` and `side`."""

    speak: Callable[..., Reply]
    symbol: str
    values: Callable[[np.ndarray], dict[str, np.ndarray]]
    late_ms: int = 1000
    page: int = 100
    events_of: Callable[[Events], int] = lambda truth: len(truth.rows)


TELLERS = {
    "okx": Teller(
        speak_okx,
        "BTC/USDT:USDT",
        lambda rows: {"price": np.full(len(rows), np.nan), "size": rows[:, 3] * 0.01, "limit_price": rows[:, 2]},
    ),
}


def expected(venue: str, truth: Events) -> Rows:
    """Return what the catalog must hold, in its order."""
    ts = START_MS + truth.rows[:, 0].astype(np.int64)
    values = {
        "ts": ts,
        "known_at": ts + TELLERS[venue].late_ms,
        "side": truth.rows[:, 1],
        **TELLERS[venue].values(truth.rows),
    }
    rows = complete(Series(venue, "", "liquidations"), values)
    stated = np.where(np.isnan(rows["price"]), rows["limit_price"], rows["price"])
    order = np.lexsort([stated, rows["size"], rows["side"], ts])
    return {name: column[order] for name, column in rows.items()}
