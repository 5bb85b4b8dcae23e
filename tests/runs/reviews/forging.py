"""Results folders to review: a real run, and as many like it as are wanted.

``python -m tests.runs.reviews.forging FOLDER COUNT REAL_RUN...`` forges them for measuring.
"""

import copy
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.outcome import folder
from runs.reports import run
from runs.reports.run import write_run

HOSTILE = "<script>alert(1)</script>"


@contextmanager
def quick() -> Iterator[None]:
    """Leave out quantstats' page, which takes seconds and is tested where it is made."""
    with mock.patch.object(run, "tearsheet", return_value="<html></html>"):
        yield


@cache
def result(strategy: str = "magnet") -> EngineResult:
    return run_backtest(configuration_from({"strategy": strategy}), simulate(3, bars=1000))


def real_run(place: Path, strategy: str = "magnet") -> Path:
    """Write a run as `runs.backtest` does."""
    with quick(), folder.claimed_folder("run", place, False) as (target, temporary):
        write_run(result(strategy), target, temporary)
    return target


def forge(results: Path, count: int, templates: list[Path], seed: int = 0) -> list[Path]:
    """Write `count` runs that differ from real ones in two parameters, their equity and their figures."""
    random = np.random.default_rng(seed)
    return [_forge(results / f"run-{i:04}", templates[i % len(templates)], random) for i in range(count)]


def _forge(place: Path, template: Path, random: np.random.Generator) -> Path:
    place.mkdir(parents=True)
    facts, metrics = (json.loads((template / name).read_text()) for name in ("run.json", "metrics.json"))
    facts, metrics = copy.deepcopy(facts), copy.deepcopy(metrics)
    facts["configuration"]["model"]["magnet_ratio"] = float(random.integers(1, 9))
    facts["configuration"]["sizing"]["risk_fraction"] = float(random.integers(1, 5)) / 100
    power, table = float(random.normal(0.0, 2.0)), pq.read_table(template / "equity.parquet")
    start = metrics["money"]["starting_cash_quote"]
    equity = start * (table["equity"].to_numpy() / start) ** power
    table = table.set_column(table.column_names.index("equity"), "equity", pa.array(equity))
    metrics["performance"] |= {
        "sharpe": float(random.normal()),
        "annual_growth_fraction": float(equity[-1] / start - 1.0),
        "max_bar_drawdown_fraction": float((equity / np.maximum.accumulate(equity) - 1.0).min()),
    }
    metrics["money"]["final_equity_quote"] = float(equity[-1])
    middle = metrics["performance"]["sharpe"]
    metrics["intervals"] = {"sharpe": {"low": middle - 1.9, "high": middle + 2.1}}
    (place / "run.json").write_text(json.dumps(facts))
    (place / "metrics.json").write_text(json.dumps(metrics))
    pq.write_table(table, place / "equity.parquet", compression="zstd")
    for name in ("trades.csv", "report.md"):
        shutil.copyfile(template / name, place / name)
    (place / "tearsheet.html").write_text("<html></html>")
    return place


if __name__ == "__main__":
    forge(Path(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
