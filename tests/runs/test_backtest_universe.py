"""`runs.backtest` with several markets: one account, complete folders, parts that add up, and one line for what cannot be."""

import json

import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.backtest import backtest, main
from runs.reviews.gathering import read_entry

FILES = {
    "equity.parquet", "fills.csv", "metrics.json", "orders.csv", "report.md", "run.json", "tearsheet.html", "trades.csv",
    "heatmap-coins-a.html", "heatmap-coins-b.html", "heatmap-coins-gone.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def markets(tmp_path_factory):
    """Three files: two of the same length, and one of a coin that is delisted half-way."""
    folder = tmp_path_factory.mktemp("markets") / "coins"
    folder.mkdir()
    for name, seed, bars in (("a", 31, 900), ("b", 32, 900), ("gone", 33, 500)):
        frame = simulate(seed, bars=bars).frame.drop(columns="open_interest_break")
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("runs.reports.joint.joint_tearsheet", lambda *_: "<html></html>")


def options(folder, *names):
    return [word for name in names for word in ("--data", str(folder / f"{name}.parquet"))]


def ran(markets, out, *more, names=("a", "b", "gone")):
    # The files' names say no contract, so its terms are named.
    return main(
        ["--strategy", "overlay", "--set", "symbol=BTCUSDT", *options(markets, *names), "--out", str(out), *more]
    )


def test_one_account_trades_all_and_the_parts_add_up_to_it(markets, tmp_path, capsys):
    assert ran(markets, tmp_path / "run") == 0
    said = capsys.readouterr()
    assert "By market" in said.out
    assert "gone" in said.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    money, parts = metrics["money"], metrics["markets"]
    earned = money["final_equity_quote"] - money["starting_cash_quote"]
    assert sum(part["profit_quote"] for part in parts) == pytest.approx(earned, abs=1e-6)
    for name in ("fees_quote", "funding_paid_quote", "turnover_quote"):
        assert sum(part[name] for part in parts) == pytest.approx(money[name])
    assert money["reconciliation_error"] < 1e-9
    fills = pd.read_csv(tmp_path / "run" / "fills.csv")
    assert fills["fee"].sum() == pytest.approx(money["fees_quote"])
    gone = fills[fills["market"].str.contains("gone")]
    assert len(gone)
    assert gone["position_after"].iloc[-1] == 0.0
    equity = pd.read_parquet(tmp_path / "run" / "equity.parquet")
    profits = equity.filter(like="profit of ").sum(axis=1)
    assert (equity["equity"] - money["starting_cash_quote"] - profits).abs().max() < 1e-6
    reviewed = read_entry(tmp_path / "run", "run")
    assert reviewed.state == "ok"
    assert [part["profit_quote"] for part in reviewed.parts] == [part["profit_quote"] for part in parts]
    page = (tmp_path / "run" / "tearsheet.html").read_text()
    assert "By market" in page
    assert all(part["name"] in page for part in parts)


def test_the_order_of_data_does_not_matter_and_a_config_repeats_the_run(markets, tmp_path, quick, capsys):
    assert ran(markets, tmp_path / "one", names=("a", "b")) == 0
    assert ran(markets, tmp_path / "two", names=("b", "a")) == 0
    again = ["--config", str(tmp_path / "one" / "run.json"), "--strict", "--out", str(tmp_path / "three")]
    assert main(again) == 0
    texts = {(tmp_path / name / "metrics.json").read_text() for name in ("one", "two", "three")}
    assert len(texts) == 1


def test_a_universe_of_one_market_writes_the_bytes_of_that_market(markets, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("runs.reports.run.tearsheet", lambda *_, **__: "<html></html>")
    (tmp_path / "u.toml").write_text(f'[[market]]\ndata = "{markets / "a.parquet"}"\n')
    universe = ["--universe", str(tmp_path / "u.toml"), "--set", "symbol=BTCUSDT", "--out", str(tmp_path / "universe")]
    assert main(["--strategy", "overlay", *universe]) == 0
    assert ran(markets, tmp_path / "alone", names=("a",)) == 0
    for path in (tmp_path / "alone").iterdir():
        assert path.read_bytes() == (tmp_path / "universe" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("names", "more", "said"),
    [
        (("a", "a"), (), "twice"),
        (("a", "b"), ("--allocation", "evenly"), "allocation 'evenly' is none of"),
        (("a", "b"), ("--allocation", "math:nothing"), "cannot be found"),
        (("a", "b"), ("--universe", "u.toml"), "at once"),
    ],
)
def test_what_cannot_be_is_one_line(markets, tmp_path, capsys, names, more, said):
    assert ran(markets, tmp_path / "no", *more, names=names) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "no").exists()


def all_in_the_first(volatility, weights):
    """Allocate everything to the first market that is traded."""
    found = weights * 0.0
    found[weights.argmax()] = 1.0
    return found


def too_much(volatility, weights):
    return weights


def test_equity_is_divided_by_a_function_of_the_users(markets, tmp_path, quick, capsys):
    assert ran(markets, tmp_path / "run", "--allocation", f"{__name__}:all_in_the_first", names=("a", "b")) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["markets"][0]["trades"] > 0
    assert metrics["markets"][1]["trades"] == 0
    assert ran(markets, tmp_path / "no", "--allocation", f"{__name__}:too_much", names=("a", "b")) == 2
    assert "1 in all at most" in capsys.readouterr().err


def test_in_python_a_list_of_markets_is_one_account():
    run = backtest([simulate(31, bars=900), simulate(32, bars=900)], "overlay", allocation="inverse-volatility")
    assert run.record["money"]["reconciliation_error"] < 1e-9
    parts = run.markets["profit_quote"]
    assert run.equity.iloc[-1] == pytest.approx(100_000.0 + parts.sum())
    one = run.market(parts.index[0])
    assert one.equity.iloc[-1] - 100_000.0 == pytest.approx(parts.iloc[0])
    with pytest.raises(KeyError, match="none of"):
        run.market("nothing")
