"""A market from a file, taken apart into the catalog's series."""

import numpy as np

from datafeeds.catalog.market import MarketId, market_id
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.plausibility import sides_doubt
from datafeeds.schema import Market
from datafeeds.series import KINDS, Rows, Series, timeframe_name


def import_market(catalog: Catalog, market: Market, venue: str, symbol: str) -> list[Series]:
    """Store a checked market under a venue's and symbol's name; return the series that were written.

    Raises
    ------
    MarketError
        If its rows contradict the catalog's rules or tell sums of settlements, nothing could name it afterwards, or it cannot be
        written.
    """
    timeframe, written = timeframe_name(market.bar_seconds), []
    if market_id(f"{venue}:{symbol}:{timeframe}") != MarketId(venue, symbol, timeframe):
        raise MarketError(f"{venue[:40]!r} is no venue's name: write small letters, digits, - and _, such as mine")
    opens = market.times.astype("datetime64[ms]").astype(np.int64)
    bar, columns = market.bar_seconds * 1000, market.columns()
    if market.has("funding_rate_within"):
        raise MarketError(
            f"{market.name}: funding_rate_within cannot be imported, the catalog holds single settlements; import smaller bars"
        )
    marks = {name: columns[f"mark_{name}"] for name in ("high", "low", "close")} | {"open": np.full(len(opens), np.nan)}
    parts: dict[str, Rows] = {
        "candles": _rows("candles", columns, opens, opens + bar),
        "mark": _rows("mark", marks, opens, opens + bar),
    }
    # the schema's snapshots stand at the bar's close
    for kind in ("open_interest", "long_short_ratio"):
        parts[kind] = _rows(kind, columns, opens + bar, opens + bar)
    parts["funding"] = _rows("funding", columns, opens, opens)
    parts["liquidation_totals"] = _rows("liquidation_totals", columns, opens, opens + bar)
    for kind, rows in parts.items():
        if not len(rows["ts"]):
            continue
        series = Series(venue, symbol, kind, timeframe if KINDS[kind].even else "")
        try:
            catalog.add(series, rows, [(int(rows["ts"][0]), int(rows["ts"][-1]) + series.period_ms)])
        except ReplyError as error:
            raise MarketError(f"{market.name} cannot be imported: {error}") from None
        written.append(series)
    return written


def import_doubt(catalog: Catalog, market: Market, venue: str, symbol: str) -> str:
    """Return whether a market's open interest is twice or half of what the catalog holds of its venue; empty: it is neither.

    Raises
    ------
    MarketError
        If a file of the catalog is damaged.
    """
    if not market.has("open_interest"):
        return ""
    bar = market.bar_seconds * 1000
    closes = market.times.astype("datetime64[ms]").astype(np.int64) + bar
    series = Series(venue, symbol, "open_interest", timeframe_name(market.bar_seconds))
    held = catalog.read(series, int(closes[0]), int(closes[-1]) + bar)
    _, ours, theirs = np.intersect1d(closes, held["ts"], return_indices=True)
    return sides_doubt(held["open_interest"][theirs], market.columns()["open_interest"][ours])


def _rows(kind: str, columns: dict[str, np.ndarray], ts: np.ndarray, known_at: np.ndarray) -> Rows:
    """Return the rows in which every value of the kind that must be known is known."""
    needed = [name for name in KINDS[kind].values if name not in KINDS[kind].optional]
    known = np.logical_and.reduce([~np.isnan(columns[name]) for name in needed])
    return {"ts": ts[known], "known_at": known_at[known], **{name: columns[name][known] for name in KINDS[kind].values}}
