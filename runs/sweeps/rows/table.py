"""The table of trials: one row a combination."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runs.engines.configuration import Configuration, configuration_from
from runs.outcome.writing import replace_file
from runs.sweeps.rows.objective import METRICS

TABLE = "trials.parquet"


def trials_table(rows: Iterable[Mapping[str, Any]], labels: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of a sweep as a table.

    Parameters
    ----------
    rows
        In any order (`runs.sweeps.rows.row.decode`).
    labels
        ``group.name`` of each swept parameter.

    Returns
    -------
    DataFrame
        Sorted by `number`: number, key, status (``ok`` or ``error``), error, the swept values, the metrics (NaN after an
        error), those of each market where there are several (``sharpe of NAME``), and `daily_returns` (arrays of float64, empty
        after an error). Tuples stand as text, ``1.0/2.5``.
    """
    rows = sorted(rows, key=lambda row: int(row["number"]))
    columns: dict[str, Any] = {
        "number": np.array([row["number"] for row in rows], dtype=np.int64),
        "key": [row["key"] for row in rows],
        "status": ["error" if row["error"] else "ok" for row in rows],
        "error": [row["error"] for row in rows],
    }
    for index, label in enumerate(labels):
        columns[label] = [_plain(row["values"][index]) for row in rows]
    further: Iterable[str] = next((row["metrics"] for row in rows if row["metrics"]), ())
    for name in dict.fromkeys((*METRICS, *further)):
        columns[name] = np.array([row["metrics"].get(name, np.nan) for row in rows], dtype=np.float64)
    columns["daily_returns"] = pd.Series([row["daily_returns"] for row in rows], dtype=object)
    return pd.DataFrame(columns)


def _plain(value: Any) -> Any:
    return "/".join(repr(item) for item in value) if isinstance(value, list) else value


def row_configuration(record: dict[str, Any], row: Any) -> Configuration:
    """Return the configuration of one row of the table (a Series or a mapping), given the content of ``sweep.json``.

    Raises
    ------
    ValueError
        If the row's values are not valid together: its status is ``error``.
    """
    settings = {
        key: dict(value) if isinstance(value, dict) else value for key, value in record["configuration"].items()
    }
    for axis in record["space"]:
        group, _, name = axis["parameter"].partition(".")
        value = row[axis["parameter"]]
        settings.setdefault(group, {})[name] = value.item() if isinstance(value, np.generic) else value
    return configuration_from({key: value for key, value in settings.items() if value is not None})


def write_trials(folder: Path, trials: pd.DataFrame) -> None:
    """Write the table beside the rows, whole or not at all.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    columns = {name: pa.array(trials[name]) for name in trials.columns if name != "daily_returns"}
    columns["daily_returns"] = pa.array(list(trials["daily_returns"]), type=pa.list_(pa.float64()))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    replace_file(folder / TABLE, sink.getvalue().to_pybytes())
