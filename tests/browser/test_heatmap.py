"""heatmap.html in a browser: quiet, self-contained, and under the pointer stands what the data says."""

import dataclasses
import json
import re
import time

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.support.select import Select

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.outcome.metrics import trades_of
from runs.reports.heatmap.outlines import EXTENT_STEPS
from runs.reports.heatmap.page import heatmap_page, run_heatmap
from tests.runs.reports.heatmap.unpacking import decode, elements

READY = "window.heatmap && document.documentElement.dataset.ready === 'yes'"
EVIL = "<script>throw new Error('hostile')</script>"


@pytest.fixture(scope="module")
def run():
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=1200))


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "heatmap.html"
    path.write_text(run_heatmap(run, trades_of(run)), encoding="utf-8")
    return path


def cell(driver, name):
    return driver.find_element("css selector", f"[data-cell={name}]").get_property("textContent")


def settled(driver):
    driver.execute_async_script("const f = requestAnimationFrame; f(() => f(arguments[0]))")


def point_at(driver, bar, price):
    x, y = driver.execute_script("return heatmap.pixel(arguments[0], arguments[1])", bar, price)
    for shift in (1, 0):
        move = {"type": "mouseMoved", "x": round(x) + shift, "y": round(y)}
        driver.execute_cdp_cmd("Input.dispatchMouseEvent", move)
    settled(driver)


def number(text):
    """Return the first number of a cell, with the page's own abbreviations undone."""
    digits, unit = re.match(r"(-?[\d.]+)( [kMBT])?", text).groups()
    return float(digits) * {None: 1.0, " k": 1e3, " M": 1e6, " B": 1e9, " T": 1e12}[unit]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_quietly_and_fits_the_width(opened, console_errors, requests_made, screenshot, page, width, dark):
    driver = opened(page, width=width, dark=dark, ready=READY)
    assert console_errors() == []
    assert requests_made() == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    colours = driver.execute_script("return new Set(new Uint32Array(heatmap.shown().data.buffer)).size")
    assert colours > 20, "the map is painted"
    assert screenshot(f"heatmap-{width}-{'dark' if dark else 'light'}").stat().st_size > 20_000


@pytest.mark.parametrize("bar", [700, 1100])
@pytest.mark.parametrize("distance", [-0.03, -0.012, 0.012, 0.03])
def test_the_pointer_reads_the_map_at_that_bar_and_price(opened, page, run, bar, distance):
    driver = opened(page, ready=READY)
    driver.execute_async_script(
        "const done = arguments[1]; heatmap.show(arguments[0] - 40, arguments[0] + 40).then(() => done())", bar
    )
    close = float(run.close[bar])
    point_at(driver, bar, close * (1.0 + distance))
    chosen = driver.execute_script("return heatmap.chosen()")
    assert chosen["t"] == bar
    assert chosen["price"] == pytest.approx(close * (1.0 + distance), rel=2e-3)
    assert cell(driver, "time") == f"{pd.Timestamp(run.times[bar]):%Y-%m-%d %H:%M} UTC"
    prices = [float(number.replace(",", "")) for number in re.findall(r"[A-Z] ([\d,.]+)", cell(driver, "prices"))]
    assert prices == pytest.approx([float(run.market.frame[n].iloc[bar]) for n in ("open", "high", "low", "close")])
    arrays = elements(page.read_text(encoding="utf-8"))
    top = json.loads(re.search(r'id="facts">(.*?)</script>', page.read_text(encoding="utf-8")).group(1))["top"]
    bin_ = int(np.floor(np.log(chosen["price"]) / run.configuration.model.bin_width))
    placed = arrays["array-density"]
    size = float(decode(placed[(bin_ + (distance > 0)) % len(placed), bar], top))
    assert size > 0.0
    assert cell(driver, "density").endswith("longs" if distance < 0 else "shorts")
    assert number(cell(driver, "density")) == pytest.approx(size, rel=6e-4), "four digits"


