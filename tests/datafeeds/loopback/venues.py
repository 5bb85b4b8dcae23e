"""The venues of the loopback tests: how each speaks, and what the catalog must hold of a truth."""

from dataclasses import dataclass

import numpy as np

from datafeeds.series import Rows
from tests.datafeeds.loopback import binance, bybit, coinalyze, gate, hyperliquid, okx
from tests.datafeeds.loopback.server import Speak
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, Truth


@dataclass(frozen=True)
class Venue:
    """How a venue speaks and counts.

    Attributes
    ----------
    speak
        Its wire format.
    symbol
        The perpetual it serves.
    whole_sizes
        Whether it counts contracts.
    """

    speak: Speak
    symbol: str = "BTC/USDT:USDT"
    whole_sizes: bool = False


VENUES = {
    "binance": Venue(binance.speak),
    "bybit": Venue(bybit.speak),
    "okx": Venue(okx.speak, whole_sizes=True),
    "gate": Venue(gate.speak, whole_sizes=True),
    "hyperliquid": Venue(hyperliquid.speak, symbol="BTC/USDC:USDC"),
    "coinalyze-binance": Venue(coinalyze.speak),
}


def _coins(venue: str, sizes: np.ndarray) -> np.ndarray:
    """Return sizes in base coin, as the venue's contract says."""
    return {"okx": lambda: np.round(sizes / 100, 4), "gate": lambda: sizes * 0.0001}.get(venue, lambda: sizes)()


def expected(venue: str, truth: Truth) -> dict[str, Rows]:
    """Return what the catalog must hold of each kind, bit for bit, after everything was downloaded."""
    closed = truth.candles[truth.candles[:, 0] < truth.hours]
    opens = START_MS + closed[:, 0].astype(np.int64) * HOUR_MS
    volume = _coins(venue, closed[:, 5])
    buys = np.round(closed[:, 5] / 4, 3) if venue.endswith("binance") else np.full(len(closed), np.nan)
    prices = dict(zip(("open", "high", "low", "close"), closed[:, 1:5].T, strict=True))
    rows: dict[str, Rows] = {
        "candles": {"ts": opens, "known_at": opens + HOUR_MS, **prices, "volume": volume, "taker_buy_volume": buys},
        "funding": _at(truth.funding[:, 0], {"funding_rate": truth.funding[:, 1]}),
    }
    if venue == "hyperliquid":
        return rows
    if venue == "coinalyze-binance":
        stood = truth.snapshots[: truth.hours]
        rows["open_interest"] = _at(stood[:, 0] + 1, {"open_interest": stood[:, 1]})
        sides = {f"liquidated_{side}": truth.liquidated[:, n] for n, side in ((1, "long"), (2, "short"))}
        rows["liquidation_totals"] = _at(truth.liquidated[:, 0], sides, HOUR_MS)
        return {kind: known for kind, known in rows.items() if kind != "funding"}
    marks = truth.marks[truth.marks[:, 0] < truth.hours]
    stamps = START_MS + marks[:, 0].astype(np.int64) * HOUR_MS
    prices = dict(zip(("open", "high", "low", "close"), marks[:, 1:5].T, strict=True))
    rows["mark"] = {"ts": stamps, "known_at": stamps + HOUR_MS, **prices}
    # the instants at which values stood: the stamp itself, or an hour later where the stamp is the period's open
    snapshots = truth.snapshots
    late = {"okx": (1, 1), "gate": (0, 0), "bybit": (0, 1), "binance": (0, 0)}[venue]
    first = 1 if venue == "gate" else 0
    for kind, column, delay in (("open_interest", 1, late[0]), ("long_short_ratio", 2, late[1])):
        values = _coins(venue, snapshots[first:, 1]) if column == 1 else snapshots[first:, 2]
        hours = snapshots[first:, 0] + delay
        known = hours <= truth.hours
        rows[kind] = _at(hours[known], {kind: values[known]})
    if venue == "gate":
        sizes = {f"liquidated_{side}": _coins(venue, truth.liquidated[:, n]) for n, side in ((1, "long"), (2, "short"))}
        rows["liquidation_totals"] = _at(truth.liquidated[:, 0], sizes, HOUR_MS)
    return rows


def _at(hours: np.ndarray, values: dict[str, np.ndarray], known_after_ms: int = 0) -> Rows:
    ts = START_MS + hours.astype(np.int64) * HOUR_MS
    return {"ts": ts, "known_at": ts + known_after_ms, **values}
