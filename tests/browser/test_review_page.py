"""The page of a review in a real browser: it sorts, filters, keeps its view in the address, and shows markup as text."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from runs.reports.review import review_page
from runs.reviews.notes import Note, change_note, read_notes
from runs.reviews.serving import ReviewServer
from runs.reviews.state import read_review
from tests.runs.reviews.forging import HOSTILE, forge, real_run

READY = "document.querySelector('#table tbody tr') && document.querySelector('#curves svg')"
COUNT = 100


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    results = tmp_path_factory.mktemp("browser") / "results"
    templates = [real_run(tmp_path_factory.mktemp("template") / name, name) for name in ("magnet", "wipe")]
    places = forge(results, COUNT, templates)
    for place, part in ((places[0], "strategy"), (places[1], "symbol"), (places[2], "parameter")):
        facts, metrics = (json.loads((place / name).read_text()) for name in ("run.json", "metrics.json"))
        if part == "strategy":
            facts["configuration"]["strategy"] = HOSTILE
        elif part == "symbol":
            metrics["data"]["name"] = HOSTILE
        else:
            facts["configuration"]["instrument"]["venue"] = HOSTILE
            metrics["evidence"] |= {"verdict": HOSTILE, "sentence": HOSTILE}
        (place / "run.json").write_text(json.dumps(facts))
        (place / "metrics.json").write_text(json.dumps(metrics))
    (results / "<script>alert(1)<").mkdir()
    places[3].rename(results / "<img src=x onerror=alert(2)> 50%#?")
    change_note(results, "run-0004", text=HOSTILE, add=[HOSTILE, "keep"])
    (results / "review.html").write_text(review_page(read_review(results).content), encoding="utf-8")
    return results


def names(driver):
    return driver.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')].map(row => row.dataset.name)"
    )


def type_into(driver, selector, text):
    script = "const at = document.querySelector(arguments[0]); at.value = arguments[1]; at.dispatchEvent(new Event('input'));"
    driver.execute_script(script, selector, text)


def rows_of(results):
    return {row["name"]: row for row in read_review(results).table["rows"]}


def settled(driver):
    """Wait until the view is in the address."""
    time.sleep(0.3)
    return driver.execute_script("return location.hash")


def test_the_table_sorts_both_ways_and_what_is_unknown_comes_last(opened, results):
    driver, rows = opened(results / "review.html", ready=READY), rows_of(results)
    ranked = sorted((row for row in rows.values() if row["figures"]), key=lambda row: row["figures"]["sharpe"])
    assert names(driver)[:5] == [row["name"] for row in ranked[::-1][:5]]
    driver.find_element(By.CSS_SELECTOR, "[data-sort=sharpe]").click()
    assert names(driver)[:5] == [row["name"] for row in ranked[:5]]
    driver.find_element(By.CSS_SELECTOR, "[data-sort=trades]").click()
    trades = [rows[name]["figures"]["trades"] for name in names(driver)]
    assert trades == sorted(trades, reverse=True)


def test_every_figure_is_the_one_in_the_json_beside_it(opened, results):
    driver, shown = opened(results / "review.html", ready=READY), 0
    cells = driver.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')].map(row => [row.dataset.name,"
        "Object.fromEntries([...row.cells].map(cell => [cell.dataset.key, [cell.textContent, cell.title]]))])"
    )
    for name, row in cells:
        path = results / name / "metrics.json"
        metrics = json.loads(path.read_text())
        for key, part, scale, digits in (
            ("sharpe", "performance", 1, 2), ("annual_growth_fraction", "performance", 100, 2),
            ("max_bar_drawdown_fraction", "performance", 100, 2), ("fees_quote", "money", 1, 2),
            ("funding_paid_quote", "money", 1, 2), ("trades", "trading", 1, 0),
        ):  # fmt: skip
            text, title = row[key]
            assert float(title) == metrics[part][key]
            assert float(text.replace(",", "")) == pytest.approx(metrics[part][key] * scale, abs=0.5001 * 10**-digits)
            shown += 1
        ends = metrics["intervals"]["sharpe"]
        assert [float(end) for end in row["sharpe_low"][1].split(" .. ")] == [ends["low"], ends["high"]]
    assert shown >= 300


def test_filters_keep_what_they_say(opened, results):
    driver, rows = opened(results / "review.html", ready=READY), rows_of(results)
    type_into(driver, "[data-filter=sharpe]", "0.5..2")
    type_into(driver, "[data-filter=strategy]", "WIP")
    wanted = {n for n, r in rows.items() if r["strategy"] == "wipe" and 0.5 <= r["figures"]["sharpe"] <= 2.0}
    assert set(names(driver)) == wanted
    type_into(driver, "[data-filter=sharpe]", "> nonsense")
    assert driver.find_element(By.CSS_SELECTOR, "[data-filter=sharpe]").get_attribute("aria-invalid") == "true"
    driver.find_element(By.ID, "clear").click()
    type_into(driver, "[data-filter=annual_growth_fraction]", ">10%")
    growth = [rows[name]["figures"]["annual_growth_fraction"] for name in names(driver)]
    assert growth
    assert min(growth) > 0.1
    driver.find_element(By.ID, "clear").click()
    driver.find_element(By.CSS_SELECTOR, "#state option[value=failed]").click()
    assert names(driver) == ["<script>alert(1)<"]
    driver.find_element(By.ID, "clear").click()
    driver.find_element(By.CSS_SELECTOR, "#tag option[value=keep]").click()
    assert names(driver) == ["run-0004"]


def test_only_parameters_that_differ_are_columns(opened, results):
    driver = opened(results / "review.html", ready=READY)
    columns = driver.execute_script(
        "return [...document.querySelectorAll('[data-sort^=\"p.\"]')].map(one => one.dataset.sort)"
    )
    assert set(columns) == {"p.model.magnet_ratio", "p.sizing.risk_fraction", "p.instrument.venue"}


def test_the_view_survives_a_reload_and_can_be_shared(opened, results, browser):
    driver = opened(results / "review.html", ready=READY)
    driver.find_element(By.CSS_SELECTOR, "[data-sort=fees_quote]").click()
    type_into(driver, "[data-filter=strategy]", "magnet")
    first, second = names(driver)[:2]
    for name in (first, second):
        driver.find_element(By.CSS_SELECTOR, f"tr[data-name='{name}'] input").click()
    driver.find_element(By.CSS_SELECTOR, f"tr[data-name='{second}'] td.name button").click()
    driver.find_element(By.ID, "log").click()
    state = "return [document.getElementById('legend').textContent, document.querySelector('#opened h2').textContent]"
    before, address = (names(driver), *driver.execute_script(state)), settled(driver)
    assert first in before[1]
    assert before[2] == second
    driver.refresh()
    WebDriverWait(driver, 10).until(lambda d: d.execute_script(f"return !!({READY})"))
    assert (names(driver), *driver.execute_script(state)) == before
    driver = opened(results / "review.html", ready=READY, fragment=address)
    assert (names(driver), *driver.execute_script(state)) == before
    assert driver.find_element(By.ID, "log").is_selected()


def test_the_best_are_drawn_first_with_buy_and_hold(opened, results):
    driver, rows = opened(results / "review.html", ready=READY), rows_of(results)
    best = sorted((r for r in rows.values() if r["figures"]), key=lambda row: -row["figures"]["sharpe"])[:3]
    legend = driver.find_element(By.ID, "legend").text
    assert all(row["name"] in legend for row in best)
    assert "buy and hold" in legend
    # The last point of a line is what the run ended with.
    for row in best:
        ended = row["figures"]["final_equity_quote"] / row["figures"]["starting_cash_quote"]
        shown = float(legend.split(f"{row['name']} \u00d7")[1].split()[0])
        assert shown == pytest.approx(ended, rel=1e-3)


def test_of_the_selected_runs_only_what_differs_is_compared(opened, results):
    driver, rows = opened(results / "review.html", ready=READY), rows_of(results)
    chosen = sorted((r for r in rows.values() if r["figures"]), key=lambda row: -row["figures"]["sharpe"])[:3]
    wanted = {n for n in chosen[0]["settings"] if len({json.dumps(row["settings"].get(n)) for row in chosen}) > 1}
    shown = driver.execute_script(
        "return [...document.querySelectorAll('#comparison tbody td:first-child')].map(c => c.textContent)"
    )
    assert set(shown) == wanted


def test_fills_are_drawn_on_candles_and_zoom(opened, results):
    driver = opened(results / "review.html", ready=READY, fragment="#run=run-0005")
    total = rows_of(results)["run-0005"]["figures"]["trades"]
    assert len(driver.find_elements(By.CSS_SELECTOR, "#fills g.trade")) == min(total, 150)
    zoom = (
        "const svg = document.querySelector('#fills svg'), box = svg.getBoundingClientRect();"
        "for (const [kind, x] of [['pointerdown', .3], ['pointermove', .4], ['pointerup', .5]])"
        "svg.dispatchEvent(new PointerEvent(kind, {clientX: box.left + x * box.width, clientY: box.top + 50, bubbles: true}));"
    )
    driver.execute_script(zoom)
    zoomed = len(driver.find_elements(By.CSS_SELECTOR, "#fills g.trade"))
    assert zoomed < total
    driver.execute_script("document.querySelector('#fills svg').dispatchEvent(new MouseEvent('dblclick'))")
    assert len(driver.find_elements(By.CSS_SELECTOR, "#fills g.trade")) == min(total, 150)


def test_links_lead_to_each_runs_pages_whatever_its_name(opened, results):
    driver = opened(results / "review.html", ready=READY)
    type_into(driver, "#find", "onerror")
    driver.find_element(By.CSS_SELECTOR, "#table tbody td.name button").click()
    driver.find_element(By.LINK_TEXT, "metrics.json").click()
    assert '"performance"' in driver.find_element(By.TAG_NAME, "body").text


def test_markup_in_names_shows_as_text(opened, results, console_errors):
    driver = opened(results / "review.html", ready=READY)
    scripts = driver.execute_script("return document.querySelectorAll('script').length")
    for name in ("run-0000", "run-0001", "run-0002", "run-0004", "<script>alert(1)<", "onerror"):
        type_into(driver, "#find", name)
        driver.find_element(By.CSS_SELECTOR, "#table tbody td.name button").click()
        text = driver.find_element(By.TAG_NAME, "body").get_attribute("textContent")
        assert (HOSTILE if name.startswith("run") else name) in text
        assert driver.execute_script("return document.querySelectorAll('script').length") == scripts
        assert not driver.find_elements(By.TAG_NAME, "img")
    assert console_errors() == []


def test_rows_are_made_as_they_are_scrolled_to(opened, results):
    driver = opened(results / "review.html", ready=READY)
    assert len(names(driver)) < COUNT
    for _ in range(4):
        driver.execute_script("const box = document.getElementById('scroll'); box.scrollTop = box.scrollHeight")
        time.sleep(0.1)
    assert set(names(driver)) == set(rows_of(results))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_quietly_at_every_width(opened, results, console_errors, requests_made, screenshot, width, dark):
    driver = opened(results / "review.html", width=width, dark=dark, ready=READY)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width, "nothing sticks out sideways"
    assert console_errors() == []
    assert requests_made() == []
    assert screenshot(f"review-{width}-{'dark' if dark else 'light'}").stat().st_size > 10_000


@contextmanager
def serving(results):
    with ReviewServer(results, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_served_page_keeps_notes_and_follows_the_folder(browser, results, console_errors):
    with serving(results) as address:
        console_errors()
        browser.get(f"{address}#run=run-0006")
        wait = WebDriverWait(browser, 10)
        wait.until(lambda d: d.execute_script(f"return !!({READY})"))
        browser.find_element(By.ID, "note").send_keys(HOSTILE)
        browser.find_element(By.ID, "tags").send_keys("good, later")
        browser.find_element(By.ID, "keep").click()
        wait.until(lambda d: d.find_element(By.ID, "saved").text == "kept")
        assert read_notes(results)["run-0006"] == Note(HOSTILE, ("good", "later"))
        browser.execute_script("document.activeElement.blur()")
        change_note(results, "run-0006", text="from elsewhere")
        wait.until(lambda d: d.find_element(By.ID, "note").get_attribute("value") == "from elsewhere")
        assert console_errors() == []
        browser.get("about:blank")
