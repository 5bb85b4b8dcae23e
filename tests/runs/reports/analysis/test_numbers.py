"""Every figure of the liquidation report's page, read back, is the record's at the precision shown."""

import html
import json
import math
import re
from functools import cache

import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.outcome.writing import jsonable
from runs.reports.analysis.page import analysis_page

SCALES = {"B": 1e9, "M": 1e6, "k": 1e3}
NUMBER = re.compile(r"([-+]?\d[\d,]*(?:\.(\d+))?(?:e[-+]\d+)?)(?: ([BMk])(?= USD))?(%)?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


@cache
def page():
    return analysis_page(jsonable(analyse(simulate(5, bars=600), ModelParameters(), layers=True)))


@cache
def record():
    """Return the record that the page holds as JSON."""
    return json.loads(re.search(r'id="analysis">(.*?)</script>', page()).group(1))


def section(title):
    return page().split(f"<section><h2>{title}</h2>", 1)[1].split("</section>", 1)[0]


def cells(text):
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", text)
    found = [[html.unescape(re.sub("<[^>]+>", "", c)) for c in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows]
    return [row for row in found if row]


def items(title):
    return [html.unescape(line) for line in re.findall(r"<li>(.*?)</li>", section(title))]


def same(text, *values):
    """Assert that a text's numbers are these values, each within half a step of its last digit."""
    found = NUMBER.findall(TIME.sub("", text))
    known = [value for value in values if value is not None]
    assert len(found) == len(known), (text, values)
    for (digits, decimals, unit, percent), value in zip(found, known, strict=True):
        scale = SCALES.get(unit, 1.0) * (0.01 if percent else 1.0)
        step = 10.0 ** -len(decimals) * scale
        assert math.isclose(float(digits.replace(",", "")) * scale, value, rel_tol=0.0, abs_tol=0.50001 * step), text


def test_the_reader_reads_what_pages_write():
    same("64,123.46 - 12.35 M USD (+1.25%)", 64123.4567, 12_345_678.0, 0.0125)
    with pytest.raises(AssertionError):
        same("12.35 M USD", 12_356_000.0)


def test_the_head_has_the_close():
    same(re.search(r"</h1><p>(.*?)</p>", page()).group(1).split("price")[1].rstrip("."), record()["at"]["price_quote"])


def test_the_last_day():
    day, rows = record()["last_24_hours"], cells(section("Last 24 hours"))
    expected = (
        ("liquidated_usd",), ("long_usd", "long_fraction"), ("short_usd", "short_fraction"), ("long_over_short",),
        ("largest_bar_usd",), ("market_share",),
    )  # fmt: skip
    for (_, text), names in zip(rows, expected, strict=False):
        same(text, *(day[name] for name in names))


def test_the_market():
    context, rows = record()["context"], cells(section("Market"))
    expected = (
        ("open_interest_base", "open_interest_usd"), ("funding_rate",), ("atr_quote",), ("volume_24h_base",), (),
        ("map_age_half_lives",),
    )  # fmt: skip
    for (_, text), names in zip(rows, expected, strict=True):
        same(text, *(context[name] for name in names))


def test_the_map_by_price_level():
    heat = record()["heat"]
    total = re.search(r"<p class='faint'>(.*?)</p>", section("Map by price level")).group(1)
    same(total, *(heat[name] for name in ("level_fraction", "short_base", "short_usd", "long_base", "long_usd")))
    rows = [row for row in cells(section("Map by price level")) if len(row) == 8]
    assert len(rows) == len(heat["levels"]) > 20
    for row, level in zip(rows, heat["levels"], strict=True):
        price, _, distance, side, base, usd, cumulative, clusters = row
        names = ("price_quote", "distance_fraction", "size_base", "size_usd", "cumulative_usd")
        for text, name in zip((price, distance, base, usd, cumulative), names, strict=True):
            same(text, level[name])
        assert side == level["side"]
        same(clusters.replace("#", ""), *level["clusters"])


def test_the_clusters():
    rows = cells(section("Key levels"))
    assert len(rows) == len(record()["clusters"]) > 0
    for (priority, price, extent, kind, base, usd, distance), cluster in zip(rows, record()["clusters"], strict=True):
        same(priority, cluster["priority"])
        same(price, cluster["price_quote"])
        same(extent, cluster["low_quote"], cluster["high_quote"])
        same(base, cluster["size_base"])
        same(usd, cluster["size_usd"])
        same(distance, cluster["distance_fraction"])
        assert kind == cluster["type"]


def test_the_clusters_by_leverage():
    rows, leverage = cells(section("Key levels by leverage")), record()["leverage"]
    assert len(rows) == len(record()["clusters"])
    for (priority, price, *parts), cluster, fractions in zip(
        rows, record()["clusters"], leverage["clusters"], strict=True
    ):
        same(priority, cluster["priority"])
        same(price, cluster["price_quote"])
        for part, fraction in zip(parts, fractions, strict=True):
            same(part, fraction)
    names = [html.unescape(name) for name in re.findall(r"<th>(.*?)</th>", section("Key levels by leverage"))]
    assert names[2:] == [group["name"] for group in leverage["groups"]]
    same(section("Key levels by leverage").rpartition("cut at ")[2].partition(". How")[0].replace("x", ""),
         *(group["highest"] for group in leverage["groups"]))  # fmt: skip


def test_summary_cascade_wipes_and_what_follows():
    summary, lines = record()["summary"], items("Heatmap")
    for line, way in zip(lines, ("above", "below"), strict=False):
        found = summary[f"strongest_{way}"] or {}
        same(line, *(found.get(name) for name in ("price_quote", "distance_fraction", "size_usd")))
    above = summary["above_fraction"]
    same(lines[2], above, 1.0 - above)
    for row, found in zip(cells(section("Cascade risk")), record()["cascade"].values(), strict=True):
        same(row[2], found["stacked_clusters"])
        same(row[3], found["set_off_per_unit"])
    for line, level in zip(items("After wipes"), record()["after_wipes"].values(), strict=True):
        same(line, *(level[name] for name in ("price_quote", "size_usd")) if level else ())
    implied = record()["implications"]
    ends = ("long_liquidations_begin_below_quote", "short_liquidations_begin_above_quote")
    same(items("What follows")[1], *(implied[name] for name in ends))
