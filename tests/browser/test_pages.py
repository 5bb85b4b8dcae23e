"""Every page that a command writes, in a browser: quiet, one look, readable at both widths in light and dark.

One hostile set of results serves all tests: the market's name and a parameter's value are markup.
"""

import json
from pathlib import Path

import pytest
from PIL import Image

import runs.analyze
import runs.backtest
import runs.review
import runs.stress
import runs.sweep
import runs.validate
import runs.walkforward
from datafeeds.simulated.market import simulate
from runs.reports.competitors import SIDES
from runs.reports.first_screen import FIRST_ROWS
from tests.docs.reading import ninetieth_percentile, sentences, words
from tests.runs.reviews.forging import quick

NAME, LABEL = "<script>alert(1)</script>", "<script>alert(2)</script>"
STRATEGY = "tests.runs.planted.labelled:Labelled"
PAGES = {
    "tearsheet": "run/tearsheet.html",
    "heatmap": "run/heatmap.html",
    "analysis": "report/analysis.html",
    "analysis-heatmap": "report/heatmap.html",
    "stress": "stressed/stress.html",
    "validation": "claims/validation.html",
    "sweep": "sweep/sweep.html",
    "walk": "walk/walk.html",
    "review": "review.html",
}
READY = {
    "heatmap": "window.heatmap && document.documentElement.dataset.ready === 'yes'",
    "review": "document.querySelector('#table tbody tr') && document.querySelector('#curves svg')",
}
LABEL_WORDS = 4
"""What is shorter is a label or a button, and no sentence."""

TOKENS = ("ink", "faint", "line", "accent", "bad", "none", "good", "long", "short")
MIN_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3

CONTRASTS = """
const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
const ground = at => { for (; at; at = at.parentElement) { const c = numbers(getComputedStyle(at).backgroundColor);
  if (c.length === 3 || c[3] === 1) return c; } return [128, 128, 128]; };
return [...document.querySelectorAll(arguments[0] + ',' + arguments[0] + ' *')].filter(at => !at.closest('svg') &&
  at.checkVisibility() && [...at.childNodes].some(child => child.nodeType === 3 && child.data.trim())).map(at => {
  const [a, b] = [luminance(numbers(getComputedStyle(at).color)), luminance(ground(at))].sort((x, y) => y - x);
  return [(a + .05) / (b + .05), at.tagName + ' ' + at.className + ': ' + at.textContent.trim().slice(0, 40)]; });
"""
"""Contrast of each visible element with text of its own against the nearest opaque ground beneath it."""

READ = """
document.querySelectorAll('details').forEach(at => at.open = true);
document.querySelectorAll('table, svg, pre, select').forEach(at => at.remove());
return document.querySelector(arguments[0]).innerText.split('\\n');
"""
"""The blocks of text of a page, without tables and drawings."""

LOOK = """
const style = getComputedStyle(document.querySelector(arguments[0])), root = getComputedStyle(document.documentElement);
return [style.fontFamily, ...arguments[1].map(name => root.getPropertyValue('--' + name).trim())];
"""


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """Return a folder in which each command has left its pages, of a market and with a parameter named like a script."""
    root = tmp_path_factory.mktemp("pages")
    market = root / NAME  # a market is named after its folder and its file's stem
    market.parent.mkdir(parents=True)
    data = market.with_name("script>.parquet")
    simulate(3, bars=1000).frame.drop(columns="open_interest_break").to_parquet(data)
    out, environment = root / "results", pytest.MonkeyPatch()
    environment.setenv("LIQUIDATION_HEATMAP_CACHE", str(root / "heatmaps"))
    environment.setattr("runs.walks.folder.tearsheet", lambda *_: "<html></html>")
    named, labelled = ("--data", str(data)), ("--strategy", STRATEGY, "--set", f"label={LABEL}")
    space = ("--strategy", STRATEGY, "--param", f"label={LABEL},plain", "--param", "stop_atr=1,3", "--confirm", "0")
    try:
        assert runs.backtest.main([*labelled, *named, "--out", str(out / "run")]) == 0
        assert runs.analyze.main([*named, "--html", "--layers", "--out", str(out / "report")]) == 0
        assert runs.stress.main([*named, "--out", str(out / "stressed")]) == 0
        assert runs.validate.main([*named, "--out", str(out / "claims")]) == 0
        with quick():
            assert runs.sweep.main([*space, *named, "--out", str(out / "sweep")]) == 0
        spans = ("--train", "18d", "--test", "8d", "--embargo", "1d")
        assert runs.walkforward.main([*space, *spans, *named, "--out", str(out / "walk")]) == 0
        assert runs.review.main([str(out)]) == 0
    finally:
        environment.undo()
    return out


