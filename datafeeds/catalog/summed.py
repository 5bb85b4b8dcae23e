"""One coin on several venues out of the catalog, as one market."""

from dataclasses import replace

import numpy as np
import pandas as pd

from datafeeds.aggregation import sum_of_venues, sum_remarks
from datafeeds.catalog.market import MarketId, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.schema import Market, market_from_frame
from datafeeds.symbol_names import read_symbol
from datafeeds.text import listed
from datafeeds.venue_columns import SUMMED, is_venue_column

_COLUMNS = {
    "open_interest": ("open_interest",),
    "liquidations": ("liquidated_long", "liquidated_short"),
    "liquidation_totals": ("liquidated_long", "liquidated_short"),
}


def read_summed_market(
    catalog: Catalog, wanted: tuple[MarketId, ...], start_ms: int | None = None, end_ms: int | None = None
) -> Market:
    """Return the first market out of the catalog, with sizes summed over all of them.

    Raises
    ------
    MarketError
        If one is not in the catalog or has no bars in the range, a venue comes twice, or their coins are different ones.
    """
    venues, named = [one.venue for one in wanted], [read_symbol(one.symbol) for one in wanted]
    coins = {name.coin for name in named}
    if len(set(venues)) < len(venues):
        raise MarketError(f"{'+'.join(venues)}: name each venue once")
    if len(coins) > 1:
        raise MarketError(f"{'+'.join(venues)}: sizes in {listed(sorted(coins))} have no sum; name one coin")
    traded = read_catalog_market(catalog, wanted[0], start_ms, end_ms)
    first, last = traded.times[[0, -1]].astype("datetime64[ms]").astype(np.int64).tolist()
    span = first, last + 1000 * traded.bar_seconds
    markets = [traded, *(read_catalog_market(catalog, one, *span) for one in wanted[1:])]
    frames = {
        one.venue: _counted(_with_held(catalog, one, market.frame), name.units / named[0].units)
        for one, market, name in zip(wanted, markets, named, strict=True)
    }
    total = sum_of_venues(frames)
    parts = tuple(label for label in total.columns if is_venue_column(label))
    name = replace(wanted[0], venue="+".join(venues)).name
    said = [f"{venue}: {line}" for venue, market in zip(venues, markets, strict=True) for line in market.remarks]
    summed = market_from_frame(total, name, bar_seconds=traded.bar_seconds, parts=parts)
    return replace(summed, remarks=(*sum_remarks(total), *said))


def _with_held(catalog: Catalog, wanted: MarketId, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a venue's frame with a column of all that the catalog holds of it, also where this range has none of it.

    So it depends on no range which venues belong to a sum.
    """
    held = {
        series.kind for series in catalog.series() if (series.venue, series.symbol) == (wanted.venue, wanted.symbol)
    }
    names = {name for kind, columns in _COLUMNS.items() if kind in held for name in columns}
    return frame.assign(**dict.fromkeys(sorted(names - set(frame.columns)), np.nan))


def _counted(frame: pd.DataFrame, units: float) -> pd.DataFrame:
    """Return a venue's frame with its sizes in units of the traded contract, `units` for each of its own."""
    sizes = [name for name in (*SUMMED, "taker_buy_volume") if name in frame]
    return frame if units == 1.0 else frame.assign(**{name: frame[name] * units for name in sizes})
