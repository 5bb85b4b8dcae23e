"""The files of a run with one account in several markets; pages are handed in."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runs.engines.joint.result import JointResult
from runs.outcome.folder import MARKER
from runs.outcome.joint_held import joint_held
from runs.outcome.joint_metrics import universe_record
from runs.outcome.provenance import software_record
from runs.outcome.run_files import fills_table, orders_table, table_csv
from runs.outcome.writing import json_text
from runs.statistics.performance import drawdowns


def joint_files(
    result: JointResult, trades: pd.DataFrame, metrics: Mapping[str, Any], pages: Mapping[str, str]
) -> dict[str, str | bytes]:
    """Return all files of a run by name: those of `runs.outcome.run_files`, whose tables say the market in their first column."""
    return {
        "metrics.json": json_text(metrics),
        "trades.csv": table_csv(trades),
        "fills.csv": table_csv(of_all(result, fills_table)),
        "orders.csv": table_csv(of_all(result, orders_table)),
        **pages,
        MARKER: json_text(joint_run_record(result)),
        "equity.parquet": joint_equity_parquet(result),
    }


def of_all(result: JointResult, table: Any) -> pd.DataFrame:
    """Return a table of each market's part as one, by time, the market's name first."""
    tables = [table(part).assign(market=name) for name, part in zip(result.universe.names, result.parts, strict=True)]
    whole = pd.concat([each for each in tables if len(each)] or tables[:1], ignore_index=True)
    times = pd.to_datetime(whole["time"].replace("", pd.NaT))
    whole = whole.loc[times.argsort(kind="stable")] if len(whole) else whole
    return whole[["market", *[name for name in whole.columns if name != "market"]]]


def joint_run_record(result: JointResult) -> dict[str, Any]:
    """Return what it takes to repeat the run bit for bit."""
    said = universe_record(result.universe)
    return {
        "reproduce": "python -m runs.backtest --config run.json",
        "configuration": result.configuration.as_dict(),
        "data": {name: said[name] for name in ("name", "fingerprint", "bars", "bar_seconds", "simulated", "markets")},
        "instruments": {
            name: [item.record() for item in part.listing.instruments]
            for name, part in zip(result.universe.names, result.parts, strict=True)
        },
        "stand_ins": list(dict.fromkeys(line for part in result.parts for line in part.listing.stand_ins)),
        **software_record(result.configuration.strategy),
    }


def joint_equity_parquet(result: JointResult) -> bytes:
    """Return a run step by step as a parquet file.

    Columns: equity, drawdown, the markets held in equal parts with the same start (`buy_and_hold`; `perpetual_held` with
    funding), their mean price from 100 on (`close`), and what each market has earned so far (``profit of NAME``), quote.
    """
    held, frame = joint_held(result), pd.DataFrame(index=pd.DatetimeIndex(result.times))
    frame["close"] = 100.0 * held.spot
    frame["equity"], frame["drawdown"] = result.equity, drawdowns(result.equity, result.start)
    frame["buy_and_hold"], frame["perpetual_held"] = result.start * held.spot, result.start * held.perpetual
    profits = {}
    for name, part in zip(result.universe.names, result.parts, strict=True):
        own = pd.Series(part.equity - result.start, index=pd.DatetimeIndex(part.times.astype(result.times.dtype)))
        profits[f"profit of {name}"] = own.reindex(frame.index).ffill().fillna(0.0)
    columns = {
        "ts": pa.array(result.times.astype("datetime64[ns]"), type=pa.timestamp("ns")).cast(
            pa.timestamp("ns", tz="UTC")
        )
    }
    columns |= {name: pa.array(values.to_numpy()) for name, values in {**dict(frame.items()), **profits}.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