@pytest.fixture
def shown(opened, results):
    """Return a function that opens a page by its name."""

    def show(name, **how):
        ready = READY.get(name.split("-")[-1], "document.readyState === 'complete'")
        return opened(results / PAGES[name], ready=ready, **how)

    return show


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_it_opens_quietly_fits_reads_well_and_is_not_blank(
    shown, console_errors, requests_made, screenshot, name, width, dark
):
    driver = shown(name, width=width, dark=dark)
    assert console_errors() == []
    assert requests_made() == []
    assert driver.execute_script("return document.scrollingElement.scrollWidth") <= width + 1
    contrasts = driver.execute_script(CONTRASTS, "body")
    assert len(contrasts) > 10
    assert [(round(ratio, 2), what) for ratio, what in contrasts if ratio < MIN_CONTRAST] == []
    picture = Image.open(screenshot(f"{name}-{width}-{'dark' if dark else 'light'}")).convert("RGB")
    colours = sorted((count for count, _ in picture.getcolors(1 << 24)), reverse=True)
    assert len(colours) > 20
    assert colours[0] < 0.995 * picture.width * picture.height, "more than its ground is drawn"


@pytest.mark.parametrize("name", PAGES)
def test_wide_tables_scroll_inside_themselves(shown, name):
    driver = shown(name, width=390)
    held = (
        "return [...document.querySelectorAll(arguments[0] + ' table')].filter(at => at.checkVisibility() &&"
        "!at.closest('.tv-lightweight-charts')).map(at => at.closest('.wide')?.getBoundingClientRect().right ?? 1e9)"
    )
    assert all(right <= 391 for right in driver.execute_script(held, "body"))


@pytest.mark.parametrize("name", PAGES)
def test_nine_sentences_of_ten_have_25_words_at_most(shown, name):
    found = [words(sentence) for block in shown(name).execute_script(READ, "body") for sentence in sentences(block)]
    assert ninetieth_percentile([length for length in found if length >= LABEL_WORDS]) <= 25


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_pages_share_one_look(shown, dark):
    looks = {name: tuple(shown(name, dark=dark).execute_script(LOOK, "body", TOKENS)) for name in PAGES}
    assert len(set(looks.values())) == 1, looks
    assert all(looks["sweep"])


@pytest.mark.parametrize("name", PAGES)
def test_markup_in_names_and_parameters_shows_as_text(shown, console_errors, name):
    driver = shown(name)  # an alert would end this with an exception
    assert not driver.execute_script("return [...document.scripts].some(at => at.textContent.startsWith('alert'))")
    text = driver.execute_script("return document.body.innerText")
    assert NAME in text, "the market's name"
    if name in ("tearsheet", "sweep", "walk"):
        assert LABEL in text, "the parameter's value"
    assert console_errors() == []


FIRST = ("h1", "#verdict", "#figures table", "#equity figcaption", "#equity .chart")
BOXES = """
return arguments[0].map(name => [...document.querySelectorAll(name)].map(at => at.getBoundingClientRect())
  .map(box => [box.left, box.right, box.top, box.bottom]));
"""
CELLS = (
    "return [...document.querySelectorAll('#figures tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))"
)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_tearsheets_first_screen_has_title_verdict_six_figures_and_the_curve(shown, results, width, height, dark):
    driver = shown("tearsheet", width=width, height=height, dark=dark)
    *parts, chart = (boxes[0] for boxes in driver.execute_script(BOXES, FIRST))
    for left, right, top, bottom in (*parts, chart):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    tops = [top for _, _, top, _ in (*parts, chart)]
    assert tops == sorted(tops)
    assert chart[3] - chart[2] > 200
    lines, labels = driver.execute_script(BOXES, ["#equity polyline", "#equity .chart span"])
    assert len(lines) == len(SIDES)
    assert all(right - left > 0.95 * (chart[1] - chart[0]) for left, right, _, _ in lines)
    assert len(labels) > 4
    assert all(left >= 0 and right <= width and bottom <= height for left, right, _, bottom in labels)
    record = json.loads((results / "run" / "metrics.json").read_text())
    found = driver.execute_script(CELLS)
    assert [row[0] for row in found] == [label for label, _, _ in FIRST_ROWS]
    for (_, key, shape), (_, *cells) in zip(FIRST_ROWS, found, strict=True):
        assert cells == ["-" if record[side][key] is None else shape.format(record[side][key]) for side, _ in SIDES]
    earned = record["performance"]["total_return_fraction"]
    assert f"{abs(earned):.2%}" in driver.execute_script("return document.getElementById('verdict').innerText")
