"""Curves through time: thinned, dated, and on a scale of ratios where they differ much."""

import re

import numpy as np
import pytest

from runs.reports.figures.timeline import MONTHS, POINTS, Curve, timeline_figure


def curve(values, first="2024-01-01", step="1h", name="one"):
    count, unit = re.match(r"(\d+)(\w)", step).groups()
    times = np.datetime64(first, "ns") + np.arange(len(values)) * np.timedelta64(int(count), unit)
    return Curve(name, times, np.asarray(values, dtype=float))


def points(made):
    return [[tuple(map(float, at.split(","))) for at in line.split()] for line in re.findall(r"points='([^']*)'", made)]


def test_long_curves_are_thinned_and_keep_their_ends_and_extremes():
    values = 1.0 + 0.1 * np.random.default_rng(1).normal(size=50_000)
    values[20_000] = 3.0
    made = points(timeline_figure("x", [curve(values)] * 4, "worth", log=True))
    assert [len(line) for line in made] == list(reversed(POINTS))
    assert sum(POINTS) <= 1500
    for line in made:
        assert (line[0][0], line[-1][0]) == (0.0, 1000.0)
        assert min(y for _, y in line) < min(y for x, y in line if abs(x - 400.0) > 5.0)


@pytest.mark.parametrize(("top", "log"), [(4.9, False), (5.1, True)])
def test_the_scale_is_of_ratios_where_curves_differ_by_more_than_five_times(top, log):
    made = timeline_figure("x", [curve([1.0, top**0.5, top])], "worth", log=True)
    assert ("log scale" in made) == log
    (line,) = points(made)
    halfway = 0.5 * (line[0][1] + line[2][1])
    assert (abs(line[1][1] - halfway) < 0.2) == log


def test_what_falls_to_nothing_or_is_not_asked_for_has_a_straight_scale():
    assert "log scale" not in timeline_figure("x", [curve([1.0, 9.0, 0.0])], "worth", log=True)
    assert "log scale" not in timeline_figure("x", [curve([1.0, 9.0])], "worth")


@pytest.mark.parametrize("hours", [2, 12, 40, 24 * 5, 24 * 40, 24 * 200, 24 * 700, 24 * 365 * 9, 24 * 365 * 40])
def test_the_axis_has_two_to_five_dates_where_they_stand(hours):
    figure = curve([1.0, 2.0], step=f"{hours}h")
    made = timeline_figure("x", [figure], "worth")
    found = re.findall(r"class='along' style='left:([\d.]+)%'>([^<]*)<", made)
    assert 1 <= len(found) <= 5
    for left, text in found:
        at = figure.times[0] + np.timedelta64(round(float(left) / 100.0 * hours * 3600), "s")
        near = str(at + np.timedelta64(hours * 18 // 10 + 60, "s"))  # a tenth of a thousandth is rounded away
        year = re.search(r"\d{4}$", text)
        assert (year is None) or year.group(0) == near[:4]
        month = re.search("[A-Z][a-z]+", text)
        assert (month is None) or MONTHS[int(near[5:7]) - 1] == month.group(0)


def test_names_are_text():
    assert (
        "<b>"
        not in timeline_figure("x", [curve([1.0, 2.0], name="<b>")], "worth").split("figcaption")[1].split("</b>")[1]
    )
