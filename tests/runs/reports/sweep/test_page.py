"""The page of a sweep: its numbers are the summary's, what comes from outside is text, and it stays small."""

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from runs.reports.numbers import readable
from runs.reports.sweep.page import sweep_page
from runs.sweeps.findings.results import read_results
from runs.sweeps.findings.summary import summarise
from tests.runs.sweeps.made import FACTS, days_of, market_of, noise, results_of, table_of

EVIL = "<script>alert(1)</script>"
DAYS = 120


@cache
def market():
    return market_of(DAYS)


def summary_of(trials: int, **named: Any) -> dict[str, Any]:
    outcomes = results_of(noise(DAYS, trials, 1), days_of(market()), **named)
    summary = summarise(FACTS, outcomes, market(), np.array([0.1, -0.05, 0.02, 0.01]), draws=100)
    return summary | {"runs": [{"folder": "best-1", "number": summary["best"]["number"]}]}


@cache
def summary() -> dict[str, Any]:
    return summary_of(150, errors=4)


class Reader(HTMLParser):
    """Gathers the numbers of a page, its tags, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[tuple[float, str]] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self._value: str | None = None

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append(tag)
        self.loads += [value for key, value in attrs if key in ("src", "href", "action", "data") and value]
        self._value = named.get("value") if tag == "data" else None

    def handle_data(self, data):
        if self._value is not None:
            self.numbers.append((float(self._value), data))
            self._value = None


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def numbers_in(value: Any) -> set[float]:
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(numbers_in, value)) if value else set()
    return {float(value)} if isinstance(value, (int, float)) else set()


def test_every_number_is_the_summarys_and_is_shown_as_it_reads():
    numbers, known = read(sweep_page(summary())).numbers, numbers_in(summary())
    assert len(numbers) > 200
    for value, text in numbers:
        assert value in known
        assert text in {readable(value, "share"), readable(value), readable(int(value)) if value == int(value) else ""}


def test_the_statistics_are_all_there():
    page, statistics = sweep_page(summary()), summary()["statistics"]
    shown = {value for value, _ in read(page.split("id='statistics'")[1].split("</section>")[0]).numbers}
    for test in ("cash", "buy_and_hold"):
        assert {statistics["superior_ability"][test][name] for name in ("p_lower", "p_consistent", "p_upper")} <= shown
    assert statistics["overfitting"]["probability"] in shown
    assert statistics["deflation"]["raw"]["deflated_sharpe"] in shown
    assert statistics["deflation"]["effective"]["deflated_sharpe"] in shown
    assert statistics["probabilistic_sharpe"] in shown


def test_the_page_leads_with_the_verdict():
    page = sweep_page(summary())
    assert page.index(summary()["sentence"].split("'")[0][:40]) < page.index("id='statistics'")


def test_nothing_is_loaded_and_links_lead_to_the_runs_alone():
    page = sweep_page(summary())
    assert read(page).loads == ["best-1/tearsheet.html"]
    assert not re.search(r"https?://|@import|url\(", page)


def test_what_comes_from_outside_is_text():
    evil = summary_of(30, errors=2, mode=EVIL, error=EVIL)
    evil["data"]["name"] = evil["sweep"]["strategy"] = EVIL
    evil["sweep"]["search"] = {EVIL: EVIL}
    evil["surfaces"][0]["across"] = EVIL
    page = sweep_page(evil)
    assert "script" not in read(page).tags
    assert EVIL not in page
    assert unescape(page).count(EVIL) > 5


def test_ten_thousand_trials_make_a_page_below_two_megabytes(monkeypatch):
    monkeypatch.setattr(
        "runs.sweeps.findings.statistics.BLOCKS", 6
    )  # 20 splits instead of 12,870: the page is the same size
    some = table_of(noise(DAYS, 400, 2))
    table = pd.concat([some] * 25, ignore_index=True).assign(number=range(10_000))
    table["model.magnet_ratio"] = np.random.default_rng(0).random(10_000)
    outcomes = read_results(table, days_of(market()), "sharpe")
    page = sweep_page(summarise(FACTS, outcomes, market(), draws=50))
    assert len(page.encode()) < 2_000_000
    assert read(page).tags.count("polyline") < 520
    assert "of <data value='10000' title='10000'>10000</data> trials" in page


@pytest.mark.parametrize("trials", [1, 2])
def test_few_trials_have_a_page_too(trials):
    assert "id='verdict'" in sweep_page(summary_of(trials))


def test_without_any_result_there_is_a_page_with_the_errors():
    outcomes = results_of(np.zeros((DAYS, 0)), days_of(market()), errors=2, error="out of range")
    page = sweep_page(summarise(FACTS, outcomes, market(), draws=50))
    assert "No trial was evaluated" in page
    assert "out of range" in page
