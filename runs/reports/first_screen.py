"""What a tearsheet says before anything is scrolled: what was run, a verdict in one sentence, six figures, and the curves."""

import math
from collections.abc import Sequence
from typing import Any

from runs.reports.competitors import ROWS, SIDES, side_by_side
from runs.reports.figures.timeline import Curve, timeline_figure
from runs.reports.page import escape, table

FIRST_ROWS = tuple(row for row in ROWS if row[1] != "max_bar_drawdown_fraction")
"""Six figures, each of which all sides have; the drawdown by bar stands further down."""

_EVIDENCE = {
    "validated": "and its signal holds on this data",
    "not validated": "and its signal is not validated on this data: the result may be luck",
    "too little data": "and there is too little data to validate its signal: the result may be luck",
    "mixed": "and its signal is not validated in all markets: the result may be luck",
    "not examined": "and its signal was not examined: the result may be luck",
    None: "and no test of its signal stands behind it: the result may be luck",
}


def verdict_sentence(metrics: dict[str, Any]) -> str:
    """Return what a run came to in one sentence: what it earned, what holding earned, and whether that may be luck.

    Examples
    --------
    >>> sides = {"performance": {"total_return_fraction": -0.1}, "buy_and_hold": {"total_return_fraction": 0.032}}
    >>> verdict_sentence({**sides, "trading": {"trades": 3}, "evidence": {"verdict": "validated"}})
    'It lost 10.00% where buy and hold earned 3.20%, and its signal holds on this data.'
    """
    ours, theirs = (metrics[side]["total_return_fraction"] for side in ("performance", "buy_and_hold"))
    if not metrics["trading"]["trades"]:
        return f"It made no trade; buy and hold {_moved(theirs)}."
    verdict = metrics.get("evidence", {}).get("verdict")
    return f"It {_moved(ours)} where buy and hold {_moved(theirs)}, {_EVIDENCE.get(verdict, _EVIDENCE[None])}."


def _moved(fraction: float) -> str:
    if not math.isfinite(fraction):
        return "has no defined return"
    return f"{'lost' if fraction < 0.0 else 'earned'} {abs(fraction):.2%}"


def first_screen(title: str, metrics: dict[str, Any], curves: Sequence[Curve], simulated: bool) -> str:
    """Return the first screen as HTML.

    Parameters
    ----------
    title
        Strategy and market, plain text.
    metrics
        Content of metrics.json; every figure shown is one of it, rounded.
    curves
        What one unit of quote became: the strategy and what it is compared with.
    simulated
        Whether the market is simulated.
    """
    data, validated = metrics["data"], metrics.get("evidence", {}).get("verdict") == "validated"
    warning = " <b class='not'>Simulated market: nothing here ever traded.</b>" if simulated else ""
    beside = [(label, *side_by_side(metrics, key, shape)) for label, key, shape in FIRST_ROWS]
    return (
        f"<header id='first'><h1>{escape(title)}</h1><p class='faint'>{dates(data)}, {data['bars']:,} bars.{warning}</p>"
        f"<p id='verdict' class='verdict {'validated' if validated else 'too'}'>{escape(verdict_sentence(metrics))}</p>"
        f"<div id='figures'>{table(('', *(side for _, side in SIDES)), beside)}</div>"
        f"{timeline_figure('equity', curves, 'Worth of 1', log=True)}</header>"
    )


def dates(data: dict[str, Any]) -> str:
    """Return the first and the last day of a run's data."""
    return f"{data['first_bar'][:10]} to {data['last_bar'][:10]}"
