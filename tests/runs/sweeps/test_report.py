"""What a sweep leaves: whole files, complete runs, and nothing of an earlier report."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import Heatmaps
from runs.sweeps.findings.results import Swept
from runs.sweeps.report import summary_of, write_report
from runs.sweeps.rows.objective import METRICS

NEAREST = (0.005, 0.02)
FACTS = {
    "configuration": {"strategy": "magnet", "rule": {}},
    "objective": "sharpe",
    "search": {"method": "grid", "seed": 0},
    "space": [{"parameter": "rule.min_distance"}],
    "combinations": 2,
}


@cache
def market():
    return simulate(3, bars=1800)


@cache
def results() -> dict[int, EngineResult]:
    settings = {"strategy": "magnet"}
    return {
        number: run_backtest(configuration_from(settings | {"rule": {"min_distance": value}}), market())
        for number, value in enumerate(NEAREST)
    }


@cache
def trials() -> tuple[pd.DataFrame, np.ndarray]:
    evaluator, rows = Evaluator(market(), Heatmaps(None)), []
    for number, value in enumerate(NEAREST):
        trial = evaluator.trial(configuration_from({"strategy": "magnet", "rule": {"min_distance": value}}))
        row = {"number": number, "key": str(number), "status": "ok", "error": "", "rule.min_distance": value}
        rows.append(row | {name: trial.metrics[name] for name in METRICS} | {"daily_returns": trial.daily_returns})
    return pd.DataFrame(rows), evaluator.days


@pytest.mark.usefixtures("no_tearsheet")
def test_a_report_has_its_table_its_page_its_figures_and_the_best_as_a_complete_run(tmp_path):
    table, days = trials()
    (tmp_path / "sweep.json").write_text("{}")
    stale = tmp_path / "best-2"
    stale.mkdir()
    (stale / "run.json").write_text("{}")
    swept = Swept(FACTS, table, days, market())
    found = swept.results()
    best = int(found.table["number"].iloc[found.order[0]])
    runs = [(best, results()[best])]
    summary = write_report(tmp_path, swept, runs, summary_of(swept, found, runs, draws=100))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"sweep.json", "trials.parquet", "summary.json", "sweep.html", "best-1"}
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    kept = pd.read_parquet(tmp_path / "trials.parquet")
    for ours, theirs in zip(kept["daily_returns"], table["daily_returns"], strict=True):
        assert ours.tobytes() == theirs.tobytes()
    best, run = summary["best"], json.loads((tmp_path / "best-1" / "metrics.json").read_text())
    assert run["performance"]["sharpe"] == pytest.approx(best["metrics"]["sharpe"], rel=1e-9)
    assert (
        json.loads((tmp_path / "best-1" / "run.json").read_text())["configuration"]["rule"]["min_distance"]
        == (best["parameters"]["rule.min_distance"])
    )
    assert summary["statistics"]["trade_order_drawdown"]["trades"] == run["trading"]["trades"]
    assert "best-1/tearsheet.html" in (tmp_path / "sweep.html").read_text()
