"""The whole folder of one run: figures, evidence, intervals and pages, each from its own room."""

from pathlib import Path
from typing import Any

import pandas as pd

from runs.engines.examination import examine
from runs.engines.result import EngineResult
from runs.outcome.instrument import stand_in_text
from runs.outcome.metrics import daily_returns, run_metrics, trades_of, unopened_sentence
from runs.outcome.run_files import run_files
from runs.outcome.writing import write_files
from runs.reports.analysis.markdown import liquidation_report
from runs.reports.daily_statistics import Drawing
from runs.reports.heatmap.page import run_heatmap
from runs.reports.tearsheet import tearsheet
from runs.statistics.headline import stated_intervals
from runs.validation.claims.trading import strategy_evidence


def write_run(result: EngineResult, target: Path, temporary: Path) -> None:
    """Write all of a run's files into a claimed folder.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    trades = trades_of(result)
    record = run_metrics(result, trades) | {
        **examine(result.configuration, result.market),
        "evidence": evidence(result),
        "intervals": intervals(result),
    }
    write_files(files(result, trades, record, run_heatmap(result, trades)), target, temporary)


def files(
    result: EngineResult, trades: pd.DataFrame, record: dict[str, Any], heatmap: str, drawing: Drawing | None = None
) -> dict[str, str | bytes]:
    """Return a run's files by name, given its round trips, the content of metrics.json, `run_heatmap`, and what was drawn of it."""
    said = stand_in_text(record["instrument"])
    pages = {
        "report.md": liquidation_report(result, f"{record['evidence']['sentence']} {said}".strip()) + _unopened(record),
        "tearsheet.html": tearsheet(result, record, drawing=drawing),
        "heatmap.html": heatmap,
    }
    return run_files(result, trades, record, pages)


def _unopened(record: dict[str, Any]) -> str:
    said = unopened_sentence(record["trading"])
    return f"\n## Entries that were not opened\n\n{said}.\n" if said else ""


def evidence(result: EngineResult) -> dict[str, Any]:
    """Return what is validated of the signals that a run's strategy trades, on its data."""
    configuration = result.configuration
    return strategy_evidence(configuration.strategy, result.market, result.snapshots, configuration.model)


def intervals(result: EngineResult) -> dict[str, Any]:
    """Return 95 % intervals of a run's headline figures, from resampled days."""
    returns = daily_returns(result.times, result.equity, float(result.account["start"][0]))
    return stated_intervals(returns.to_numpy())
