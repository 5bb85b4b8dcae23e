"""The download command, as a user meets it."""

import asyncio
import dataclasses
import json
import re
import subprocess
import sys

import pytest

from datafeeds.catalog.importing import import_market
from datafeeds.catalog.store import Catalog
from datafeeds.markets import open_market
from datafeeds.records import LIQUIDATIONS, read_records
from datafeeds.resampling import resample
from datafeeds.retry import RetryPolicy
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from runs.backtest import main as backtest
from runs.download import main
from runs.engines.configuration import configuration_from
from runs.engines.event import load_market
from runs.engines.instruments import listing_for
from tests.conftest import PROJECT
from tests.datafeeds.catalog.samples import CANDLES, candles, hours
from tests.datafeeds.loopback.background import BackgroundVenue
from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.truth import make_truth
from tests.datafeeds.test_records import orders

MARKET = ["--venue", "bybit", "--symbol", "BTC/USDT:USDT"]
RANGE = ["--start", "2024-06-01", "--end", "2024-06-20"]


@pytest.fixture
def venue():
    with BackgroundVenue("bybit", make_truth(3, hours=400)) as server:
        yield server


@pytest.mark.usefixtures("no_tearsheet")
def test_a_download_a_list_a_check_and_a_backtest(venue, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.chdir(tmp_path)
    assert main([*MARKET, *RANGE, "--url", venue.url]) == 0
    told = capsys.readouterr()
    assert "bybit BTC/USDT:USDT candles 1h: " in told.out
    assert f"next: {sys.executable} -m runs.backtest --strategy magnet --data bybit:BTC/USDT:USDT:1h" in told.err
    assert told.err.count("\n") == 1 + told.err.count("note: ")  # nothing animated off a terminal
    assert main(["--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["series"]
    assert {held["kind"] for held in listed} == {"candles", "mark", "open_interest", "long_short_ratio", "funding"}
    assert main(["--list"]) == 0
    assert "candles 1h" in capsys.readouterr().out
    assert main(["--check"]) == 0
    assert re.search(
        r"^verified, [\d,]+ rows of 5 series were read, and none is damaged$", capsys.readouterr().out, re.M
    )
    assert main(["--list", "--catalog", str(tmp_path / "catalog")]) == 0
    told = capsys.readouterr()
    assert "verified" not in told.out
    assert told.err.endswith(f" --catalog {tmp_path / 'catalog'}\n")
    arguments = [
        "--strategy",
        "magnet",
        "--data",
        "bybit:BTC/USDT:USDT:1h",
        "--timeframe",
        "2h",
        "--out",
        "run",
        "--json",
    ]
    assert backtest(arguments) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["data"]["name"] == "bybit_1h/BTCUSDT"
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["configuration"]["data"] == "bybit:BTC/USDT:USDT:1h"
    assert len(record["data"]["fingerprint"]) == 64
    assert backtest(["--config", "run/run.json", "--out", "again", "--json"]) == 0
    assert (tmp_path / "run" / "equity.parquet").read_bytes() == (tmp_path / "again" / "equity.parquet").read_bytes()


def test_a_source_that_fails_costs_one_line_a_reason_and_exit_code_one(tmp_path, capsys, monkeypatch):
    import datafeeds.retry

    async def no_sleep(_):
        pass

    monkeypatch.setattr(datafeeds.retry.asyncio, "sleep", no_sleep)
    code = main([*MARKET, *RANGE, "--url", "http://127.0.0.1:9", "--catalog", str(tmp_path)])
    told = capsys.readouterr()
    assert code == 1
    assert "error: bybit cannot be reached" in told.err
    assert "without network these still run: files (--data FILE)" in told.err
    assert "Traceback" not in told.err
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--venue", "bybit"], "name what to download"),
        ([*MARKET], "name where to begin"),
        (["--venue", "mtgox", "--symbol", "X", *RANGE], "unknown venue 'mtgox'"),
        ([*MARKET, "--start", "yesterday"], "cannot read the time"),
        ([*MARKET, "--start", "2024-06-02", "--end", "2024-06-01"], "must lie before --end"),
        ([*MARKET, "--start", "2091-06-02"], "must lie before now"),
        ([*MARKET, *RANGE, "--timeframe", "7x"], "cannot read the timeframe"),
        ([*MARKET, *RANGE, "--timeframe", "7h"], "has no candles of 7h"),
        ([*MARKET, *RANGE, "--series", "rumours"], "unknown kind of series"),
        ([*MARKET, *RANGE, "--series", "liquidations"], "does not offer liquidations"),
        ([*MARKET, *RANGE, "--archive", "--series", "funding"], "archive has no 'funding'"),
        (["--venue", "okx", "--symbol", "BTC/USDT:USDT", *RANGE, "--archive"], "no archive"),
        ([*MARKET, "--import", "nothing.csv"], "no such file"),
        (["--venue", "../x", "--symbol", "X", *RANGE], "unknown venue '../x'"),
        (["--list", "--catalog", __file__], "must be a folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(arguments, reason, tmp_path, capsys):
    extra = [] if "--catalog" in arguments else ["--catalog", str(tmp_path)]
    assert main([*arguments, *extra]) == 2
    told = capsys.readouterr()
    assert reason in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("arguments", [["--follow", "liquidations"], ["--tiers"]])
def test_without_network_it_says_what_still_runs(arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(RetryPolicy.__init__, "__defaults__", (2, 0.001, 0.002, 900.0, asyncio.sleep))
    code = main([*MARKET, *arguments, "--url", "http://127.0.0.1:9", "--catalog", str(tmp_path)])
    told = capsys.readouterr()
    assert (code, told.out) == (1, "")
    assert told.err.startswith("error: bybit cannot be reached")
    assert "note: without network these still run: files (--data FILE)" in told.err
    assert told.err.count("\n") == 2


def test_leverage_tiers_are_shown(venue, tmp_path, capsys):
    arguments = [*MARKET, "--tiers", "--url", venue.url, "--catalog", str(tmp_path)]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert "2,000,000" in told.out
    assert "runs on this market of the catalog trade by it" in told.err
    assert main([*arguments, "--json"]) == 0
    tiers = json.loads(capsys.readouterr().out)["BTC/USDT:USDT"]
    assert [(tier["maxNotional"], tier["maintenanceMarginRate"], tier["maxLeverage"]) for tier in tiers] == [
        (2_000_000.0, 0.005, 100.0),
        (4_000_000.0, 0.01, 50.0),
    ]
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_the_venue_told_of_a_contract_is_traded_by(venue, tmp_path, capsys):
    assert main([*MARKET, "--tiers", "--url", venue.url, "--catalog", str(tmp_path)]) == 0
    made = market_from_frame(simulate(3, bars=200, start="2027-01-01").frame, "made")
    import_market(Catalog(tmp_path), made, "bybit", "BTC/USDT:USDT")
    settings = {"strategy": "magnet", "data": "bybit:BTC/USDT:USDT:1h", "catalog": str(tmp_path)}
    configuration = configuration_from(settings | {"instrument": {"venue": "bybit"}})
    newest = listing_for(configuration, load_market(configuration)).newest
    assert newest.source.startswith("the venue, asked on")
    assert newest.tiers[:, [0, 1, 3]].tolist() == [[0.0, 0.005, 100.0], [2e6, 0.01, 50.0]]
    assert newest.price_tick > 0.0
    other = configuration_from(settings)
    assert not listing_for(other, load_market(other)).newest.source.startswith("the venue"), "Binance's are not Bybit's"
    assert main([*MARKET, "--tiers", "--url", venue.url, "--catalog", str(tmp_path)]) == 0
    assert next(tmp_path.rglob("terms.toml")).read_text().count("[[profile]]") == 1
    assert main(["--list", "--check", "--catalog", str(tmp_path)]) == 0


@pytest.mark.parametrize("width", [80, 200])
def test_the_list_shows_rows_gaps_and_absent_periods_at_any_width(width, tmp_path, monkeypatch, capsys):
    catalog = Catalog(tmp_path)
    catalog.add(CANDLES, candles([1, 2, 4, 9]), [hours(1, 6), hours(8, 10)])
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["--list", "--catalog", str(tmp_path)]) == 0
    told = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    row = next(line for line in told.splitlines() if "candles 1h" in line)
    assert row.split() == ["candles", "1h", "2024-01-01", "2024-01-01", "4", "0.0", "1", "3"]
    assert "gap: binance BTC/USDT:USDT candles 1h: 2024-01-01 06:00 .. 2024-01-01 08:00 was never downloaded" in told


def test_damage_is_found_named_and_exit_code_one(venue, tmp_path, capsys):
    assert main([*MARKET, *RANGE, "--url", venue.url, "--catalog", str(tmp_path)]) == 0
    next(iter(tmp_path.rglob("candles-1h/*.parquet"))).write_bytes(b"torn")
    capsys.readouterr()
    assert main(["--check", "--catalog", str(tmp_path)]) == 1
    assert "2024-06.parquet: damaged" in capsys.readouterr().err


@pytest.mark.parametrize("size", [1.0, 1.5])
def test_a_check_compares_candles_with_smaller_ones(size, tmp_path, capsys):
    market = simulate(5, bars=300)
    four = resample(market, 14_400)
    frame = four.frame.assign(volume=four.frame["volume"] * size)
    for one in (market, dataclasses.replace(four, frame=frame)):
        import_market(Catalog(tmp_path), one, "mine", "BTC/USDT:USDT")
    assert main(["--check", "--catalog", str(tmp_path)]) == (0 if size == 1.0 else 1)
    told = capsys.readouterr()
    assert ("mine BTC/USDT:USDT candles 4h: verified, 75 rows equal those made of 1h\n" in told.out) == (size == 1.0)
    assert ("75 of 75 rows differ from those made of 1h" in told.err) == (size != 1.0)
    assert main(["--check", "--json", "--catalog", str(tmp_path)]) == (0 if size == 1.0 else 1)
    held = json.loads(capsys.readouterr().out)["series"]
    assert [(one["compared_with"], one["compared_rows"]) for one in held if one["kind"] == "candles"] == [
        (None, 0), ("1h", 75),
    ]  # fmt: skip


@pytest.mark.usefixtures("no_tearsheet")
def test_a_file_is_taken_in_and_traded(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    simulate(bars=800).frame.to_csv("mine.csv", index=False)
    taken = ["--import", "mine.csv", "--venue", "mine", "--symbol", "BTC/USDT:USDT", "--catalog", "catalog"]
    assert main(taken) == 0
    assert "mine BTC/USDT:USDT candles 1h: stored" in capsys.readouterr().out
    assert (
        backtest(["--strategy", "overlay", "--data", "mine:BTC/USDT:USDT:1h", "--catalog", "catalog", "--out", "run"])
        == 0
    )


@pytest.mark.parametrize("venue", ["../../x", "Mine", "a:b", ""])
def test_a_file_is_taken_in_only_under_a_name_that_can_be_asked_for(venue, tmp_path, capsys):
    file, catalog = tmp_path / "mine.csv", tmp_path / "catalog"
    simulate(bars=100).frame.to_csv(file, index=False)
    assert main(["--import", str(file), "--venue", venue, "--symbol", "X", "--catalog", str(catalog)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not catalog.exists()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("venues", ["binance", "binance+okx"])
def test_a_market_is_exported_as_a_file_that_reads_back_the_same(tmp_path, capsys, venues, ending):
    market, out, where = simulate(5, bars=300), tmp_path / f"out.{ending}", ["--catalog", str(tmp_path / "catalog")]
    for venue in ("binance", "okx"):
        import_market(Catalog(tmp_path / "catalog"), market, venue, "BTC/USDT:USDT")
    asked = ["--export", str(out), "--venue", venues, "--symbol", "BTC/USDT:USDT", *where]
    assert main(asked) == 0
    told = capsys.readouterr()
    assert told.out == f"{out}: 300 bars of {venues}_1h/BTCUSDT\n"
    assert ("sizes are sums over binance and okx" in told.err) == ("okx" in venues)
    kept = open_market(f"{venues}:BTC/USDT:USDT:1h", catalog=tmp_path / "catalog")
    assert open_market(str(out)).fingerprint() == kept.fingerprint()
    assert main([*asked, "--timeframe", "4h", "--start", "2024-01-03", "--end", "2024-01-05"]) == 0
    assert len(open_market(str(out))) == 12


def test_an_unfinished_download_goes_on_with_the_same_command(tmp_path, capsys):
    faults = [None] * 4 + [Fault("500")] * 200
    with BackgroundVenue("bybit", make_truth(3, hours=400), iter(faults)) as server:
        server._fault = lambda asked: next(server.faults, None)  # no mercy
        command = [sys.executable, "-c", "import datafeeds.retry as p; import dataclasses, sys\n"
                   "p.RetryPolicy.__init__.__defaults__ = (2, 0.001, 0.002, 900.0, p.asyncio.sleep)\n"
                   "from runs.download import main; sys.exit(main(sys.argv[1:]))"]  # fmt: skip
        arguments = [*MARKET, *RANGE, "--url", server.url, "--catalog", str(tmp_path)]
        first = subprocess.run([*command, *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=120)
        assert (first.returncode, "goes on where this one ended" in first.stderr) == (1, True)
        server.faults = iter(())
        assert main(arguments) == 0
    assert main(["--check", "--catalog", str(tmp_path)]) == 0


def test_records_are_recognised_imported_listed_checked_and_exported(tmp_path, capsys):
    source, out, where = tmp_path / "orders.csv", tmp_path / "out.parquet", ["--catalog", str(tmp_path / "catalog")]
    orders().to_csv(source, index=False)
    lacking = tmp_path / "lacking.csv"
    orders().drop(columns="filled").to_csv(lacking, index=False)
    taking = ["--import", str(source), "--venue", "binance", "--symbol", "*/USDT:USDT"]
    assert main([*taking, *where]) == 0
    assert capsys.readouterr().out == "".join(
        f"binance {coin}/USDT:USDT liquidations: stored\n" for coin in ("BTC", "ETH")
    )
    assert main(["--check", *where]) == 0
    assert "verified, 2 rows of 2 series" in capsys.readouterr().out
    leaving = ["--export", str(out), "--venue", "binance", "--series", "liquidations"]
    assert main([*leaving, *where]) == 0
    assert capsys.readouterr().out == f"{out}: 2 liquidations of binance\n"
    assert read_records(out, LIQUIDATIONS)["symbol"].tolist() == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    for wrong, reason in (
        ([*leaving, "--symbol", "SOL/USDT:USDT"], "holds no such liquidations of binance (it has BTC/USDT:USDT"),
        (["--export", str(out), "--venue", "binance"], "name what to export"),
        (["--export", "out.xlsx", *leaving[2:]], "write it as .parquet or .csv"),
        ([*taking[:-1], "BTC/USDT:USDT"], "--symbol '*/USDT:USDT' takes each"),
        (["--import", str(lacking), *taking[2:]], "liquidations lack column filled"),
    ):
        assert main([*wrong, *where]) == 2
        told = capsys.readouterr()
        assert reason in told.err
        assert told.err.count("\n") == 1