def test_the_last_bars_clusters_are_those_of_the_run(opened, page, run):
    driver = opened(page, ready=READY)
    found = driver.execute_script("return heatmap.clustersAt(heatmap.count - 1)")
    half_step = 0.51 * run.configuration.model.bin_width / EXTENT_STEPS
    assert len(found) == len(run.clusters) > 0
    for ours, theirs in zip(sorted(found, key=lambda c: c["price"]), np.sort(run.clusters, order="price"), strict=True):
        assert ours["side"] == ("long" if theirs["side"] > 0 else "short")
        assert ours["price"] == pytest.approx(theirs["price"], rel=1e-4)
        assert [ours["low"], ours["high"]] == pytest.approx([theirs["low"], theirs["high"]], rel=half_step)
        assert ours["size"] == pytest.approx(theirs["magnitude"], rel=3e-4)


def test_a_column_leaves_as_numbers(opened, page, run):
    driver = opened(page, ready=READY)
    head, *lines = driver.execute_script("return heatmap.columnCsv(900)").splitlines()
    assert head == "side,price_low,price_high,size_base"
    rows = [(side, *map(float, numbers)) for side, *numbers in (line.split(",") for line in lines)]
    edges = [low for _, low, _, _ in rows]
    assert edges == sorted(edges, reverse=True)
    assert {side for side, low, _, _ in rows if low > run.close[900]} == {"short"}
    middle = len(rows) // 2
    assert rows[middle - 1][1] == rows[middle][2] == run.close[900], "the close parts its own bin"
    for side, low, high, size in [*rows[::23], *rows[middle - 2 : middle + 2]]:
        middle = (low * high) ** 0.5
        assert driver.execute_script("return heatmap.standing(900, arguments[0])", middle) == {
            "side": side,
            "size": size,
        }


def test_buttons_and_wheel_zoom(opened, console_errors, page):
    driver = opened(page, ready=READY)
    width = "const r = heatmap.range(); return r.to - r.from"
    driver.find_element("css selector", "[data-days='7']").click()
    settled(driver)
    assert driver.execute_script(width) == pytest.approx(168, abs=3)
    driver.find_element("css selector", "[data-days='0']").click()
    settled(driver)
    assert driver.execute_script(width) == pytest.approx(1200, abs=3)
    wheel = {"type": "mouseWheel", "x": 500, "y": 400, "deltaX": 0, "deltaY": -300}
    driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    settled(driver)
    assert driver.execute_script(width) < 1150
    assert console_errors() == []


def test_either_side_can_be_hidden(opened, page):
    driver = opened(page, ready=READY)
    painted = "return new Uint32Array(heatmap.shown().data.buffer).reduce((n, v) => n + (v > 0), 0)"
    counts = {}
    for side in ("longs", "shorts"):
        box = driver.find_element("css selector", f"[data-option={side}]")
        box.click()
        settled(driver)
        counts[side] = driver.execute_script(painted)
        box.click()
        settled(driver)
    both = driver.execute_script(painted)
    assert 0 < counts["longs"] < both
    assert 0 < counts["shorts"] < both


def test_a_typed_threshold_moves_the_handle_and_darkens_the_rest(opened, page):
    driver = opened(page, ready=READY)
    painted = "return new Uint32Array(heatmap.shown().data.buffer).reduce((n, v) => n + (v > 0), 0)"
    before, handle = driver.execute_script(painted), driver.execute_script("return heatmap.options.low")
    driver.execute_script(
        "const box = document.getElementById('low-typed'); box.value = 2 * box.value; box.dispatchEvent(new Event('change'))"
    )
    settled(driver)
    assert int(driver.find_element("id", "low").get_property("value")) == pytest.approx(handle + 15, abs=2)
    assert driver.execute_script(painted) < before


def test_strangers_text_shows_as_text(opened, console_errors, run, tmp_path):
    market = dataclasses.replace(run.market.between(None, "2099-01-01"), name=f"{EVIL}BTC", remarks=(EVIL,))
    path = tmp_path / "hostile.html"
    path.write_text(heatmap_page(market, run.configuration.model, f"{EVIL} on {market.name}"), encoding="utf-8")
    driver = opened(path, ready=READY)
    assert driver.find_element("css selector", "h1").get_property("textContent") == f"{EVIL} on {market.name}"
    assert EVIL in driver.title
    assert console_errors() == []


