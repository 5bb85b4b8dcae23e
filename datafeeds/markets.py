"""A market from what names or holds it: a table in memory, a file, with or without a mapping, an entry of the catalog."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.market import market_ids, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.catalog.summed import read_summed_market
from datafeeds.columns import parse_time
from datafeeds.errors import MarketError
from datafeeds.files import is_there, layout, read_market
from datafeeds.frames import is_table, to_pandas
from datafeeds.mapped_files.presets import is_recognised
from datafeeds.mapped_files.read import market_of_table
from datafeeds.resampling import resample
from datafeeds.schema import OPTIONAL, REQUIRED, Market
from datafeeds.series import timeframe_seconds
from datafeeds.tables import with_index

_UNNAMED = "data"
_LONGEST_PATH = 1000  # letters of it in a message


def read(
    data: Any,
    *,
    name: str | None = None,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    timeframe: str | None = None,
    mapping: Path | str | None = None,
) -> Market:
    """Return a market, cut to a range and made of longer bars if asked for.

    Parameters
    ----------
    data
        A table of pandas, polars or Arrow, whose index is a `DatetimeIndex` of any name (bar opens; naive ones count as UTC)
        or that has a column of times, with the schema's columns in any case or a layout that is recognised: open, high, low,
        close, volume, and what is known of open interest, funding, mark prices and liquidations. Or a file's path,
        ``venue:symbol:timeframe`` in the catalog (``venue+venue:symbol:timeframe`` sums sizes over venues), or a market. A
        table is left as it is.
    name
        What the outputs call it; by default the file's, the catalog's, or "data". Its last part (``BTCUSDT``) says which of
        the venue's contracts it is.
    start, end
        Bars from `start` until before `end`, UTC.
    timeframe
        Length of the bars to make of the data's, such as ``4h``.
    mapping
        TOML file that names the columns of a foreign file or table, or ``preset:NAME``.

    Raises
    ------
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> times = pd.date_range("2024-01-01", periods=3, freq="h", name="Date")
    >>> frame = pd.DataFrame({"Open": 1.0, "High": 2.0, "Low": 1.0, "Close": 2.0, "Volume": 9.0}, index=times)
    >>> market = read(frame, name="BTCUSDT")
    >>> market.name, len(market), market.bar_seconds
    ('BTCUSDT', 3, 3600)
    """
    if isinstance(data, (str, Path)):
        market = open_market(str(data), start, end, timeframe, mapping)
        return market if name is None else replace(market, name=name)
    if is_table(data):
        table = to_pandas(data)
        if not mapping and not is_recognised(with_index(table)):
            table = _named_as_the_schema(table)
        data = market_of_table(with_index(table), name or _UNNAMED, layout(mapping) if mapping else None)
    elif mapping is not None:
        raise MarketError("mapping: it names the columns of a file or a table")
    elif not isinstance(data, Market):
        raise MarketError(
            f"data is a {type(data).__name__}: give a DataFrame, a path, venue:symbol:timeframe or a market"
        )
    market = data.between(start, end)
    market = resample(market, timeframe_seconds(timeframe)) if timeframe else market
    return market if name is None else replace(market, name=name)


def _named_as_the_schema(frame: pd.DataFrame) -> pd.DataFrame:
    known = (*REQUIRED, *OPTIONAL)
    names = {label: label.lower() for label in frame.columns if isinstance(label, str) and label.lower() in known}
    renamed = frame.rename(columns=names)
    if "ts" not in renamed.columns and isinstance(frame.index, pd.DatetimeIndex):
        return renamed.rename_axis(index="ts")
    return renamed


def open_file(path: Path | str, mapping: Path | str | None = None) -> Market:
    """Return a file's market.

    Raises
    ------
    MarketError
        If it cannot be read or breaks the schema.
    """
    return read_market(path, mapping)


def open_market(
    data: str,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    timeframe: str | None = None,
    mapping: Path | str | None = None,
    catalog: Path | str | None = None,
) -> Market:
    """Return the market that a command's ``--data`` names, cut to a range.

    Parameters
    ----------
    data
        A file's path, or ``venue:symbol:timeframe`` in the catalog; of several venues that are summed
        ``venue+venue:symbol:timeframe``.
    start, end
        ISO times; bars from `start` until before `end`.
    timeframe
        Length of the bars to make of the data's; None leaves them.
    mapping
        TOML file that names a foreign file's columns, or ``preset:NAME``.
    catalog
        The catalog's folder, if not the usual one.

    Raises
    ------
    MarketError
        If there is no such market, or it breaks the schema.
    """
    is_file = is_there(data)
    named = () if is_file else market_ids(data)
    if not named and not is_file:
        hint = "; in the catalog it is venue:symbol:timeframe, as binance:BTC/USDT:USDT:1h" if ":" in data else ""
        raise MarketError(f"{data[:_LONGEST_PATH]}: no such file{hint}")
    if not named:
        market = open_file(data, mapping)
    elif mapping:
        raise MarketError("--mapping names the columns of a file; what is in the catalog needs none")
    else:
        span = [parse_time(text).value // 1_000_000 if text else None for text in (start, end)]
        store = Catalog(catalog_root(catalog))
        one = len(named) == 1
        market = read_catalog_market(store, named[0], *span) if one else read_summed_market(store, named, *span)
    market = market.between(start, end)
    return resample(market, timeframe_seconds(timeframe)) if timeframe else market
