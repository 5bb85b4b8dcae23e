"""The command: what it prints, writes and refuses."""

import html
import json
import pathlib
import re

import numpy as np
import pandas as pd
import pytest

from datafeeds.markets import read
from datafeeds.simulated.market import simulate
from runs.reports.page import figure
from runs.reports.validation import validation_page
from runs.validate import main, validate


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(4, bars=1200).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


@pytest.fixture(scope="module")
def written(market, tmp_path_factory):
    out = tmp_path_factory.mktemp("results") / "out"
    assert main(["--data", market, "--out", str(out)]) == 0
    return out


def test_it_writes_both_files_and_nothing_else(written):
    assert sorted(path.name for path in written.iterdir()) == ["validation.html", "validation.json"]
    assert not list(written.parent.glob(".*"))


def test_it_prints_a_line_a_claim(market, tmp_path, capsys):
    assert main(["--data", market, "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    record = json.loads((tmp_path / "out" / "validation.json").read_text())
    for claim in record["claims"]:
        line = next(line for line in out.splitlines() if f"│ {claim['name']} " in line)
        assert claim["verdict"] in line
        if claim["weakest"]:
            assert figure(claim["weakest"]["estimate"]) in line
        assert f"{claim['name']}: {claim['statement']} - {claim['verdict']}." in out
    assert [line.split(":")[0] for line in err.splitlines()] == ["note"] * len(record["data"]["caveats"]) + ["next"]


def test_the_record_repeats_byte_for_byte_and_json_prints_it(market, written, tmp_path, capsys):
    assert main(["--data", market, "--out", str(tmp_path / "again"), "--json"]) == 0
    text = (tmp_path / "again" / "validation.json").read_text()
    assert text == (written / "validation.json").read_text() == capsys.readouterr().out


def test_the_unwelcome_come_first(written):
    record = json.loads((written / "validation.json").read_text())
    places = ["not validated", "too little data", "validated"]
    order = [places.index(claim["verdict"]) for claim in record["claims"]]
    assert order == sorted(order)
    assert sum(record["counts"].values()) == len(order)


def test_each_number_of_the_page_is_the_records(written):
    page, record = (written / "validation.html").read_text(), json.loads((written / "validation.json").read_text())
    for claim in record["claims"]:
        section = page.split(f"<section id='{claim['name']}'>")[1].split("</section>")[0]
        cells = re.findall(r"<tr><td>(.*?)</td>(.*?)</tr>", section)
        tests = claim["tests"] + claim["placebos"] + claim["references"]
        for (label, row), test in zip(cells, tests, strict=True):
            shown = re.findall(r"<td>(.*?)</td>", row)
            keys = (
                "estimate",
                "low",
                "high",
                "p_value",
                "minimum_detectable_effect",
                "observations",
                "effective",
                "blocks",
            )
            assert html.unescape(label) == test["baseline"]
            assert [float(value) if value != "-" else None for value in shown] == [test[key] for key in keys]


@pytest.fixture(scope="module")
def pooled(market, tmp_path_factory):
    """Return the files of two markets, and the folder of both together."""
    root = tmp_path_factory.mktemp("pooled")
    simulate(5, bars=900).frame.drop(columns="open_interest_break").to_parquet(root / "other.parquet")
    files = [market, str(root / "other.parquet")]
    assert main(["--data", files[0], "--data", files[1], "--out", str(root / "out")]) == 0
    return files, root / "out"


def test_several_markets_are_pooled_and_each_is_shown_by_itself(pooled, written, tmp_path, capsys):
    files, out = pooled
    record, alone = (json.loads((folder / "validation.json").read_text()) for folder in (out, written))
    assert {part["data"]["bars"] for part in record["markets"]} == {1200, 900}
    own = next(part for part in record["markets"] if part["data"]["bars"] == 1200)
    assert own == {name: alone[name] for name in own}, "beside the pool a market is what it is alone"
    assert main([*(word for file in reversed(files) for word in ("--data", file)), "--out", str(tmp_path / "o")]) == 0
    text, _ = capsys.readouterr()
    assert json.loads((tmp_path / "o" / "validation.json").read_text()) == record, "whichever comes first"
    titles = re.findall(r"(\S.*), \S+ to \S+: each claim", text)
    assert titles == [record["data"]["name"], *(part["data"]["name"] for part in record["markets"])]
    tables = text.split(": each claim, against its hardest baseline")[1:]
    for part, shown in zip([record, *record["markets"]], tables, strict=True):
        for claim in part["claims"]:
            line = next(line for line in shown.splitlines() if f"│ {claim['name']} " in line)
            assert claim["verdict"] in line
            if claim["weakest"]:
                assert figure(claim["weakest"]["estimate"]) in line
                assert figure(claim["weakest"]["minimum_detectable_effect"]) in line


def test_the_pages_tables_are_the_records_the_pool_first(pooled, written):
    for folder, count in ((pooled[1], 3), (written, 1)):
        page, record = (folder / "validation.html").read_text(), json.loads((folder / "validation.json").read_text())
        parts = [record, *record.get("markets", [])]
        tables = page.split("<section")[0].split("<table>")[1:]
        assert len(parts) == len(tables) == count
        for part, shown in zip(parts, tables, strict=True):
            rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", shown)]
            assert [row[0] for row in rows] == [claim["name"] for claim in part["claims"]]
            for row, claim in zip(rows, part["claims"], strict=True):
                weakest = claim["weakest"] or {}
                keys = ("estimate", "low", "high", "minimum_detectable_effect", "observations")
                assert row[1] == claim["verdict"]
                assert row[2:7] == [figure(weakest.get(key)) for key in keys]
                assert html.unescape(row[7]) == weakest.get("baseline", "-")
        for number, part in enumerate(record.get("markets", []), 1):
            for claim in part["claims"]:
                section = page.split(f"<section id='{claim['name']}-{number}'>")[1].split("</section>")[0]
                assert all(figure(test["estimate"]) in section for test in claim["tests"])


def test_one_market_under_two_names_is_refused(market, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "copy.parquet").write_bytes(pathlib.Path(market).read_bytes())
    assert main(["--data", market, "--data", "data/copy.parquet"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "hold the same bars" in err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def flat(value):
    """Return the figures in nested values, in order; text that the page shows as it is may hold figures too."""
    if isinstance(value, dict):
        return [figure for item in value.values() for figure in flat(item)]
    if isinstance(value, list):
        return [figure for item in value for figure in flat(item)]
    return [float(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def test_head_adjusted_p_and_details_are_the_records_too(written):
    page, record = (written / "validation.html").read_text(), json.loads((written / "validation.json").read_text())
    data = record["data"]
    told = f"{data['bars']} bars of {data['bar_seconds']} s, {data['first_bar']} to {data['last_bar']}. "
    assert told + ", ".join(f"{count} {verdict}" for verdict, count in record["counts"].items()) in page
    detailed = 0
    for claim in record["claims"]:
        section = page.split(f"<section id='{claim['name']}'>")[1].split("</section>")[0]
        adjusted = re.findall(r"Largest p, adjusted: (\S+)\.", section)
        assert [float(text) for text in adjusted] == [p for p in [claim["adjusted_p"]] if p is not None]
        if claim["details"]:
            lines = html.unescape(re.search(r"<pre>(.*?)</pre>", section, re.DOTALL).group(1))
            shown = [float(text) for text in re.findall(r"(?<= )-?\d[\d.]*(?:e[-+]\d+)?(?=,|\n|$)", lines)]
            assert shown == pytest.approx(flat(claim["details"]), rel=1e-9), claim["name"]
            detailed += len(shown)
    assert detailed > 20


def test_the_page_loads_nothing_and_escapes(written):
    page, record = (written / "validation.html").read_text(), json.loads((written / "validation.json").read_text())
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    assert "width=device-width" in page
    record["data"]["name"] = "<b>&market"
    record["claims"][0]["remarks"] = ["<script>alert(1)</script>"]
    hostile = validation_page(record)
    assert "<b>&market" not in hostile
    assert "<script>" not in hostile


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "liquidation_price_spraed=0.1"], "did you mean 'liquidation_price_spread'"),
        (["--set", "liquidation_price_spread"], "write it as name=value"),
        (["--set", "liquidation_price_spread=7"], "outside [0.01, 0.5]"),
        (["--data", "nowhere.parquet"], "nowhere.parquet"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_mistakes_get_one_line_and_code_two(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err
    assert not list(tmp_path.iterdir())


def test_other_files_are_never_replaced(market, written, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    assert main(["--data", market, "--out", str(tmp_path), "--overwrite"]) == 2
    assert main(["--data", market, "--out", str(written)]) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_parameters_of_the_model_reach_the_record(market, tmp_path):
    assert main(["--data", market, "--set", "model.liquidation_price_spread=0.2", "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "validation.json").read_text())["model"]["liquidation_price_spread"] == 0.2


def records_of(path):
    """Return positions of 30 accounts in the coin of a market's file, six hours apart, and one liquidation."""
    frame = read(path).frame.iloc[300::6]
    ts = (frame["ts"] + pd.Timedelta("1h")).repeat(30).reset_index(drop=True)
    close = frame["close"].repeat(30).to_numpy()
    away = np.tile(np.arange(30) / 100.0 + 0.005, len(frame))
    positions = pd.DataFrame(
        {"ts": ts, "account": np.tile(np.arange(30), len(frame)), "coin": "MARKET", "side": "long", "size": 1e6,
         "entry_price": close, "leverage": 5.0, "liquidation_price": close * np.exp(-away), "account_value_usd": 0.0,
         "mark_price": close}
    )  # fmt: skip
    orders = pd.DataFrame(
        {"ts": ts[:1], "symbol": "MARKETUSDT", "side": "long", "size": 1.0, "price_bankrupt": close[:1] * 0.98,
         "price_avg": close[:1] * 0.99, "filled": 1.0}
    )  # fmt: skip
    return positions, orders


def test_positions_and_liquidations_decide_their_claims_by_command_and_door_alike(tmp_path):
    market = str(tmp_path / "market.parquet")
    simulate(4, bars=400).frame.drop(columns="open_interest_break").to_parquet(market)
    positions, orders = records_of(market)
    positions.to_parquet(tmp_path / "positions.parquet")
    orders.to_csv(tmp_path / "orders.csv", index=False)
    given = ["--positions", str(tmp_path / "positions.parquet"), "--liquidations", str(tmp_path / "orders.csv")]
    assert main(["--data", market, *given, "--out", str(tmp_path / "out")]) == 0
    record = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert record["data"]["positions"]["rows"] == len(positions)
    assert record["data"]["liquidations"]["rows"] == 1
    claims = {claim["name"]: claim for claim in record["claims"]}
    assert claims["truth_level"]["verdict"] == "too little data"
    assert claims["truth_level"]["remarks"] == ["not enough data: positions of 30 accounts, and 700 are needed"]
    assert claims["truth_level"]["weakest"]["observations"] > 0
    assert claims["capture_long"]["weakest"] is not None or "reached" in claims["capture_long"]["remarks"][0]
    assert validate(market, positions=positions, liquidations=orders).record == record


@pytest.mark.parametrize("option", ["--positions", "--liquidations"])
def test_a_bad_file_of_records_is_one_line_and_writes_nothing(option, market, tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_text("ts,side\n2024-01-01,long\n")
    for file in (bad, tmp_path / "absent.csv"):
        assert main(["--data", market, option, str(file), "--out", str(tmp_path / "out")]) == 2
        err = capsys.readouterr().err
        assert str(file) in err
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_real_positions_of_two_coins_are_pooled_by_account(market_data, tmp_path):
    folder = market_data / "hyperliquid_positions"
    named = [part for coin in ("BTC", "ETH") for part in ("--data", str(folder / f"{coin}USDT.parquet"))]
    assert main([*named, "--positions", str(folder / "positions.parquet"), "--out", str(tmp_path / "out")]) == 0
    record = json.loads((tmp_path / "out" / "validation.json").read_text())
    pooled = {claim["name"]: claim for claim in record["claims"]}["truth_shape"]
    own = [{claim["name"]: claim for claim in part["claims"]}["truth_shape"] for part in record["markets"]]
    assert pooled["details"]["data"]["positions"] == sum(claim["details"]["data"]["positions"] for claim in own)
    assert pooled["details"]["data"]["accounts"] < sum(claim["details"]["data"]["accounts"] for claim in own)
