"""Sweeps across markets: what a combination is judged on, whoever works, and what is said of the markets."""

import json

import numpy as np
import pandas as pd
import pytest

from datafeeds.universe.markets import from_markets
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.joint.event import run_joint_backtest
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.joint_metrics import joint_metrics
from runs.sweep import main, sweep
from runs.sweeps.rows.objective import METRICS
from runs.sweeps.workers.across import UniverseEvaluator, counted
from tests.runs.engines.joint.universes import drawn_market

BANDS = (0.0, 0.2, 0.5)
MARKETS = (drawn_market(51, 700), drawn_market(52, 700, holes=9), drawn_market(53, 400, "2024-01-09"))


def configuration(band):
    return configuration_from({"strategy": "overlay", "rule": {"band": band}})


def alone(market, band):
    evaluator = Evaluator(market, Heatmaps(None))
    return evaluator.trial(configuration(band)), evaluator.days


def test_one_market_on_an_account_is_judged_as_without_a_universe():
    market = MARKETS[0]
    across = UniverseEvaluator(from_markets([market]), Heatmaps(None), "sharpe", "account")
    theirs, days = alone(market, 0.2)
    ours = across.trial(configuration(0.2))
    assert {name: ours.metrics[name] for name in METRICS} == theirs.metrics
    assert (ours.daily_returns == theirs.daily_returns).all()
    assert (across.days == days).all()


def test_on_an_account_a_row_has_the_figures_of_its_run_in_the_event_engine():
    universe = from_markets(MARKETS)
    found = sweep(universe, "overlay", grid={"band": BANDS}, confirm=3, best_runs=0)
    assert found.record["confirmation"] == {"asked": 3, "equal": 3, "number": None, "difference": None}
    result = run_joint_backtest(configuration(0.2), universe)
    figures = joint_metrics(result)
    flat = figures["performance"] | figures["trading"] | figures["money"] | figures["exposure"]
    flat["constant_exposure_return_fraction"] = figures["constant_exposure"]["total_return_fraction"]
    row = found.trials.iloc[1]
    for name in METRICS:
        np.testing.assert_allclose(row[name], flat[name], rtol=1e-9, err_msg=name)
    for part in figures["markets"]:
        np.testing.assert_allclose(row[f"total_return_fraction of {part['name']}"], part["return_fraction"], rtol=1e-9)


@pytest.mark.parametrize("across", ["median", "worst"])
def test_a_row_is_the_run_of_the_market_that_counts(across):
    found = sweep(list(MARKETS), "overlay", grid={"band": BANDS}, across=across, confirm=1, best_runs=1)
    assert found.record["confirmation"]["equal"] == 1
    trials = {band: {market.name: alone(market, band) for market in MARKETS} for band in BANDS}
    table = pd.DataFrame(
        {band: {name: one.metrics["sharpe"] for name, (one, _) in each.items()} for band, each in trials.items()}
    )
    np.testing.assert_allclose(
        found.trials["sharpe"], table.median() if across == "median" else table.min(), rtol=1e-12
    )
    days = pd.date_range("2024-01-01", periods=len(found.trials["daily_returns"][0]))
    for number, band in enumerate(BANDS):
        row, name = found.trials.iloc[number], (table[band] == found.trials["sharpe"][number]).idxmax()
        trial, own = trials[band][name]
        assert {metric: row[metric] for metric in METRICS} == pytest.approx(trial.metrics, nan_ok=True)
        expected = pd.Series(trial.daily_returns, index=pd.DatetimeIndex(own)).reindex(days, fill_value=0.0)
        assert row["daily_returns"].tolist() == expected.tolist()
        for market in MARKETS:
            assert row[f"sharpe of {market.name}"] == trials[band][market.name][0].metrics["sharpe"]
    _the_markets_are_told(found, trials)


def _the_markets_are_told(found, trials):
    best = BANDS[int(found.best["number"])]
    earned = {name: one.metrics["total_return_fraction"] for name, (one, _) in trials[best].items()}
    held = {market.name: market.frame["close"].iloc[-1] / market.frame["open"].iloc[0] - 1.0 for market in MARKETS}
    said = found.summary["markets"]
    assert said["above_zero"] == sum(value > 0.0 for value in earned.values())
    assert said["above_holding"] == sum(earned[name] > held[name] for name in earned)
    assert said["agree"] == sum(earned[name] > max(held[name], 0.0) for name in earned)
    assert f"{said['agree']} of 3 markets agree with trial {found.best['number']}" in found.summary["sentence"]
    page = found.to_html()
    assert all(market.name in page for market in MARKETS)
    assert said["sentence"] in page
    (run,) = found.runs.values()
    assert run.run.market.name == said["counted"]


def test_of_an_even_number_the_worse_of_the_middle_two_counts():
    assert [counted(scores, "median") for scores in ([4.0, 1.0, 3.0, 2.0], [1.0], [2.0, 1.0], [5.0, -np.inf, 7.0])] == [
        3, 0, 1, 0
    ]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("markets")
    for market in MARKETS:
        market.frame.drop(columns="open_interest_break").to_parquet(folder / f"{market.name}.parquet")
    return [word for market in MARKETS for word in ("--data", str(folder / f"{market.name}.parquet"))]


def swept(files, out, *more):
    named = ["--strategy", "overlay", "--set", "symbol=BTCUSDT", "--param", "band=0:0.5:0.1", "--confirm", "0"]
    return main([*named, *files, "--out", str(out), *more])


def rows(folder):
    return sorted(line for path in (folder / "rows").iterdir() for line in path.read_bytes().splitlines())


@pytest.fixture
def short_report(monkeypatch):
    monkeypatch.setattr("runs.sweeps.run.BEST_RUNS", 0)


@pytest.mark.usefixtures("short_report")
def test_processes_and_a_resumed_sweep_give_the_same_rows_and_another_universe_is_refused(files, tmp_path, capsys):
    assert swept(files, tmp_path / "one", "--across", "worst") == 0
    assert "of 3 markets agree with trial" in " ".join(capsys.readouterr().out.split())
    assert swept(files, tmp_path / "two", "--across", "worst", "--jobs", "2") == 0
    whole = rows(tmp_path / "one")
    assert len(whole) == 6
    assert rows(tmp_path / "two") == whole
    (path,) = (tmp_path / "two" / "rows").iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3])[:-5])
    assert main(["--resume", str(tmp_path / "two"), "--confirm", "0"]) == 0
    assert rows(tmp_path / "two") == whole
    assert json.loads((tmp_path / "two" / "sweep.json").read_text())["across"] == "worst"
    capsys.readouterr()
    for change, what in ((["--across", "median"], "across differs"), (files[:4], "configuration.markets differs")):
        assert main(["--resume", str(tmp_path / "two"), *change]) == 2
        assert what in capsys.readouterr().err
    assert rows(tmp_path / "two") == whole


def test_across_needs_several_markets(files, tmp_path, capsys):
    assert swept(files[:2], tmp_path / "a", "--across", "median") == 2
    assert "--across median: it needs several markets" in capsys.readouterr().err
