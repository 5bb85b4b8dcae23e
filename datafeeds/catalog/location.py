"""Where the catalog lies, and where a series lies in it. No name from outside can lead out of it."""

import os
import unicodedata
from pathlib import Path
from urllib.parse import quote, unquote

from platformdirs import user_data_path

from datafeeds.errors import MarketError
from datafeeds.series import KINDS, Series, timeframe_seconds

CATALOG_VARIABLE = "LIQUIDATION_HEATMAP_CATALOG"
"""Environment variable that names the catalog's folder."""

_LONGEST = 200  # bytes of a folder's name; file systems allow 255


def catalog_root(option: Path | str | None = None) -> Path:
    """Return the catalog's folder: the option, else the environment variable, else the user's data folder."""
    named = option or os.environ.get(CATALOG_VARIABLE)
    root = Path(named).expanduser() if named else user_data_path("liquidation-heatmap", appauthor=False) / "catalog"
    if root.exists() and not root.is_dir():
        raise MarketError(f"{root}: the catalog must be a folder, and this is a file")
    return root.absolute()


def folder_name(text: str) -> str:
    """Return a name as one folder's name, reversibly: all but ASCII letters, digits, ``_`` and ``-`` percent-encoded.

    Raises
    ------
    MarketError
        For a name that is empty, too long, or holds control characters.

    Examples
    --------
    >>> folder_name("BTC/USDT:USDT"), folder_name("..")
    ('BTC%2FUSDT%3AUSDT', '%2E%2E')
    """
    if not text or any(unicodedata.category(letter)[0] == "C" for letter in text):
        raise MarketError(f"{text[:40]!r} is no name: write a symbol such as BTC/USDT:USDT")
    name = quote(text, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(name) > _LONGEST:
        raise MarketError(f"{text[:40]!r}... is too long for a name")
    return name


def series_folder(root: Path, series: Series) -> Path:
    """Return ``root/venue/symbol/kind[-timeframe]``.

    Raises
    ------
    MarketError
        For names that cannot be, or a kind and timeframe that do not fit each other.
    """
    if series.kind not in KINDS:
        raise MarketError(f"unknown kind of series {series.kind!r}: {', '.join(KINDS)}")
    if bool(series.timeframe) != KINDS[series.kind].even:
        raise MarketError(
            f"{series}: {'a timeframe is needed' if KINDS[series.kind].even else 'there is no timeframe'}"
        )
    if series.timeframe:
        timeframe_seconds(series.timeframe)
    last = f"{series.kind}-{series.timeframe}" if series.timeframe else series.kind
    return root / folder_name(series.venue) / folder_name(series.symbol) / last


def series_of(root: Path, folder: Path) -> Series | None:
    """Return the series that lies in a folder of the catalog; None for a folder that is none."""
    parts = folder.relative_to(root).parts
    if len(parts) != 3:
        return None
    kind, _, timeframe = parts[2].partition("-")
    series = Series(unquote(parts[0]), unquote(parts[1]), kind, timeframe)
    try:
        return series if series_folder(root, series) == folder else None
    except MarketError:
        return None
