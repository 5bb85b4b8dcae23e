"""A market by its name: a file, with or without a mapping of its columns, or an entry of the catalog."""

from pathlib import Path

from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.market import market_id, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.files import read_market
from datafeeds.mapped_files.mapping import read_mapping
from datafeeds.mapped_files.read import read_foreign
from datafeeds.resampling import resample
from datafeeds.schema import Market, parse_time
from datafeeds.series import timeframe_seconds


def open_file(path: Path | str, mapping: Path | str | None = None) -> Market:
    """Return a file's market.

    Raises
    ------
    MarketError
        If it cannot be read or breaks the schema.
    """
    return read_foreign(Path(path), read_mapping(Path(mapping))) if mapping else read_market(path)


def open_market(
    data: str,
    start: str | None = None,
    end: str | None = None,
    timeframe: str | None = None,
    mapping: Path | str | None = None,
    catalog: Path | str | None = None,
) -> Market:
    """Return the market that a command's ``--data`` names, cut to a range.

    Parameters
    ----------
    data
        A file's path, or ``venue:symbol:timeframe`` in the catalog.
    start, end
        ISO times; bars from `start` until before `end`.
    timeframe
        Length of the bars to make of the data's; None leaves them.
    mapping
        TOML file that names a foreign file's columns.
    catalog
        The catalog's folder, if not the usual one.

    Raises
    ------
    MarketError
        If there is no such market, or it breaks the schema.
    """
    is_file = Path(data).exists()
    named = None if is_file else market_id(data)
    if named is None and ":" in data and not is_file:
        raise MarketError(
            f"{data}: no such file; in the catalog it is venue:symbol:timeframe, as binance:BTC/USDT:USDT:1h"
        )
    if named is None:
        market = open_file(data, mapping)
    elif mapping:
        raise MarketError("--mapping names the columns of a file; what is in the catalog needs none")
    else:
        span = [parse_time(text).value // 1_000_000 if text else None for text in (start, end)]
        market = read_catalog_market(Catalog(catalog_root(catalog)), named, *span)
    market = market.between(start, end)
    return resample(market, timeframe_seconds(timeframe)) if timeframe else market
