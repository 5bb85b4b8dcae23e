"""The results folder of a walk."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from runs.engines.result import EngineResult
from runs.outcome.competitors import held_of
from runs.outcome.metrics import daily_returns, trades_of
from runs.outcome.provenance import code_digest, market_record, package_version
from runs.outcome.run_files import equity_parquet, fills_table, table_csv
from runs.outcome.writing import json_text, jsonable, write_files
from runs.reports.figures.thinning import largest_triangles
from runs.reports.tearsheet import tearsheet
from runs.reports.walk import walk_page
from runs.statistics.holding import constant_exposure_returns, mean_exposure
from runs.sweeps.plan import Plan
from runs.walks.joining import TradedWindow
from runs.walks.lengths import WindowLengths, WindowOptions

MARKER = "walk.json"
"""The file by which a folder is known as a walk's."""

FORMAT = 2
"""Version of the folder's layout."""

_POINTS = 600

WINDOW_END = "window end"
"""Exit reason of a position that was closed because its test window ended."""


def walk_record(
    plan: Plan, options: WindowOptions, choice: str, lengths: WindowLengths, market: Market, windows: int, combinations: int
) -> dict[str, Any]:  # fmt: skip
    """Return what it takes to repeat a walk."""
    record = {
        "format": FORMAT,
        "reproduce": shlex.join(reproduction(plan, options, choice)),
        "package": package_version(),
        **plan.record(),
        "choice": choice,
        "lengths": lengths.record(),
        "windows": windows,
        "combinations": combinations,
        "data": market_record(market),
        "code": code_digest(plan.configuration.strategy),
    }
    return dict(jsonable(record))


def reproduction(plan: Plan, options: WindowOptions, choice: str) -> list[str]:
    """Return the command that repeats a walk, from within its folder."""
    parts = ["python", "-m", "runs.walkforward", "--config", MARKER]
    for axis in plan.space.axes:
        parts += ["--param", f"{axis.label}={axis.text}"]
    for name in ("train", "test", "step", "purge", "embargo"):
        value = getattr(options, name)
        parts += [] if value is None else [f"--{name}", value]
    parts += ["--anchored"] if options.anchored else []
    if plan.method != "grid":
        parts += ["--search", plan.method, "--trials", str(plan.trials), "--seed", str(plan.seed)]
    return [*parts, "--objective", plan.objective, "--choose", choice]


def joined_trades(result: EngineResult, traded_windows: tuple[TradedWindow, ...]) -> pd.DataFrame:
    """Return the round trips of all test windows, with the window's number, and with why they ended."""
    trades = trades_of(result)
    start = traded_windows[0].window.test_first
    firsts = pd.DatetimeIndex(
        [result.times[traded_window.window.test_first - start] for traded_window in traded_windows]
    )
    trades.insert(0, "window", firsts.searchsorted(pd.DatetimeIndex(trades["entry_time"]), side="right"))
    for number, traded_window in enumerate(traded_windows, start=1):
        if traded_window.forced:
            trades.loc[trades.index[trades["window"] == number][-1:], "exit_reason"] = WINDOW_END
    return trades


def write_walk(
    record: dict[str, Any],
    summary: dict[str, Any],
    result: EngineResult,
    traded_windows: tuple[TradedWindow, ...],
    target: Path,
    temporary: Path,
) -> None:
    """Write all of a walk's files into a claimed folder.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    plain = jsonable(summary)
    curves = daily_curves(result)
    files: dict[str, str | bytes] = {
        MARKER: json_text(record),
        "summary.json": json_text(summary),
        "walk.html": walk_page(record, plain, curves),
        "tearsheet.html": tearsheet(result, summary["out_of_sample"], _settings(record, summary)),
        "equity.parquet": equity_parquet(result),
        "trades.csv": table_csv(joined_trades(result, traded_windows)),
        "fills.csv": table_csv(fills_table(result)),
    }
    write_files(files, target, temporary)


def daily_curves(result: EngineResult) -> dict[str, Any]:
    """Return the worth of 1 at the days' ends as the page's figure wants it: ours, our mean exposure's, and buy-and-hold's."""
    start, opened = float(result.account["start"][0]), float(result.market.frame["open"].iloc[0])
    held = held_of(result.market)
    exposure = mean_exposure(result.position, held.close, result.equity)
    series = {
        "walk-forward": daily_returns(result.times, result.equity, start).to_numpy(),
        "its exposure, constant": constant_exposure_returns(exposure, held.daily_returns),
        "buy and hold": daily_returns(result.times, result.close, opened).to_numpy(),
    }
    lines = []
    for name, returns in series.items():
        worth = np.r_[1.0, (1.0 + returns).cumprod()]
        days = np.arange(len(worth))
        kept = largest_triangles(days.astype(float), worth, _POINTS)
        lines.append({"name": name, "days": days[kept].tolist(), "worth": worth[kept].tolist()})
    first, last = np.datetime_as_string(result.times[[0, -1]], unit="D")
    return {"first_day": str(first), "last_day": str(last), "lines": lines}


def _settings(record: dict[str, Any], summary: dict[str, Any]) -> str:
    names = ", ".join(axis["parameter"] for axis in record["space"])
    return (
        f"Walk-forward over {len(summary['windows'])} test windows: {names} chosen by {record['objective']} on each train window "
        f"from {record['combinations']:,} candidates. Positions are closed at each window's end at taker cost. "
        f"{summary['sentence']} "
    )