def test_two_bars_make_a_page_too(opened, console_errors, run, tmp_path):
    frame = run.market.frame.iloc[:2].reset_index(drop=True)
    path = tmp_path / "short.html"
    path.write_text(
        heatmap_page(dataclasses.replace(run.market, frame=frame), run.configuration.model), encoding="utf-8"
    )
    assert opened(path, ready=READY).execute_script("return heatmap.count") == 2
    assert console_errors() == []


@pytest.fixture(scope="module")
def layered(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("layered") / "heatmap.html"
    path.write_text(run_heatmap(run, trades_of(run), layers=True), encoding="utf-8")
    return path


def choose_leverage(driver, name):
    Select(driver.find_element("id", "layer")).select_by_visible_text(name)
    waiting = "const done = arguments[0], look = () => (heatmap.layer() === heatmap.asked() ? done() : setTimeout(look, 5)); look()"
    driver.execute_async_script(waiting)
    settled(driver)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_layer_opens_quietly_and_fits_the_width(opened, console_errors, screenshot, layered, width, dark):
    driver = opened(layered, width=width, dark=dark, ready=READY)
    choose_leverage(driver, "20-25x")
    assert console_errors() == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert driver.execute_script("return new Set(new Uint32Array(heatmap.shown().data.buffer)).size") > 20
    assert screenshot(f"layer-{width}-{'dark' if dark else 'light'}").stat().st_size > 20_000


def test_the_pointer_reads_the_chosen_layer_and_layers_add_up_to_the_map(opened, layered):
    driver, bar = opened(layered, ready=READY), 1100
    column = "return heatmap.columnCsv(arguments[0])"
    totals = {}
    for group in ("all", *(group.name for group in LEVERAGE_GROUPS)):
        choose_leverage(driver, group)
        lines = [line.split(",") for line in driver.execute_script(column, bar).splitlines()[1:]]
        totals[group] = sum(float(size) for *_, size in lines)
        side, low, high, size = max(lines, key=lambda line: float(line[3]))
        read = driver.execute_script(
            "return heatmap.standing(arguments[0], arguments[1])", bar, (float(low) * float(high)) ** 0.5
        )
        assert read == {"side": side, "size": float(size)}
    whole = totals.pop("all")
    assert all(total > 0.0 for total in totals.values())
    assert sum(totals.values()) == pytest.approx(whole, rel=0.01)


@pytest.mark.slow
def test_five_years_of_hours_fit_in_eight_megabytes(opened, console_errors, market_data, tmp_path):
    """Print what is not asserted: seconds to make, milliseconds to ready and of zooms (two frames, 33 ms, included)."""
    market = open_market(str(market_data / "bybit_1h" / "BTCUSDT.parquet"))
    large = run_backtest(configuration_from({"strategy": "magnet"}), market)
    trades = trades_of(large)
    run_heatmap(
        run_backtest(configuration_from({"strategy": "magnet"}), market.between(None, "2020-08-01")), trades[:0]
    )
    began = time.perf_counter()
    text = run_heatmap(large, trades)
    made, path = time.perf_counter() - began, tmp_path / "large.html"
    path.write_text(text, encoding="utf-8")
    driver = opened(path, ready=READY)
    zooms = "const done = arguments[0], days = [0, 365, 30, 7, 0]; (async () => { const times = [];"
    zooms += "for (const d of days) times.push(Math.round(await heatmap.showDays(d))); done(times); })()"
    ready = driver.execute_script("return heatmap.ready")
    print(f"{path.stat().st_size / 1e6:.2f} MB, made in {made:.1f} s, ready in {ready:.0f} ms, zooms", end=" ")
    print(driver.execute_async_script(zooms), "ms (all, year, month, week, all)")
    assert path.stat().st_size <= 8e6
    assert console_errors() == []
