"""What a walk found, as plain values: window by window, joined, and in one honest sentence."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.outcome.joint_metrics import joint_metrics
from runs.outcome.metrics import daily_returns, run_metrics
from runs.statistics.sharpe import probabilistic_sharpe, sharpe_sample
from runs.walks.across import JointTradedWindow
from runs.walks.joining import TradedWindow

CONFIDENCE = 0.95
"""Probability of a true Sharpe ratio above zero from which on a result is told from luck (assumption: the usual level)."""

LUCK, TOLD, TOO_LITTLE = "not told from luck", "told from luck", "too little to tell"
"""Verdicts."""


def window_row(
    number: int, times: np.ndarray, traded_window: TradedWindow | JointTradedWindow, values: dict[str, Any],
    trained: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    """Return what is said of one window.

    Parameters
    ----------
    number
        From 1.
    times, traded_window
        (n,) naive UTC opens of the bars of the whole market or universe, and the test window traded.
    values
        The chosen value of each parameter by ``group.name``.
    trained
        Metrics of the chosen candidate on the train window.
    """
    window = traded_window.window
    return {
        "number": number,
        "train": _range(times, window.train_first, window.train_last),
        "test": _range(times, window.test_first, window.test_last),
        "chosen": values,
        "in_sample": trained,
        "out_of_sample": traded_window.metrics,
    }


def _range(times: np.ndarray, first: int, last: int) -> dict[str, Any]:
    stamps = [f"{np.datetime_as_string(times[bar], unit='s')}Z" for bar in (first, last - 1)]
    return {"first_bar": stamps[0], "last_bar": stamps[1], "bars": last - first}


def walk_summary(
    result: EngineResult | JointResult, rows: Sequence[dict[str, Any]], objective: str, unused: int
) -> dict[str, Any]:
    """Return the summary of a walk.

    Parameters
    ----------
    result
        The joined test windows.
    rows
        From `window_row`, in time.
    objective
        By what parameters were chosen.
    unused
        Bars after the last whole test window.

    Returns
    -------
    dict
        ``sentence`` and ``verdict``; ``windows``; ``out_of_sample`` as in metrics.json; ``in_sample_sharpe_mean`` of the
        chosen candidates on their train windows; ``efficiency``, the joined Sharpe ratio over that mean (Pardo 1992 has the
        like of annual profits), NaN unless the mean is above zero; ``parameter_changes``; ``probabilistic_sharpe``, the
        probability that the true ratio of the joined daily returns is above zero.
    """
    metrics = joint_metrics(result) if isinstance(result, JointResult) else run_metrics(result)
    promised = _mean([row["in_sample"].get("sharpe", math.nan) for row in rows])
    earned = float(metrics["performance"]["sharpe"])
    chance = above_zero(result)
    changes = sum(a["chosen"] != b["chosen"] for a, b in itertools.pairwise(rows))
    summary = {
        "objective": objective,
        "windows": list(rows),
        "out_of_sample": metrics,
        "in_sample_sharpe_mean": promised,
        "efficiency": earned / promised if promised > 0.0 else math.nan,
        "parameter_changes": changes,
        "most_parameter_changes": len(rows) - 1,
        "probabilistic_sharpe": chance,
        "unused_bars": unused,
    }
    verdict = _verdict(chance)
    parts = [part["profit_quote"] for part in metrics.get("markets", ())]
    agree = f" The account gained in {sum(profit > 0.0 for profit in parts)} of {len(parts)} markets." if parts else ""
    return {"verdict": verdict, "sentence": _sentence(summary, verdict) + agree, **summary}


def above_zero(result: EngineResult | JointResult) -> float:
    """Return the probability that the true Sharpe ratio of a result's daily returns is above zero; NaN for too few."""
    start = result.start if isinstance(result, JointResult) else float(result.account["start"][0])
    returns = daily_returns(result.times, result.equity, start).to_numpy()
    try:
        return probabilistic_sharpe(sharpe_sample(returns))
    except ValueError:
        return math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _verdict(chance: float) -> str:
    if math.isnan(chance):
        return TOO_LITTLE
    return TOLD if chance >= CONFIDENCE else LUCK


def _sentence(summary: dict[str, Any], verdict: str) -> str:
    metrics, count = summary["out_of_sample"], len(summary["windows"])
    ours = metrics["performance"]
    bought, constant = (metrics[side]["total_return_fraction"] for side in ("buy_and_hold", "constant_exposure"))
    sentence = (
        f"Out of sample it earned {ours['total_return_fraction']:+.1%}, buy-and-hold {bought:+.1%}, and its own mean exposure "
        f"held constant {constant:+.1%}. That is {count} test window{'s' if count > 1 else ''} from "
        f"{metrics['data']['first_bar'][:10]} to {metrics['data']['last_bar'][:10]}."
    )
    promised, earned = summary["in_sample_sharpe_mean"], ours["sharpe"]
    if math.isfinite(promised) and math.isfinite(earned):
        sentence += f" The Sharpe ratio is {earned:.2f}, where the train windows showed {promised:.2f}."
    chance = summary["probabilistic_sharpe"]
    if math.isnan(chance):
        return f"{verdict.capitalize()}. {sentence}"
    why = f"the true Sharpe ratio is above zero with probability {chance:.1%}, and {CONFIDENCE:.0%} is asked"
    return f"{verdict.capitalize()}: {why}. {sentence}"
