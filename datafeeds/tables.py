"""Tables from files: CSV of any usual dialect, parquet, feather and JSON, plain or as the one file of a zip or gzip."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from pyarrow import feather

from datafeeds.archives.unpacking import unpacked
from datafeeds.dialect import Dialect, read_csv
from datafeeds.errors import MarketError
from datafeeds.parquet_size import check_size

_KINDS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "feather"),
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab"), "csv"),
    ".json": "json",
}
_PACKED = (".gz", ".zip")
_FIRST_STAMP = 1e9  # an unnamed index of whole numbers above this counts seconds since 1970, below it rows


def market_name(path: Path | str) -> str:
    """Return what the outputs call a file's market: its folder and stem."""
    file = Path(path)
    return f"{file.resolve().parent.name}/{file.name.split('.')[0]}"


def read_table(path: Path | str, dialect: Dialect | None = None) -> pd.DataFrame:
    """Return a file's columns as they are, also several of one name. Levels of an index are columns.

    Parameters
    ----------
    path
        ``.csv`` (``.tsv``, ``.txt``), ``.parquet`` (``.pq``), ``.feather`` (``.arrow``) or ``.json``; also packed, as
        ``.csv.gz`` or ``.zip``, where one file is inside.
    dialect
        What is known of how a CSV file is written.

    Raises
    ------
    MarketError
        If there is no such file, or it cannot be read.
    """
    file = Path(path)
    if not file.exists():
        raise MarketError(f"{file}: no such file")
    if not file.is_file():
        raise MarketError(f"{file}: not a file; name one parquet, feather, CSV or JSON file")
    if file.suffix.lower() not in (*_KINDS, *_PACKED):
        raise _unknown(file)
    if file.stat().st_size == 0:
        raise MarketError(f"{file}: the file is empty")
    try:
        content = _content(file)
        kind = _KINDS.get(file.suffix.lower()) or _kind_inside(content)
        table = with_index(_read(kind, content, dialect or Dialect()))
    except PermissionError:
        raise MarketError(f"{file}: no permission to read it") from None
    except MarketError as error:
        raise MarketError(f"{file}: {error}") from None
    except Exception as error:  # whatever a torn or foreign file makes a parser raise, the user hears one sentence
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise MarketError(f"{file}: cannot be read, it is damaged or of another kind ({reason})") from None
    if file.suffix.lower() == ".txt" and table.shape[1] == 1:
        raise _unknown(file)
    return table


def _unknown(file: Path) -> MarketError:
    return MarketError(f"{file}: unknown kind of file; parquet, feather, CSV and JSON are read, also as .zip or .gz")


def _content(file: Path) -> bytes:
    if file.suffix.lower() not in _PACKED:
        return file.read_bytes()
    with unpacked(file, file.name.lower()) as source:
        return source.read()


def _kind_inside(content: bytes) -> str:
    """Return the kind of a packed file by its first bytes: the name inside is never trusted."""
    start = content[:64].lstrip()
    return {b"PAR1": "parquet", b"ARRO": "feather"}.get(start[:4], "json" if start[:1] in (b"[", b"{") else "csv")


def _read(kind: str, content: bytes, dialect: Dialect) -> pd.DataFrame:
    if kind == "parquet":  # pandas' own reader refuses columns of one name
        file = pq.ParquetFile(io.BytesIO(content))
        check_size(file)
        return file.read().to_pandas()
    if kind == "feather":
        return feather.read_table(io.BytesIO(content)).to_pandas()
    if kind == "json":
        return _rows_of(json.loads(content))
    return read_csv(content, dialect)


def _rows_of(value: Any) -> pd.DataFrame:
    """Return the first list of rows in nested JSON: lists of values (freqtrade, ccxt) or of named values (most APIs)."""
    if isinstance(value, dict) and {"columns", "data"} <= set(value):
        return pd.DataFrame(value["data"], columns=value["columns"])
    if isinstance(value, dict) and value and all(isinstance(part, dict) for part in value.values()):
        return pd.DataFrame(value)
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, list) and value and isinstance(value[0], list) and not isinstance(value[0][0], (list, dict)):
        width = max(map(len, value))
        return pd.DataFrame(value, columns=[f"column {place + 1}" for place in range(width)])
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if not any(isinstance(part, (list, dict)) for part in value[0].values()):
            return pd.DataFrame(value)
        if len(value) > 1:
            raise MarketError(f"it holds {len(value)} series; keep one")
    found = [part for part in parts if isinstance(part, (list, dict)) and part]
    if not found:
        raise MarketError("no rows in this JSON; a list of rows is read")
    return _rows_of(found[-1])


def with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index, where it says anything, has become columns."""
    index = frame.index
    if "ts" in frame.columns:
        return frame.reset_index(drop=True)
    named = any(name is not None for name in index.names)
    numbers = pd.api.types.is_integer_dtype(index.dtype) and len(index) > 0 and index.min() < _FIRST_STAMP
    if not named and (isinstance(index, pd.RangeIndex) or numbers):
        return frame.reset_index(drop=True)
    return frame.reset_index(allow_duplicates=True)
