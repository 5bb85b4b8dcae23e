"""The files of a run: what each is called and what is in it; statistics and pages are handed in."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runs.engines.result import EngineResult
from runs.outcome.folder import MARKER
from runs.outcome.metrics import benchmark_equity
from runs.outcome.provenance import run_record
from runs.outcome.writing import json_text
from runs.perpetual.accounting import FILL_KINDS
from runs.statistics.performance import drawdowns

PAGES = ("tearsheet.html", "heatmap.html")
"""The files of a run that are looked at."""


def run_files(
    result: EngineResult, trades: pd.DataFrame, metrics: Mapping[str, Any], pages: Mapping[str, str]
) -> dict[str, str | bytes]:
    """Return all files of a run by name.

    Parameters
    ----------
    result, trades
        The run and its round trips.
    metrics
        Content of metrics.json.
    pages
        Further files by name: what people look at and read.
    """
    return {
        "metrics.json": json_text(metrics),
        "trades.csv": table_csv(trades),
        "fills.csv": table_csv(fills_table(result)),
        "orders.csv": table_csv(orders_table(result)),
        **pages,
        MARKER: json_text(run_record(result)),
        "equity.parquet": equity_parquet(result),
    }


def fills_table(result: EngineResult) -> pd.DataFrame:
    """Return the ledger: the open of the bar, the number of the order in `orders_table` (-1: none), and the fields of `FILL`."""
    fills = result.fills
    table = pd.DataFrame(fills).drop(columns="bar").assign(kind=[FILL_KINDS[kind] for kind in fills["kind"]])
    table.insert(0, "time", result.times[fills["bar"]])
    return table


def orders_table(result: EngineResult) -> pd.DataFrame:
    """Return every order sent: the open of the bar at whose close it was, its number, kind, signed size, price, limit and terms.

    Prices are in quote, 0 for none; the terms are in words (`order_terms`). The time is empty for an order that was sent before the
    first bar's close.
    """
    times = result.times
    rows = [
        (times[bar] if bar >= 0 else "", number, *order) for number, (bar, *order) in enumerate(result.orders or ())
    ]
    return pd.DataFrame(rows, columns=["time", "order", "kind", "size", "price", "limit", "terms"], dtype=object)


def table_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV: ISO UTC times, numbers that read back exactly, text that no spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, (pd.Timestamp, np.datetime64)):
        return f"{pd.Timestamp(value).isoformat()}Z"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else repr(float(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def equity_parquet(result: EngineResult) -> bytes:
    """Return a run bar by bar as a parquet file: close, position, equity, drawdown, and buy-and-hold with the same start."""
    start = float(result.account["start"][0])
    columns = {
        "ts": pa.array(result.times, type=pa.timestamp("ns")).cast(pa.timestamp("ns", tz="UTC")),
        "close": result.close,
        "position": result.position,
        "equity": result.equity,
        "drawdown": drawdowns(result.equity, start),
        "buy_and_hold": start * benchmark_equity(result) / float(result.market.frame["open"].iloc[0]),
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
