"""All perpetuals of a venue in the catalog, as ``catalog:binance:1h`` names them."""

from pathlib import Path

from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.market import market_id
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.files import is_there
from datafeeds.series import timeframe_seconds
from datafeeds.symbols import contract_of
from datafeeds.text import listed

_WORD = "catalog:"


def is_selection(text: str) -> bool:
    """Return whether a text names a selection, and not one market."""
    return text.startswith(_WORD) and text.count(":") == 2 and not is_there(text)


def selected(text: str, catalog: Path | str | None = None) -> list[str]:
    """Return the names ``venue:symbol:timeframe`` of a selection's markets, sorted.

    Parameters
    ----------
    text
        ``catalog:venue:timeframe``: all perpetuals of which the catalog has candles of that length, or smaller ones that make it.
    catalog
        The catalog's folder, if not the usual one.

    Raises
    ------
    MarketError
        If there is none, with the venues that the catalog has.
    """
    venue, timeframe = text.removeprefix(_WORD).split(":")
    seconds = timeframe_seconds(timeframe)
    store = Catalog(catalog_root(catalog))
    candles = [series for series in store.series() if series.kind == "candles" and _is_perpetual(series.symbol)]
    fit = [series for series in candles if series.venue == venue and 1000 * seconds % series.period_ms == 0]
    if not fit:
        there = sorted({f"{series.venue} {series.timeframe}" for series in candles})
        raise MarketError(
            f"{text}: the catalog {store.root} has no perpetual of {venue} with bars of {timeframe} "
            f"(it has {listed(there) if there else 'none'}); runs.download brings them"
        )
    return [f"{venue}:{symbol}:{timeframe}" for symbol in sorted({series.symbol for series in fit})]


def settles_in_coin(name: str) -> bool:
    """Return whether a name in the catalog is that of an inverse contract.

    Examples
    --------
    >>> settles_in_coin("bybit:BTC/USD:BTC:1h"), settles_in_coin("bybit:BTC/USDT:USDT:1h")
    (True, False)
    """
    wanted = market_id(name)
    contract = contract_of(wanted.symbol) if wanted else None
    return contract is not None and contract.inverse


def _is_perpetual(symbol: str) -> bool:
    """Return whether a unified symbol is a perpetual's: it names what it settles in, and no day on which it ends."""
    settle = symbol.partition("/")[2].partition(":")[2]
    return bool(settle) and "-" not in settle
