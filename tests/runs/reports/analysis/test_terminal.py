"""The ladder in a terminal: what it draws is the record; legible without colour, in ASCII, and at 80 columns."""

import copy
import io
import re
from functools import cache

import pytest
from rich.console import Console

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.reports.analysis.terminal import print_analysis, terminal_text
from runs.reports.text import price, usd


@cache
def record():
    return analyse(simulate(5, bars=300), ModelParameters())


def ladder(text):
    lines = text.split("Map by price level\n")[1].split("\n\n")[0].splitlines()
    return [line for line in lines if "%" in line and not line.startswith("Rows")]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_every_level_is_a_line_and_no_line_is_too_long(width):
    text = terminal_text(record(), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    levels = record()["heat"]["levels"]
    assert len(ladder(text)) == len(levels)
    for line, level in zip(ladder(text), levels, strict=True):
        cells = line.split()
        assert cells[0] == price(level["price_quote"])
        assert cells[1] == f"{level['distance_fraction']:+.2%}"
        assert usd(level["size_usd"]).removesuffix(" USD") in line
        assert usd(level["cumulative_usd"]).removesuffix(" USD") in line
        assert [int(cell[1:]) for cell in cells if cell[0] == "◆"] == level["clusters"]


@pytest.mark.parametrize("width", [80, 120])
def test_bars_are_in_proportion_and_tell_the_side_by_shape_and_place(width):
    lines, levels = ladder(terminal_text(record(), width)), record()["heat"]["levels"]
    longest = max(line.count("█") + line.count("▒") for line in lines)
    axis = {line.rindex("█") for line in lines if "█" in line} | {line.index("▒") - 2 for line in lines if "▒" in line}
    assert len(axis) == 1, "longs end and shorts begin at one axis"
    for line, level in zip(lines, levels, strict=True):
        glyph, other = ("█", "▒") if level["side"] == "long" else ("▒", "█")
        assert other not in line
        if level["size_usd"] > 0.0:
            assert line.count(glyph) == max(round(longest * level["share_of_largest_fraction"]), 1)


def printed(monkeypatch, term="xterm-256color", encoding="utf-8", **environment):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", term)
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_analysis(record(), Console(file=out, force_terminal=True, width=100, legacy_windows=False))
    out.flush()
    return out.buffer.getvalue().decode(encoding)


def test_on_a_terminal_the_sides_differ_in_colour_too(monkeypatch):
    text = printed(monkeypatch)
    assert re.search("\x1b\\[94m *█", text)
    assert re.search("\x1b\\[33m *▒", text)


def test_no_color_is_honoured(monkeypatch):
    assert "\x1b[94m" not in (text := printed(monkeypatch, NO_COLOR="1"))
    assert "\x1b[33m" not in text


@pytest.mark.parametrize(("term", "encoding"), [("dumb", "utf-8"), ("xterm", "ascii")])
def test_a_dumb_terminal_gets_ascii(monkeypatch, term, encoding):
    text = printed(monkeypatch, term, encoding)
    text.split("Caveats")[0].encode("ascii")
    if term == "dumb":
        assert "\x1b" not in text
    assert "###" in text
    assert "===" in text


def test_a_hostile_name_is_text_and_no_command_to_the_terminal():
    hostile = copy.deepcopy(record())
    hostile["data"]["name"] = "[red]x\x1b[2J\n<script>"
    hostile["data"]["defects"] = ["[bold]a\x1b]0;title\x07 defect"]
    hostile["evidence"] = "\x1b[31m[link=x]bad"
    text = terminal_text(hostile, 100)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert text.startswith("Liquidation report: _red_x__2J__script_")
    assert "(bold)a" in text
