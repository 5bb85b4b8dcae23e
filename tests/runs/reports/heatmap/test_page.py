"""The page of a run: whole, repeatable, loading nothing, and showing strangers' text as text."""

import dataclasses
import json
import re
from functools import cache

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.recording import record_heatmap
from runs.engines.configuration import configuration_from
from runs.engines.event import model_bars, run_backtest
from runs.outcome.metrics import trades_of
from runs.reports.heatmap import page as module
from runs.reports.heatmap.page import heatmap_page, run_heatmap
from tests.runs.reports.heatmap.unpacking import decode, elements, lift

EVIL = "<script>alert('x')</script>"


@cache
def result():
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=900))


@cache
def page():
    return run_heatmap(result(), trades_of(result()))


def facts_of(text):
    return json.loads(re.search(r'id="facts">(.*?)</script>', text).group(1))


def marks_of(text):
    return json.loads(elements(text)["array-marks"].tobytes())


def test_equal_runs_give_equal_bytes():
    again = run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=900))
    assert run_heatmap(again, trades_of(again)) == page()


def test_the_page_holds_the_bars_and_the_map_of_the_run():
    arrays, facts, frame = elements(page()), facts_of(page()), result().market.frame
    scale = 1.0 if facts["decimals"] is None else 10.0 ** facts["decimals"]
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(arrays[f"array-{name}"] / scale, frame[name])
    model = build_model(result().configuration.model, result().market.bar_seconds)
    record = record_heatmap(model, model_bars(result().market))
    assert record.snapshots.tobytes() == result().snapshots.tobytes()
    shown = decode(lift(arrays["array-density"], arrays["array-bins"]), facts["top"])
    seen = record.density > facts["top"] * 1.1e-5
    assert np.abs(shown[seen] / record.density[seen] - 1.0).max() < 0.0235
    assert np.array_equal(
        arrays["array-model_liquidated_long"], record.snapshots["model_liquidated_long"].astype(np.float32)
    )


def test_trades_lie_on_it_and_a_run_without_any_has_a_page_too():
    assert len(marks_of(page())["trades"]) == len(trades_of(result())) > 0
    bare = heatmap_page(result().market, result().configuration.model)
    assert marks_of(bare)["trades"] == []
    assert elements(bare)["array-density"].tobytes() == elements(page())["array-density"].tobytes()


def test_it_names_its_parameters_with_units_and_its_approximations():
    for field in dataclasses.fields(result().configuration.model):
        assert f"<td>{field.name}</td>" in page()
    assert "steps of about 4.6%" in page()
    assert "One column a bar." in page()
    assert "Simulated market" in page()


def test_the_parameters_printed_are_those_of_the_record():
    model = json.loads(json.dumps(result().configuration.as_dict()))["model"]
    rows = re.findall(r"<tr><td>(\w+)</td><td>([^<]*)</td>", page())
    printed = {name: value for name, value in rows if name in model}
    assert set(printed) == set(model)
    for name, value in model.items():
        if isinstance(value, list):
            assert [float(part) for part in printed[name].split(" / ")] == pytest.approx(value, rel=5e-6)
        else:
            assert printed[name] == str(value) or float(printed[name]) == value


def test_it_loads_nothing():
    ours = re.sub(r"<script type='application/gzip'.*?</script>", "", page())
    assert not re.search(r"<(script|link|img|iframe)[^>]*\s(src|href)=", ours)
    style = re.search(r"<style>(.*?)</style>", ours, re.DOTALL).group(1)
    assert "@import" not in style
    assert "url(" not in style


def test_text_from_outside_shows_as_text():
    market = dataclasses.replace(result().market, name=f"{EVIL}BTC", remarks=(EVIL,))
    text = heatmap_page(market, result().configuration.model, f"magnet on {EVIL}")
    assert EVIL not in text
    assert text.count("&lt;script&gt;alert") >= 3


def test_a_long_market_shares_columns_and_says_so(monkeypatch):
    monkeypatch.setattr(module, "bars_per_column", lambda bars, window: 4)
    text = run_heatmap(result(), trades_of(result()))
    assert "One column is 4 bars" in text
    assert len(elements(text)["array-close"]) == 225


@pytest.mark.parametrize("scale", [1e-7, 1e5])
def test_prices_of_any_size_have_a_page(scale):
    frame = result().market.frame.copy()
    for name in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close"):
        if name in frame:
            frame[name] *= scale
    text = heatmap_page(dataclasses.replace(result().market, frame=frame), result().configuration.model)
    assert 0 <= facts_of(text)["shown_decimals"] <= 12
