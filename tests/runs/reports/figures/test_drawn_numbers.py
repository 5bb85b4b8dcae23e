"""What figures print and where they put things is what the summary holds."""

import html
import re
from functools import cache

import numpy as np
import pytest

from runs.reports.figures.choices import choices_figure
from runs.reports.figures.scatter import promises_figure
from runs.reports.sweep.page import sweep_page
from runs.sweeps.findings.summary import summarise
from tests.runs.sweeps.made import FACTS, days_of, market_of, noise, results_of

DAYS = 120
NUMBER = r"(-?\d[\d.]*(?:e[-+]\d+)?)"


@cache
def summary():
    market = market_of(DAYS)
    outcomes = results_of(noise(DAYS, 150, 1), days_of(market))
    found = summarise(FACTS, outcomes, market, np.array([0.1, -0.05, 0.02, 0.01]), draws=100)
    return found | {"runs": []}


def section(name):
    return sweep_page(summary()).split(f"<section id='{name}'>")[1].split("</section>")[0]


def same(text, value):
    """Return whether a text is a value to the digits that it shows (three at least, where it has an exponent two)."""
    mantissa, _, power = text.partition("e")
    step = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return abs(float(text) - value) <= 0.50001 * step


def straight(places, values):
    """Return whether places lie on a straight line over values, to a tenth of a pixel."""
    slope, start = np.polyfit(values, places, 1)
    return bool(np.abs(np.polyval((slope, start), values) - np.asarray(places)).max() < 0.1)


def test_cells_of_surfaces_and_their_hints():
    cells = re.findall(
        rf"<title>([^<]*): median {NUMBER}, mean {NUMBER}, (\d+) trials</title><rect[^>]*/><text[^>]*>{NUMBER}</text>",
        section("surfaces"),
    )
    expected = [
        (f"{one['across']} {column}" + (f", {one['down']} {row}" if one["down"] else ""), *figures)
        for one in summary()["surfaces"]
        for row, *lines in zip(one["rows"], one["median"], one["mean"], one["counts"], strict=True)
        for column, *figures in zip(one["columns"], *lines, strict=True)
        if figures[0] is not None
    ]
    assert len(cells) == len(expected) > 50
    for (label, median, mean, count, shown), (names, *figures) in zip(cells, expected, strict=True):
        assert html.unescape(label) == names
        assert same(median, figures[0])
        assert same(mean, figures[1])
        assert int(count) == figures[2]
        assert same(shown, figures[0])


def test_curves_end_where_the_summary_ends_and_run_as_it_runs():
    drawn = section("curves")
    lines = re.findall(
        rf"<polyline points='([^']*)' class='curve'[^>]*><title>([^<]*): {NUMBER}</title></polyline>", drawn
    )
    assert len(lines) == len(summary()["curves"]["lines"]) > 1
    for (points, name, end), one in zip(lines, summary()["curves"]["lines"], strict=True):
        assert html.unescape(name) == one["name"]
        assert same(end, one["worth"][-1])
        across, up = np.array([[float(n) for n in point.split(",")] for point in points.split()]).T
        assert straight(across, one["days"])
        assert straight(up, one["worth"])


def test_bars_and_marks_of_the_distribution():
    drawn, bars = section("distribution"), summary()["histogram"]
    shown = re.findall(rf"<title>{NUMBER} \.\. {NUMBER}: (\d+) trials</title>", drawn)
    assert [int(count) for _, _, count in shown] == bars["counts"]
    assert all(same(low, edge) for (low, _, _), edge in zip(shown, bars["edges"], strict=False))
    assert all(same(high, edge) for (_, high, _), edge in zip(shown, bars["edges"][1:], strict=True))
    deflation = summary()["statistics"]["deflation"]
    for name, value in (
        ("best", deflation["sharpe"]),
        ("best of noise, all independent", deflation["raw"]["expected_maximum_sharpe"]),
        ("best of noise, effective number", deflation["effective"]["expected_maximum_sharpe"]),
    ):
        (text,) = re.findall(rf">{name} {NUMBER}</text>", drawn)
        assert same(text, value)


def test_points_of_both_halves():
    shown = re.findall(
        rf"<circle cx='{NUMBER}' cy='{NUMBER}'[^>]*><title>trial (\d+): {NUMBER}, then {NUMBER}</title>",
        section("halves"),
    )
    known = {number: (first, second) for number, first, second in summary()["scatter"]["points"]}
    assert len(shown) == len(known) > 50
    for _, _, number, first, second in shown:
        assert same(first, known[int(number)][0])
        assert same(second, known[int(number)][1])
    for place, value in ((0, 0), (1, 1)):
        assert straight([float(row[place]) for row in shown], [known[int(row[2])][value] for row in shown])


def test_windows_promises_and_choices():
    points = [(1, 0.51234, -1.23456), (2, 1.5, 0.75), (3, -0.25, 12.5)]
    shown = re.findall(rf"window (\d+): {NUMBER}, then {NUMBER}</title>", promises_figure(points, "sharpe"))
    for row, point in zip(shown, points, strict=True):
        assert all(same(text, value) for text, value in zip(row, point, strict=True))
    chosen = [{"stop": 1.5}, {"stop": 3.0}, {"stop": 1.5}]
    drawn = choices_figure(["stop"], chosen)
    heights = {
        float(text): float(y) - 4.0 for y, text in re.findall(rf"<text x='212' y='{NUMBER}'[^>]*>(?:stop = )?{NUMBER}<", drawn)
    }  # fmt: skip
    path = re.search(r"<polyline points='([^']*)'", drawn).group(1).split()
    assert [float(point.split(",")[1]) for point in path[::2]] == pytest.approx(
        [heights[row["stop"]] for row in chosen]
    )
