"""A universe file: markets, dates in and out, weights. Its form is described in docs/howto/universes.md."""

import datetime
import math
from pathlib import Path
from typing import Any

import pandas as pd

from datafeeds.columns import parse_time
from datafeeds.errors import MarketError
from datafeeds.files import is_there
from datafeeds.text import refuse_unknown
from datafeeds.toml_file import toml_values
from datafeeds.universe.markets import Universe
from datafeeds.universe.reading import Listed, read_listed
from datafeeds.universe.selection import is_selection

_KEYS = ("data", "from", "until", "weight", "mapping")


def read_universe(
    path: Path | str,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    timeframe: str | None = None,
    catalog: Path | str | None = None,
) -> Universe:
    """Return the universe that a TOML file describes.

    Parameters
    ----------
    path
        ``[[market]]`` tables with `data`, and perhaps `from`, `until`, `weight` and `mapping`. Files lie relative to it.
    start, end, timeframe, catalog
        As for `datafeeds.markets.open_market`.

    Raises
    ------
    MarketError
        If the file cannot be read, says what is not known (with the nearest that is), or names no universe.
    """
    file = Path(path)
    values = toml_values(file)
    try:
        refuse_unknown(values, ("market",), "table")
        tables = values.get("market")
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise MarketError('it lists no market; write [[market]] and data = "binance:BTC/USDT:USDT:1h" below it')
        lines = [_line(number, table, file.parent) for number, table in enumerate(tables, start=1)]
        return read_listed(lines, start, end, timeframe, catalog)
    except MarketError as error:
        raise type(error)(f"{file}: {error}") from None


def _line(number: int, table: dict[str, Any], folder: Path) -> Listed:
    where = f"market {number}"
    refuse_unknown(table, _KEYS, f"key of {where}")
    data, mapping = table.get("data"), table.get("mapping")
    if not isinstance(data, str) or not data:
        raise MarketError(f"{where}: data = a file or a name in the catalog is missing")
    if not isinstance(mapping, str | None):
        raise MarketError(f"{where}: mapping = {str(mapping)[:40]} must be a text")
    weight = table.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0.0 < weight < math.inf:
        raise MarketError(
            f"{where}: weight = {str(weight)[:40]} must be a number above 0; leave out what is not traded"
        )
    since, until = (_day(table.get(key), f"{where}: {key}") for key in ("from", "until"))
    return Listed(_beside(folder, data), since, until, float(weight), mapping and _beside(folder, mapping))


def _beside(folder: Path, text: str) -> str:
    """Return a file's path, which is relative to the universe file; names in the catalog as they are."""
    beside = folder / text
    return text if is_selection(text) or not is_there(beside) else str(beside)


def _day(value: Any, where: str) -> pd.Timestamp | None:
    if value is None:
        return None
    if not isinstance(value, (str, datetime.date)):  # a date of TOML's own, with or without a time of day
        raise MarketError(f"{where} = {str(value)[:40]} is no day; write it as 2024-08-05")
    try:
        return parse_time(pd.Timestamp(value))
    except ValueError:
        raise MarketError(f"{where} = {str(value)[:40]} is no day; write it as 2024-08-05") from None
