"""What each exchange did in the last 24 hours, where several are summed, and the largest single liquidation."""

import math
from typing import Any

import numpy as np

from datafeeds.schema import Market
from datafeeds.venue_columns import LARGEST, venue_column, venues_with
from indicators.liquidation.cascade_phase import WHALE_USD
from runs.outcome.provenance import iso

_DAY = 86_400


def exchange_section(market: Market) -> dict[str, Any] | None:
    """Return each exchange's part of the sums at the last bar; None for a market of one.

    Returns
    -------
    dict or None
        `bars` of the last 24 hours, and of these the ones in which all that report (`liquidated_bars`) or trade
        (`volume_bars`) are known: only they are summed, so that shares compare. `venues`, in order: liquidations and volume
        over these, open interest at the close, each with its share (`_fraction`) of all; NaN for what is unknown, and for a
        venue that is not in the sum.
    """
    venues = market.venues
    if not venues:
        return None
    close = market.frame["close"].to_numpy()[_last_day(market)]
    liquidated, reported = _of_each(market, ("liquidated_long", "liquidated_short"), close)
    traded, whole = _of_each(market, ("volume",), np.ones_like(close))
    held, _ = _of_each(market, ("open_interest",), np.ones(1))
    rows = []
    for venue in venues:
        own = held.get(venue, math.nan)
        rows.append({
            "venue": venue,
            "liquidated_usd": liquidated.get(venue, math.nan), "liquidated_fraction": _share(liquidated, venue),
            "open_interest_base": own, "open_interest_usd": own * close[-1], "open_interest_fraction": _share(held, venue),
            "volume_24h_base": traded[venue], "volume_24h_fraction": _share(traded, venue),
        })  # fmt: skip
    return {"bars": len(close), "liquidated_bars": reported, "volume_bars": whole, "venues": rows}


def largest_section(market: Market) -> dict[str, Any] | None:
    """Return the largest single liquidation of the last 24 hours; None where no event of them is known.

    Returns
    -------
    dict or None
        `size_usd` (0 where none happened), `type` ("long" or "short"), `venue` and `bar_open` of the bar in which it became
        known, `whale`; `bars` of the 24 hours and `bars_known`, those of which anything is known: an event, or that there was none.
    """
    rows = _last_day(market)
    kinds = [(column, venue) for column in LARGEST for venue in venues_with(market.frame, column)]
    sizes = np.array([market.frame[venue_column(*kind)].to_numpy()[rows] for kind in kinds])
    known = ~np.isnan(sizes)
    if not known.any():
        return None
    kind, bar = np.unravel_index(np.argmax(np.where(known, sizes, -1.0)), sizes.shape)
    size = float(sizes[kind, bar])
    column, venue = kinds[kind]
    return {
        "size_usd": size,
        "type": column.rpartition("_")[2],
        "venue": venue,
        "bar_open": iso(market.times[rows][bar]),
        "whale": size > WHALE_USD,
        "bars": sizes.shape[1],
        "bars_known": int(known.any(axis=0).sum()),
    }


def _last_day(market: Market) -> slice:
    """Return the bars that the model's sums of 24 hours are made of."""
    return slice(-max(1, round(_DAY / market.bar_seconds)), None)


def _of_each(market: Market, columns: tuple[str, ...], weights: np.ndarray) -> tuple[dict[str, float], int]:
    """Return each venue's sum of columns x weights over the last bars in which all are known, and how many these are."""
    venues = venues_with(market.frame, columns[0])
    values = np.zeros((len(venues), len(weights)))
    for number, venue in enumerate(venues):
        for column in columns:
            values[number] += market.frame[venue_column(column, venue)].to_numpy()[-len(weights) :]
    known = ~np.isnan(values).any(axis=0)
    sums = (values[:, known] @ weights[known]).tolist() if known.any() else [math.nan] * len(venues)
    return dict(zip(venues, sums, strict=True)), int(known.sum())


def _share(sums: dict[str, float], venue: str) -> float:
    total = math.fsum(sums.values())
    return sums[venue] / total if venue in sums and total > 0.0 else math.nan
