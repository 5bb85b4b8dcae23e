"""Colours that order as their values do, also without hue."""

import itertools

from matplotlib import colormaps

from runs.reports.figures.colour import colour, ink_on


def channels(share: float) -> list[float]:
    return [int(colour(share)[place : place + 2], 16) / 255.0 for place in (1, 3, 5)]


def luminance(share: float) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels(share)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_scale_is_viridis_to_the_eye():
    for step in range(101):
        theirs = colormaps["viridis"](step / 100.0)[:3]
        assert max(abs(ours - other) for ours, other in zip(channels(step / 100.0), theirs, strict=True)) < 0.07


def test_lightness_rises_all_the_way():
    shades = [luminance(step / 50.0) for step in range(51)]
    assert all(later > earlier for earlier, later in itertools.pairwise(shades))


def test_text_reads_on_every_colour():
    for step in range(51):
        shade = luminance(step / 50.0)
        contrast = (shade + 0.05) / 0.05 if ink_on(step / 50.0) == "#000" else 1.05 / (shade + 0.05)
        assert contrast >= 4.5, "WCAG 2, 1.4.3"
