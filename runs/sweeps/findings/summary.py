"""A sweep in figures: the content of summary.json, out of which its page is made."""

from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.outcome.joint_metrics import universe_record
from runs.outcome.metrics import daily_returns
from runs.outcome.writing import jsonable
from runs.perpetual.accounting import NOT_OPENED
from runs.sweeps.findings import figures
from runs.sweeps.findings.markets import BestAcross, equal_parts
from runs.sweeps.findings.results import SweepResults, plain
from runs.sweeps.findings.split_sample import halves
from runs.sweeps.findings.statistics import statistics_of, verdict_on
from runs.sweeps.rows.objective import LESS_IS_BETTER
from runs.sweeps.rows.table import row_configuration
from runs.sweeps.workers.across import UniverseEvaluator

VERSION = 1

DRAWS = 2000
"""Resamples: a p-value of .05 is then known to +-.01 (binomial, two deviations)."""

MAX_ERRORS = 50


def summarise(
    record: dict[str, Any],
    results: SweepResults,
    market: Market | Universe,
    trade_returns: np.ndarray | None = None,
    draws: int = DRAWS,
    across: UniverseEvaluator | None = None,
) -> dict[str, Any]:
    """Return a sweep in figures.

    Parameters
    ----------
    record
        What sweep.json says; used are ``configuration``, ``objective``, ``combinations`` and ``search`` with its seed.
    results
        The rows.
    market
        What was traded.
    trade_returns
        (m,) of the best trial's trades, as fractions of equity, for the drawdown in another order; None leaves it out.
    draws
        Resamples of each bootstrap.
    across
        What evaluated a universe.

    Returns
    -------
    dict
        Plain values that JSON can hold; what is not defined is None.
    """
    days, seed = results.days, int((record.get("search") or {}).get("seed") or 0)
    benchmark = benchmark_returns(market, days) if isinstance(market, Market) else equal_parts(market)
    beside, markets = _of_the_best(record, results, market, benchmark, across)
    parts = halves(results.returns)
    statistics = statistics_of(results, benchmark, trade_returns, draws, seed)
    verdict = verdict_on(results, statistics)
    if markets:
        verdict["sentence"] += f" {markets['sentence']}"
    content = {
        "version": VERSION,
        "sentence": verdict["sentence"],
        "verdict": verdict,
        "data": _data(market, days),
        "sweep": _sweep(record, results),
        "counts": _counts(record, results),
        "best": figures.best_found(results, beside, seed),
        **({"markets": markets} if markets else {}),
        "statistics": statistics,
        "halves": figures.split_sample_found(results, parts),
        "region": figures.region_found(results),
        "surfaces": figures.surfaces_found(results),
        "parallel": figures.parallel(results),
        "scatter": figures.scatter(results, parts),
        "histogram": figures.histogram(results, (statistics["deflation"] or {}).get("deviation_of_sharpe", 0.0)),
        "curves": figures.curves(results, benchmark) if len(days) else None,
        "table": figures.best_rows(results),
        "errors": _errors(results),
    }
    return dict(jsonable(content))


def _of_the_best(
    record: dict[str, Any], results: SweepResults, market: Market | Universe, benchmark: np.ndarray,
    across: UniverseEvaluator | None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Return what the best trial has to beat, and, of a universe, in how many markets it does well."""
    if not len(results.order):
        return {}, {}
    index = int(results.order[0])
    row = results.table.iloc[index]
    configuration, ours = row_configuration(record, row), results.returns[:, index]
    if across is not None:
        found = BestAcross(across, configuration, int(row["number"]))
        return found.beside(), found.markets()
    return figures.beside_one(configuration, market, float(row["mean_exposure"]), ours, benchmark), {}  # type: ignore[arg-type]


def benchmark_returns(market: Market, days: np.ndarray) -> np.ndarray:
    """Return (t,) the daily returns of one coin bought at the first evaluated bar's open and held, without costs."""
    dates = market.times.astype("datetime64[D]")
    inside = (dates >= days[0]) & (dates <= days[-1]) if len(days) else np.zeros(len(dates), dtype=bool)
    if not inside.any():
        return np.zeros(len(days))
    frame = market.frame[inside]
    returns = daily_returns(market.times[inside], frame["close"].to_numpy(), float(frame["open"].iloc[0]))
    return returns.reindex(pd.DatetimeIndex(days.astype("datetime64[ns]"))).fillna(0.0).to_numpy()


def _data(market: Market | Universe, days: np.ndarray) -> dict[str, Any]:
    if isinstance(market, Universe):
        said = universe_record(market)
        what = {key: said[key] for key in ("name", "markets", "simulated", "bars")}
    else:
        what = {"name": market.name, "simulated": market.simulated, "bars": len(market)}
    return {
        **what,
        "bar_seconds": market.bar_seconds,
        "first_day": str(days[0]) if len(days) else None,
        "last_day": str(days[-1]) if len(days) else None,
        "days": len(days),
    }


def _sweep(record: dict[str, Any], results: SweepResults) -> dict[str, Any]:
    swept = []
    for name in results.parameters:
        column = results.table[name]
        known = sorted({plain(value) for value in column}, key=lambda value: (isinstance(value, str), value))
        ends = (known[0], known[-1]) if known else (None, None)
        swept.append({"name": name, "values": len(known), "low": ends[0], "high": ends[1]})
    return {
        "strategy": str(record.get("configuration", {}).get("strategy", "")),
        "objective": results.objective,
        "less_is_better": results.objective in LESS_IS_BETTER,
        "search": record.get("search"),
        "parameters": swept,
    }


def _counts(record: dict[str, Any], results: SweepResults) -> dict[str, int]:
    tried = len(results.table) + len(results.failed)
    return {
        "planned": int(record.get("combinations", tried)),
        "combinations": tried,
        "evaluated": len(results.table),
        "errors": len(results.failed),
        "duplicates": results.duplicates,
        "without_variation": int((~results.varies).sum()),
        "with_entries_not_opened": int((results.table[list(NOT_OPENED)].sum(axis=1) > 0.0).sum()),
    }


def _errors(results: SweepResults) -> list[dict[str, Any]]:
    """Return the different errors, the commonest first, with how many trials they ended and the first of them."""
    grouped = results.failed.groupby("error", sort=False)["number"]
    rows = [(-len(group), int(group.min()), str(text)) for text, group in grouped]
    return [{"error": text, "trials": -less, "first": first} for less, first, text in sorted(rows)[:MAX_ERRORS]]
