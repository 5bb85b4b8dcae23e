"""The main command: bad input in one line, complete folders, and the same bytes everywhere."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from datafeeds.files import read_market
from datafeeds.simulated.market import simulate
from runs.backtest import main
from runs.engines.configuration import configuration_from
from runs.engines.event import EngineMode, run_backtest
from runs.perpetual.accounting import reconciliation_error
from strategies.registry import BUILT_IN

PROJECT = Path(__file__).resolve().parents[2]
FILES = [
    "equity.parquet", "fills.csv", "heatmap.html", "metrics.json", "orders.csv", "report.md", "run.json", "tearsheet.html",
    "trades.csv",
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=400).frame.drop(columns="open_interest_break").to_parquet(path)
    return path


@pytest.fixture
def bad(tmp_path, data):
    """Write a spoilt copy of the data and return its path."""

    def write(change):
        frame = pd.read_parquet(data)
        path = tmp_path / "bad.parquet"
        change(frame).to_parquet(path)
        return str(path)

    return write


def refused(capsys, *arguments):
    """Run the command, expect exit code 2 and exactly one line on stderr; return it."""
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert code == 2
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    assert out == ""
    return err


SPOILT = {
    "no rows": (lambda f: f.iloc[:0], "0 bars"),
    "one bar": (lambda f: f.iloc[:1], "at least 2"),
    "no volume": (lambda f: f.drop(columns="volume"), "missing column volume"),
    "missing price": (lambda f: f.assign(close=f["close"].where(f.index != 5)), "close is missing"),
    "negative price": (lambda f: f.assign(low=f["low"].where(f.index != 5, -1.0)), "low is not positive"),
    "price near the largest float": (
        lambda f: f.assign(high=f["high"].where(f.index != 5, 1e308)),
        "high is outside 1e-15",
    ),
    "price near the smallest float": (
        lambda f: f.assign(low=f["low"].where(f.index != 5, 1e-308)),
        "low is outside 1e-15",
    ),
    "mark near the largest float": (lambda f: f.assign(mark_high=1e308), "mark_high is outside 1e-15 .. 1e+15"),
    "volume near the largest float": (lambda f: f.assign(volume=1e300), "volume is above 1e+24"),
    "open interest near the largest float": (lambda f: f.assign(open_interest=1e300), "open_interest is above 1e+24"),
    "unsorted": (lambda f: f.iloc[::-1], "times go backwards"),
    "duplicate": (lambda f: pd.concat([f, f.tail(1)]), "duplicate time"),
    "text": (lambda f: f.assign(close=f["close"].astype(str).where(f.index != 5, "abc")), "where a number belongs"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_data_gets_one_line(bad, capsys, tmp_path, name):
    change, sentence = SPOILT[name]
    out = tmp_path / "out"
    assert sentence in refused(capsys, "--strategy", "magnet", "--data", bad(change), "--out", str(out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no strategy named"),
        (["--strategy", "magnte"], "did you mean 'magnet'"),
        (["--strategy", "magnet", "--data", "nothing.parquet"], "no such file"),
        (["--strategy", "magnet", "--data", "."], "not a file"),
        (["--strategy", "magnet", "--set", "magnet_ration=3"], "did you mean 'magnet_ratio'"),
        (["--strategy", "magnet", "--set", "magnet_ratio"], "write it as name=value"),
        (["--strategy", "magnet", "--set", "magnet_ratio=many"], "is not of the kind float"),
        (["--strategy", "magnet", "--set", "leverage=0"], "leverage = 0"),
        (["--strategy", "magnet", "--set", "leverage=nan"], "leverage"),
        (["--strategy", "magnet", "--set", "venue=hyperliquid", "--set", "leverage=41"], "40 at the most"),
        (["--strategy", "magnet", "--set", "liquidation_price_spread=2"], "outside [0.01, 0.5]"),
        (["--strategy", "magnet", "--set", "margin_mode=both"], "is none of"),
        (["--strategy", "magnet", "--set", "venue=binanse"], "did you mean 'binance'"),
        (["--strategy", "magnet", "--start", "soon"], "cannot read the time"),
        (["--strategy", "magnet", "--start", "2050-01-01"], "leaves 0 bars"),
        (["--strategy", "magnet", "--start", "0001-01-01"], "beyond the calendar"),
        (
            [
                "--strategy",
                "magnet",
                "--data",
                "binance:BTC/USDT:USDT:1h",
                "--catalog",
                "none",
                "--start",
                "2300-01-01",
            ],
            "beyond the",
        ),
        (["--strategy", "magnet", "--config", "nothing.toml"], "cannot be read"),
        (["--strategy", "magnet", "--seed", "-1"], "must not be negative"),
        (["--strategie", "magnet"], "No such option"),
        (["--strategy", "no.such.module:Thing"], "there is no module"),
    ],
)
def test_bad_usage_gets_one_line(capsys, arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


def test_a_truncated_parquet_gets_one_line(capsys, data, tmp_path):
    path = tmp_path / "cut.parquet"
    path.write_bytes(data.read_bytes()[:-500])
    assert "cannot be read" in refused(capsys, "--strategy", "magnet", "--data", str(path))


def test_a_folder_that_cannot_be_written_gets_one_line(capsys, data, tmp_path):
    (tmp_path / "file").write_text("")
    line = refused(capsys, "--strategy", "magnet", "--data", str(data), "--out", str(tmp_path / "file" / "out"))
    assert "cannot be written" in line


@pytest.mark.usefixtures("no_tearsheet")
def test_an_earlier_run_is_not_overwritten_unasked(capsys, data, tmp_path):
    out = str(tmp_path / "out")
    assert main(["--strategy", "overlay", "--data", str(data), "--out", out]) == 0
    before = {p.name: p.read_bytes() for p in Path(out).iterdir()}
    capsys.readouterr()
    assert "holds an earlier run" in refused(capsys, "--strategy", "magnet", "--data", str(data), "--out", out)
    assert {p.name: p.read_bytes() for p in Path(out).iterdir()} == before
    assert main(["--strategy", "overlay", "--data", str(data), "--out", out, "--overwrite"]) == 0
    assert {p.name: p.read_bytes() for p in Path(out).iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("no_tearsheet")
def test_a_run_has_layers_of_the_map_when_asked(data, tmp_path):
    named = ["--strategy", "overlay", "--data", str(data), "--layers", "--out", str(tmp_path / "out")]
    assert main(named) == 0
    assert "id='layer'" in (tmp_path / "out" / "heatmap.html").read_text()


def run_with(data, out, *settings, strategy="magnet"):
    arguments = [part for setting in settings for part in ("--set", setting)]
    assert main(["--strategy", strategy, "--data", str(data), "--out", str(out), *arguments]) == 0
    return json.loads((out / "metrics.json").read_text())["trading"]


@pytest.mark.usefixtures("no_tearsheet")
@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_a_size_leaves_room_for_margin_and_fee(data, tmp_path, mode):
    trading = run_with(data, tmp_path / "out", "costs.leverage=3", "risk_fraction=1", f"margin_mode={mode}")
    assert trading["trades"] > 0
    assert trading["entries_refused"] == trading["entries_below_one_step"] == 0


@pytest.mark.usefixtures("no_tearsheet")
@pytest.mark.parametrize(
    ("settings", "count", "why"),
    [
        (("starting_cash=1e9", "costs.leverage=50", "max_leverage=50", "risk_fraction=1"), "entries_refused",
         "more leverage than the position's tier allows: "),
        (("starting_cash=10",), "entries_below_one_step", ""),
        (("contract_step=100",), "entries_below_one_step", ""),
    ],
)  # fmt: skip
def test_entries_that_are_not_opened_are_counted_and_shown(settings, count, why, data, tmp_path, capsys):
    trading = run_with(data, tmp_path / "out", *settings)
    assert trading["trades"] == 0
    assert trading[count] > 0
    said = f"{trading['entries_refused']:,} entries refused, {trading['entries_below_one_step']:,} below one step"
    said += f" ({why}{trading['entries_refused']:,})" if why else ""
    assert f"note: {said}\n" in capsys.readouterr().err
    assert f"{said}.\n" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.usefixtures("no_tearsheet")
@pytest.mark.parametrize(
    ("settings", "reason", "why"),
    [
        (("multiple=2", "costs.leverage=1"), "margin", "too little free margin"),
        (("multiple=1.5", "costs.leverage=60", "symbol=XRPUSDT", "starting_cash=10000", "contract_step=0.001"), "leverage",
         "more leverage than the position's tier allows"),
        (("multiple=0.5", "costs.leverage=60", "symbol=XRPUSDT", "starting_cash=10000", "contract_step=0.001"), None, ""),
    ],
)  # fmt: skip
def test_a_plain_strategys_order_beyond_margin_or_bracket_is_refused_and_shown(settings, reason, why, tmp_path, capsys):
    """XRP, 2024-10-24: from 10,000 on 50x at the most (freqtrade's copy of Binance's brackets), though 1 / (2 x .0065) is 76.9."""
    path = tmp_path / "autumn.parquet"
    simulate(5, bars=450, start="2024-11-01").frame.drop(columns="open_interest_break").to_parquet(path)
    trading = run_with(path, tmp_path / "out", *settings, strategy="tests.runs.planted.large:Large")
    said = capsys.readouterr().err
    if reason is None:
        assert trading["trades"] > 0
        assert "entries refused" not in said
        return
    assert trading["trades"] == 0
    assert trading["entries_refused"] == trading[f"entries_refused_for_{reason}"] == 4
    assert f"note: 4 entries refused, 0 below one step ({why}: 4)\n" in said


@pytest.mark.usefixtures("no_tearsheet")
def test_a_run_that_opens_all_its_entries_says_nothing_of_them(data, tmp_path, capsys):
    run_with(data, tmp_path / "out")
    assert "refused" not in capsys.readouterr().err + (tmp_path / "out" / "report.md").read_text()


@pytest.mark.usefixtures("no_tearsheet")
@pytest.mark.parametrize("strategy", ["overlay", "wipe"])
def test_the_audit_trail_adds_up_to_the_headline(data, tmp_path, strategy):
    out = tmp_path / "out"
    run_with(data, out, "margin_mode=isolated", "costs.leverage=50", "max_leverage=40", strategy=strategy)
    money = json.loads((out / "metrics.json").read_text())["money"]
    fills, orders = pd.read_csv(out / "fills.csv"), pd.read_csv(out / "orders.csv")
    for column, figure in (
        ("fee", "fees_quote"), ("funding", "funding_paid_quote"), ("liquidation_fee", "liquidation_fees_quote"),
        ("insurance_fund", "insurance_fund_quote"), ("realised", "realised_quote"),
    ):  # fmt: skip
        assert fills[column].sum() == pytest.approx(money[figure], rel=1e-9, abs=1e-9), column
    assert (fills["kind"] == "liquidation").sum() == money["liquidations"]
    assert fills["wallet_after"].iloc[-1] + money["unrealised_quote"] == pytest.approx(money["final_equity_quote"])
    trades = pd.read_csv(out / "trades.csv")
    assert trades["fees"].sum() == pytest.approx(money["fees_quote"], rel=1e-9)
    asked = fills[fills["order"] >= 0].merge(orders, on="order", suffixes=("", "_sent"))
    assert len(asked) == (fills["order"] >= 0).sum() > 0
    assert (asked["size"] == asked["size_sent"]).all()
    assert (asked["time"] > asked["time_sent"]).all(), "no order meets the bar at whose close it was sent"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_run_leaves_a_complete_folder_that_reconciles(name, data, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--strategy", name, "--data", str(data), "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert sorted(p.name for p in out.iterdir()) == FILES
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["money"]["reconciliation_error"] <= 1e-6
    assert {**metrics, "folder": str(out)} == printed
    assert metrics["evidence"]["verdict"] in ("validated", "not validated", "too little data")
    assert metrics["evidence"]["sentence"].translate(str.maketrans({"<": "("})) in (out / "report.md").read_text()
    assert "The claim that the strategy trades on" in (out / "tearsheet.html").read_text()
    equity = pq.read_table(out / "equity.parquet").to_pandas()
    assert len(equity) == 400
    assert equity["equity"].iloc[-1] == metrics["money"]["final_equity_quote"]


@pytest.mark.usefixtures("no_tearsheet")
def test_the_verdict_on_the_traded_claim_is_printed(data, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--strategy", "magnet", "--data", str(data), "--out", str(out)]) == 0
    sentence = json.loads((out / "metrics.json").read_text())["evidence"]["sentence"]
    assert sentence in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("no_tearsheet")
def test_a_perpetual_that_could_not_have_been_held_without_more_cash_is_told(bad, tmp_path, capsys):
    def settled(frame, rate):
        return frame.assign(funding_rate=np.where(frame["funding_rate"].notna(), rate, np.nan))

    for name, rate, told in (("costly", 0.04, 1), ("cheap", 0.0001, 0)):
        path = bad(lambda frame, rate=rate: settled(frame, rate))
        assert main(["--strategy", "magnet", "--data", path, "--out", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out.count("Holding the perpetual took") == told


@pytest.mark.usefixtures("no_tearsheet")
def test_the_sharpe_ratio_comes_with_its_interval(tmp_path, capsys):
    path, out = tmp_path / "market.parquet", tmp_path / "out"
    simulate(5, bars=600).frame.drop(columns="open_interest_break").to_parquet(path)
    assert main(["--strategy", "magnet", "--data", str(path), "--out", str(out)]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    intervals, performance = metrics["intervals"], metrics["performance"]
    stated = {name for name, ends in intervals.items() if isinstance(ends, dict)}
    assert stated < set(performance)
    assert intervals["sharpe"]["low"] < performance["sharpe"] < intervals["sharpe"]["high"]
    line = next(line for line in capsys.readouterr().out.splitlines() if "95 % interval" in line)
    assert f"{intervals['sharpe']['low']:.2f} to {intervals['sharpe']['high']:.2f}" in line


@pytest.mark.usefixtures("no_tearsheet")
def test_a_run_of_few_days_has_no_interval(data, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--strategy", "overlay", "--data", str(data), "--out", str(out)]) == 0
    assert json.loads((out / "metrics.json").read_text())["intervals"]["sharpe"] == {"low": None, "high": None}
    line = next(line for line in capsys.readouterr().out.splitlines() if "95 % interval" in line)
    assert "nan" not in line


def test_a_run_without_a_trade_leaves_a_complete_folder(data, tmp_path):
    out = tmp_path / "out"
    assert main(["--strategy", "magnet", "--data", str(data), "--out", str(out), "--set", "magnet_ratio=1000"]) == 0
    assert sorted(p.name for p in out.iterdir()) == FILES
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["trading"]["trades"] == 0
    assert metrics["performance"]["total_return_fraction"] == 0.0
    assert "No trade" in (out / "tearsheet.html").read_text()


def test_a_runs_own_record_reproduces_it(data, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = ["--strategy", "wipe", "--data", str(data), "--set", "wipe_share=0.001", "--set", "costs.leverage=5"]
    assert main([*arguments, "--end", "2024-01-12", "--out", str(first)]) == 0
    assert main(["--config", str(first / "run.json"), "--out", str(second)]) == 0
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.parametrize("failing", ["missing", "full"])
def test_a_temporary_folder_in_which_no_page_can_be_drawn_is_one_line(data, tmp_path, capsys, monkeypatch, failing):
    out = tmp_path / "out"
    if failing == "full":

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(tempfile, "mkdtemp", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("missing" if failing == "missing" else "")))
    assert main(["--strategy", "magnet", "--data", str(data), "--out", str(out)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("error: ")] == said[-1:]
    assert said[-1].startswith(f"error: TMPDIR {tmp_path}")
    assert ("No space" in said[-1]) == (failing == "full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_tearsheet")
def test_a_repeated_run_names_other_data_and_other_code_and_strict_refuses_them(data, tmp_path, capsys):
    config = tmp_path / "run.json"
    dry = ["--config", str(config), "--dry-run"]
    assert main(["--strategy", "magnet", "--data", str(data), "--out", str(tmp_path / "out")]) == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    config.write_text(json.dumps(record))
    capsys.readouterr()
    assert main([*dry, "--strict"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*dry, "--end", "2024-01-12"]) == 0
    said = f"{config}: the data differ (bars 400 there, 264 here)\n"
    assert capsys.readouterr().err == f"note: {said}"
    assert main([*dry, "--end", "2024-01-12", "--strict"]) == 2
    assert capsys.readouterr().err == f"error: {said}"
    config.write_text(json.dumps(record | {"source_digest": "0" * 16}))
    assert main([*dry, "--strict"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {config}: the code differs (digest {'0' * 16} there, ")
    config.write_text(json.dumps({"configuration": record["configuration"]}))
    assert main([*dry, "--strict"]) == 2
    assert "name unknown there" in capsys.readouterr().err
    assert main(["--strategy", "magnet", "--data", str(data), "--dry-run", "--strict"]) == 2
    assert "run.json" in capsys.readouterr().err


@pytest.mark.usefixtures("no_tearsheet")
def test_a_toml_file_configures_and_flags_win(data, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text('strategy = "magnet"\n[model]\nliquidation_price_spread = 0.2\n[costs]\ntaker_fee_bps = 9\n')
    out = tmp_path / "out"
    assert main(["--config", str(config), "--data", str(data), "--set", "taker_fee_bps=1", "--out", str(out)]) == 0
    configuration = json.loads((out / "run.json").read_text())["configuration"]
    assert (configuration["model"]["liquidation_price_spread"], configuration["costs"]["taker_fee_bps"]) == (0.2, 1.0)


MODES = [EngineMode(p, r, e) for p in (True, False) for r in (True, False) for e in (-2, -1, 0, 1)]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_engine_mode_gives_the_same_run(name):
    market, configuration = simulate(2, bars=300), configuration_from({"strategy": name})
    runs = [run_backtest(configuration, market, mode) for mode in MODES]
    assert len({run.fills.tobytes() for run in runs}) == 1
    assert len({run.equity.tobytes() for run in runs}) == 1
    assert len({run.snapshots.tobytes() for run in runs}) == 1
    assert len({run.clusters.tobytes() for run in runs}) == 1


def test_time_zone_and_hash_seed_leave_the_bytes_alone(data, tmp_path):
    # reliability notes 2.15; a third zone is in the slow suite
    folders = []
    for number, (zone, seed) in enumerate((("UTC", "0"), ("America/New_York", "12345"))):
        out = tmp_path / str(number)
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "runs.backtest", "--strategy", "wipe", "--data", str(data), "--out", str(out)]
        done = subprocess.run(
            [*command, "--start", "2024-01-03"], cwd=PROJECT, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        ours = [line for line in done.stderr.splitlines() if b"Warning" in line and b"backtrader" not in line]
        assert ours == []
        folders.append({p.name: p.read_bytes() for p in out.iterdir()})
    for name in FILES:
        assert folders[0][name] == folders[1][name], name


CRASHES = ("2021-03-15", "2022-12-01")  # of May 2021, of Luna and of FTX
REAL = {
    "bybit_1h/BTCUSDT": CRASHES,
    "bybit_1h/ETHUSDT": CRASHES,
    "binance_15m/BTCUSDT": (None, None),
    "binance_5m/BTCUSDT": ("2023-02-01", "2023-04-01"),
}


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["part", "whole"])
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_real_data_reconciles(market_data, name, strategy, whole):
    market = read_market(market_data / f"{name}.parquet")
    if not whole:
        market = market.between(*REAL[name])
    result = run_backtest(configuration_from({"strategy": strategy}), market)
    assert len(result.equity) == len(market)
    assert reconciliation_error(result.account, result.fills, float(result.close[-1])) <= 1e-6
    assert (result.equity > -1e-6).all()
    assert np.isfinite(result.equity).all()


@pytest.mark.usefixtures("no_tearsheet")
def test_what_should_not_matter_stands_beside_the_return(tmp_path, capsys):
    simulate(9, bars=600).frame.drop(columns="open_interest_break").to_parquet(tmp_path / "m.parquet")
    assert main(["--strategy", "magnet", "--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "run")]) == 0
    said = json.loads((tmp_path / "run" / "metrics.json").read_text())["irrelevant_changes"]
    low, middle, high = (f"{said[f'{name}_fraction']:+.2%}" for name in ("low", "median", "high"))
    shown = capsys.readouterr().out
    assert f"{low} to {high}, median {middle}" in shown
    assert ("undetermined" in shown) is said["undetermined"]
