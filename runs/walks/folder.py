"""The results folder of a walk."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.outcome.competitors import held_of
from runs.outcome.joint_files import joint_equity_parquet, of_all
from runs.outcome.joint_held import constant_returns, joint_held
from runs.outcome.joint_metrics import joint_trades, universe_record
from runs.outcome.metrics import daily_returns, trades_of
from runs.outcome.provenance import code_digest, market_record, package_version
from runs.outcome.run_files import equity_parquet, fills_table, table_csv
from runs.outcome.trades import DELISTED
from runs.outcome.writing import json_text, jsonable, write_files
from runs.reports.figures.thinning import largest_triangles
from runs.reports.joint import joint_tearsheet
from runs.reports.tearsheet import tearsheet
from runs.reports.walk import walk_page
from runs.statistics.holding import constant_exposure_returns, mean_exposure
from runs.sweeps.plan import Plan
from runs.walks.across import JointTradedWindow
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
    plan: Plan, options: WindowOptions, choice: str, lengths: WindowLengths, market: Market | Universe, windows: int,
    combinations: int,
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
        "data": universe_record(market) if isinstance(market, Universe) else market_record(market),
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
    parts += ["--across", plan.across] if plan.configuration.several else []
    return [*parts, "--objective", plan.objective, "--choose", choice]


def joined_trades(
    result: EngineResult | JointResult, traded_windows: Sequence[TradedWindow | JointTradedWindow]
) -> pd.DataFrame:
    """Return the round trips of all test windows, with the window's number, and with why they ended."""
    if isinstance(result, JointResult):
        trades, windows = joint_trades(result), [each for each in traded_windows if isinstance(each, JointTradedWindow)]
        firsts, lasts = (pd.DatetimeIndex([each.times[row] for each in windows]) for row in (0, -1))
        _number(trades, firsts)
        ends = pd.DatetimeIndex(trades["exit_time"]).isin(lasts) & (trades["exit_reason"] == DELISTED)
        trades.loc[ends, "exit_reason"] = WINDOW_END
        return trades
    trades, start = trades_of(result), traded_windows[0].window.test_first
    _number(trades, pd.DatetimeIndex([result.times[each.window.test_first - start] for each in traded_windows]))
    for number, each in enumerate(traded_windows, start=1):
        if isinstance(each, TradedWindow) and each.forced:
            trades.loc[trades.index[trades["window"] == number][-1:], "exit_reason"] = WINDOW_END
    return trades


def _number(trades: pd.DataFrame, firsts: pd.DatetimeIndex) -> None:
    trades.insert(0, "window", firsts.searchsorted(pd.DatetimeIndex(trades["entry_time"]), side="right"))


def write_walk(
    record: dict[str, Any],
    summary: dict[str, Any],
    result: EngineResult | JointResult,
    traded_windows: Sequence[TradedWindow | JointTradedWindow],
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
        "trades.csv": table_csv(joined_trades(result, traded_windows)),
    }
    said = _settings(record, summary)
    if isinstance(result, JointResult):
        files["tearsheet.html"] = joint_tearsheet(result, summary["out_of_sample"], said)
        files["equity.parquet"] = joint_equity_parquet(result)
        files["fills.csv"] = table_csv(of_all(result, fills_table))
    else:
        files["tearsheet.html"] = tearsheet(result, summary["out_of_sample"], said)
        files["equity.parquet"] = equity_parquet(result)
        files["fills.csv"] = table_csv(fills_table(result))
    write_files(files, target, temporary)


def daily_curves(result: EngineResult | JointResult) -> dict[str, Any]:
    """Return the worth of 1 at the days' ends as the page's figure wants it: ours, our mean exposure's, and buy-and-hold's."""
    series = _joint_series(result) if isinstance(result, JointResult) else _series(result)
    lines = []
    for name, returns in series.items():
        worth = np.r_[1.0, (1.0 + returns).cumprod()]
        days = np.arange(len(worth))
        kept = largest_triangles(days.astype(float), worth, _POINTS)
        lines.append({"name": name, "days": days[kept].tolist(), "worth": worth[kept].tolist()})
    first, last = np.datetime_as_string(result.times[[0, -1]], unit="D")
    return {"first_day": str(first), "last_day": str(last), "lines": lines}


def _joint_series(result: JointResult) -> dict[str, np.ndarray]:
    held = joint_held(result)
    return {
        "walk-forward": daily_returns(result.times, result.equity, result.start).to_numpy(),
        "its exposure, constant": constant_returns(result, held),
        "buy and hold": daily_returns(result.times, held.spot, 1.0).to_numpy(),
    }


def _series(result: EngineResult) -> dict[str, np.ndarray]:
    start, opened = float(result.account["start"][0]), float(result.market.frame["open"].iloc[0])
    held = held_of(result.market)
    exposure = mean_exposure(result.position, held.close, result.equity)
    return {
        "walk-forward": daily_returns(result.times, result.equity, start).to_numpy(),
        "its exposure, constant": constant_exposure_returns(exposure, held.daily_returns),
        "buy and hold": daily_returns(result.times, result.close, opened).to_numpy(),
    }


def _settings(record: dict[str, Any], summary: dict[str, Any]) -> str:
    names = ", ".join(axis["parameter"] for axis in record["space"])
    return (
        f"Walk-forward over {len(summary['windows'])} test windows: {names} chosen by {record['objective']} on each train window "
        f"from {record['combinations']:,} candidates. Positions are closed at each window's end at taker cost. "
        f"{summary['sentence']} "
    )
