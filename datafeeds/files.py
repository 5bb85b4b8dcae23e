"""Market data from a file: parquet or CSV with the schema's column names."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from pyarrow import csv

from datafeeds.errors import MarketError
from datafeeds.schema import Market, market_from_frame

_PARQUET, _CSV = (".parquet", ".pq"), (".csv", ".csv.gz")


def read_market(path: Path | str) -> Market:
    """Read and check one file.

    Parameters
    ----------
    path
        ``.parquet`` (``.pq``) or ``.csv`` (``.csv.gz``).

    Returns
    -------
    Market
        Named after the file's folder and stem.

    Raises
    ------
    MarketError
        If there is no such file, it cannot be read, or its content breaks the schema.
    """
    return market_from_frame(read_table(path), market_name(path))


def market_name(path: Path | str) -> str:
    """Return what the outputs call a file's market: its folder and stem."""
    file = Path(path)
    return f"{file.resolve().parent.name}/{file.name.split('.')[0]}"


def read_table(path: Path | str) -> pd.DataFrame:
    """Return a parquet or CSV file's columns as they are, also several of one name.

    Raises
    ------
    MarketError
        If there is no such file, or it cannot be read.
    """
    file = Path(path)
    if not file.exists():
        raise MarketError(f"{file}: no such file")
    if not file.is_file():
        raise MarketError(f"{file}: not a file; name one parquet or CSV file")
    lower = file.name.lower()
    if not lower.endswith((*_PARQUET, *_CSV)):
        raise MarketError(f"{file}: unknown kind of file; parquet and CSV are read")
    if file.stat().st_size == 0:
        raise MarketError(f"{file}: the file is empty")
    try:
        if lower.endswith(_PARQUET):
            with file.open("rb") as handle:  # pandas' own reader refuses columns of one name
                return pq.ParquetFile(handle).read().to_pandas()
        # arrow reads decimals exactly and so gives a CSV its parquet's fingerprint; pandas does so in some versions only
        return csv.read_csv(file).to_pandas()
    except PermissionError:
        raise MarketError(f"{file}: no permission to read it") from None
    except Exception as error:  # whatever a torn or foreign file makes a parser raise, the user hears one sentence
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise MarketError(f"{file}: cannot be read, it is damaged or of another kind ({reason})") from None
