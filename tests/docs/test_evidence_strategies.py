"""The strategies' page: what it measures, and that the candidates it takes are the best of its own tables."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from datafeeds.simulated.market import simulate

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPT = runpy.run_path(str(DOCS / "evidence_strategies.py"))


@pytest.mark.parametrize("strategy", SCRIPT["CANDIDATES"])
def test_the_candidate_that_is_measured_is_the_best_of_the_development_table(strategy):
    page = (DOCS / "evidence-strategies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \|.* \| ([+-][\d.]+) \(\S+ \.\. \S+\) \|$", page.split(f"### {strategy}\n")[1], re.M)
    ahead = {name: float(figure) for name, figure in rows[: len(SCRIPT["CANDIDATES"][strategy])]}
    assert list(ahead) == list(SCRIPT["CANDIDATES"][strategy])
    assert max(ahead, key=ahead.get) == SCRIPT["BEST"][strategy]
    assert page.count(f"| {strategy}, {SCRIPT['BEST'][strategy]} |") == 5, "all files, and each"


def test_the_number_of_tries_is_said():
    for name in ("evidence-strategies.md", "attempts-strategies.md", "evidence.md"):
        assert re.search(rf"\b{SCRIPT['TRIES']}\b", (DOCS / name).read_text(encoding="utf-8")), name


def test_who_holds_a_constant_exposure_earns_nothing_beyond_it_but_the_costs_of_its_entry():
    bars = SCRIPT["bars_of"](simulate(4, bars=1200), "binance", "BTC", 240, 1200)
    levels = ("calm", "moderate", "high", "cascade")
    rule = {f"{level}_exposure": 0.5 for level in levels} | {"band": 0.02}
    found = {fee: SCRIPT["run"](bars, "overlay", rule, costs) for fee, costs in SCRIPT["FEES"].items()}
    yearly = {fee: SCRIPT["yearly"]([bars], [one.excess]).estimate for fee, one in found.items()}
    assert abs(yearly["zero"]) < 0.1 * found["zero"].metrics["annual_volatility_fraction"] * 100.0
    per_turnover = {fee: (yearly["zero"] - yearly[fee]) / found[fee].turnover for fee in ("maker", "taker")}
    assert per_turnover["maker"] == pytest.approx(0.02, rel=0.1), "percent: two basis points"
    assert per_turnover["taker"] == pytest.approx(0.07, rel=0.2), "fee and slippage"
    assert found["taker"].turnover == pytest.approx(
        found["taker"].metrics["turnover_quote"] / 1e5 * 365 / len(bars.evaluator.days), rel=0.2
    )
    assert np.isfinite(found["taker"].excess).all()
