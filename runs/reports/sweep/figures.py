"""The parts of a sweep's page that are drawn."""

from typing import Any

from runs.reports.figures.curves import curves_figure
from runs.reports.figures.histogram import histogram_figure
from runs.reports.figures.parallel import parallel_figure
from runs.reports.figures.scatter import scatter_figure
from runs.reports.figures.surface import surface_figure
from runs.reports.numbers import quantity, section, spelled
from runs.reports.page import escape


def surfaces(summary: dict[str, Any]) -> str:
    """Return the objective by pairs of parameters."""
    objective, less = spelled(summary["sweep"]["objective"]), summary["sweep"]["less_is_better"]
    figures = [surface_figure(surface, objective, less) for surface in summary["surfaces"]]
    note = _note("Medians over all other parameters; the pairs whose cells differ most come first.")
    beside = f"<div class='beside'>{''.join(figures)}</div>"
    return section("surfaces", f"{escape(objective)} by pairs of parameters", note, beside)


def parallel(summary: dict[str, Any]) -> str:
    """Return the trials by all parameters."""
    found = summary["parallel"]
    note = _note(
        f"{_of(found)}: the best ones, the rest spread over the ranks. Yellow is good, violet bad, the best red and thick."
    )
    drawn = parallel_figure(found["names"], found["lines"], summary["sweep"]["less_is_better"])
    return section("parallel", "Trials by all parameters", note, drawn)


def halves(summary: dict[str, Any]) -> str:
    """Return how the order of the first half of the days fared in the second."""
    found, points = summary["halves"], summary["scatter"]
    if found["chosen"] is None:
        return ""
    told = (
        f"<p>The best of the first half, trial {quantity(found['chosen'])}, had a Sharpe ratio of "
        f"{quantity(found['chosen_sharpe_first'])} there and {quantity(found['chosen_sharpe_second'])} in the second, from "
        f"{escape(found['second_half_from'])}. In the second it returned "
        f"{quantity(found['chosen_return_second_fraction'], 'share')} and beat "
        f"{quantity(found['chosen_beats_share'], 'share')} of the others. Rank correlation of the halves: "
        f"{quantity(found['rank_correlation'])}.</p>"
    )
    drawn = scatter_figure(points["points"], found["chosen"])
    return section("halves", "In and out of sample", told, _note(f"{_of(points)}."), drawn)


def distribution(summary: dict[str, Any]) -> str:
    """Return the trials' Sharpe ratios against noise."""
    bars, deflation = summary["histogram"], summary["statistics"]["deflation"]
    marks = []
    if deflation is not None:
        marks = [
            ("best", deflation["sharpe"], "mark"),
            ("best of noise, all independent", deflation["raw"]["expected_maximum_sharpe"], "hope"),
            ("best of noise, effective number", deflation["effective"]["expected_maximum_sharpe"], "hope"),
        ]
    note = _note("Bars: trials. Line: as many trials without skill, with the same spread around zero.")
    drawn = histogram_figure(bars["edges"], bars["counts"], bars["noise"], marks)
    return section("distribution", "Sharpe ratios against noise", note, drawn)


def curves(summary: dict[str, Any]) -> str:
    """Return the equity of the best against buy and hold."""
    if summary["curves"] is None:
        return ""
    held = "all markets that are listed, in equal parts or by their weights" if "markets" in summary else "one coin"
    note = _note(f"Buy and hold: {held}, unlevered, without costs or funding.")
    return section("curves", "The best against buy and hold", curves_figure(summary["curves"]), note)


def _note(text: str) -> str:
    return f"<p class='faint'>{text}</p>"


def _of(found: dict[str, Any]) -> str:
    return f"{quantity(found['shown'])} of {quantity(found['of'])} trials"
