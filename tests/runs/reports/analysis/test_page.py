"""The page of the liquidation report: the record's figures, escaped, and nothing from anywhere."""

import copy
import html
import json
import re
from functools import cache

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.outcome.writing import jsonable
from runs.reports.analysis.markdown import markdown_report
from runs.reports.analysis.page import analysis_page
from runs.reports.analysis.statements import heat_cells


@cache
def record():
    return analyse(simulate(5, bars=300), ModelParameters())


def cells(page):
    """Return the text of every row of cells."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page)
    return [
        [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows
    ]


def test_the_page_holds_the_record_and_shows_its_levels():
    page = analysis_page(jsonable(record()))
    block = re.search(r'<script type="application/json" id="analysis">(.*?)</script>', page)
    assert json.loads(block.group(1)) == jsonable(record())
    shown = [row for row in cells(page) if len(row) == 8]
    expected = [heat_cells(level) for level in record()["heat"]["levels"]]
    assert [(row[0], *row[2:]) for row in shown] == expected
    widths = [float(width) for width in re.findall(r"style='width:([\d.]+)%'", page)]
    shares = [level["share_of_largest_fraction"] for level in record()["heat"]["levels"]]
    assert all(abs(width / 100.0 - share) <= 0.0005 for width, share in zip(widths, shares, strict=True))


def test_page_and_markdown_say_the_same_sentences():
    page = html.unescape(re.sub("<[^>]+>", "\n", analysis_page(jsonable(record()))))
    for line in markdown_report(record()).splitlines():
        if line.startswith("- "):
            assert line[2:] in page


def test_unknown_figures_read_alike_on_page_and_in_markdown():
    unknown = copy.deepcopy(record())
    for name in ("open_interest_base", "open_interest_usd", "funding_rate", "atr_quote"):
        unknown["context"][name] = float("nan")
    unknown["cascade"]["down"]["set_off_per_unit"] = float("nan")
    unknown["last_24_hours"]["long_over_short"] = float("nan")
    unknown["implications"]["long_liquidations_begin_below_quote"] = float("nan")
    page, text = analysis_page(jsonable(unknown)), markdown_report(unknown)
    assert "nan" not in text.lower().replace("finance", "")
    rows = [tuple(row) for row in cells(page)]
    for row in (("Open interest", "unknown"), ("Funding, last settled", "-")):
        assert row in rows
        assert f"| {row[0]} | {row[1]} |" in text


def test_hostile_text_stays_text_and_nothing_is_loaded():
    hostile = jsonable(copy.deepcopy(record()))
    for path in (("data", "name"), ("evidence",)):
        holder = hostile
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = "</script><script>alert(1)</script>"
    hostile["data"]["defects"] = ["<img src=x onerror=alert(1)>"]
    page = analysis_page(hostile)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script") == 1
    assert not re.search(r"(src|href)\s*=", page.replace("img src=x", ""))


def test_the_page_fits_small_screens():
    page = analysis_page(jsonable(record()))
    assert "width=device-width" in page
    assert page.count("<table>") == page.count("<div class='wide")
