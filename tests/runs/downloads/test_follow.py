"""Recording from the command line: until it is interrupted, and into bars afterwards."""

import json
import signal
import subprocess
import sys
import time

import pytest

from datafeeds.catalog.market import market_id, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.live.journal import journal_folder, read_journal
from datafeeds.live.journal_lines import Session, alive_line, event_line
from datafeeds.live.liquidation import Liquidation, LiveMarket
from runs.download import main
from tests.conftest import PROJECT
from tests.datafeeds.catalog.samples import CANDLES, HOUR_MS, START_MS, candles, hours
from tests.datafeeds.live.examples import bybit_event
from tests.datafeeds.live.socket_server import CONFIRM, SocketServer
from tests.datafeeds.loopback.background import Background, BackgroundVenue
from tests.datafeeds.loopback.truth import make_truth

FOLLOW = ["--follow", "liquidations", "--venue", "bybit", "--symbol", "BTC/USDT:USDT"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_lasts_until_it_is_interrupted_and_is_listed(tmp_path, capsys, ending):
    now = int(time.time() * 1000)
    events = [bybit_event(now + number, 1 + number, side="Buy" if number % 2 else "Sell") for number in range(6)]
    with (
        BackgroundVenue("bybit", make_truth(1)) as venue,
        Background(SocketServer("bybit", [[CONFIRM, *events]])) as feed,
    ):
        command = [
            sys.executable,
            "-m",
            "runs.download",
            *FOLLOW,
            "--url",
            venue.url,
            "--feed-url",
            feed.url,
            "--catalog",
            str(tmp_path),
        ]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        folder = journal_folder(Catalog(tmp_path), "bybit", "BTC/USDT:USDT")
        deadline = time.monotonic() + 60
        while len(read_journal(folder, 0, 2**53)[0]["ts"]) < 6 and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(ending)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "6 liquidations recorded over 1 connections" in out
    assert "full feed" in errors
    rows, _, completeness = read_journal(folder, 0, 2**53)
    assert rows["size"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert rows["side"].tolist() == [-1.0, 1.0] * 3
    assert completeness == "full"
    assert main(["--list", "--json", "--catalog", str(tmp_path)]) == 0
    held = json.loads(capsys.readouterr().out)["series"][0]
    assert (held["kind"], held["rows"]) == ("liquidations", 6)


def test_a_venue_that_cannot_be_followed_is_refused_in_one_line(tmp_path, capsys):
    arguments = [
        "--follow",
        "liquidations",
        "--venue",
        "hyperliquid",
        "--symbol",
        "BTC/USDC:USDC",
        "--catalog",
        str(tmp_path),
    ]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "hyperliquid" in told
    assert told.count("\n") == 1


def test_bars_take_what_was_recorded_and_say_how_complete_it_is(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    folder = journal_folder(catalog, "binance", "BTC/USDT:USDT")
    folder.mkdir(parents=True)
    session = Session("binance", "BTC/USDT:USDT", "throttled", "one a second at most", "average")
    event = Liquidation(LiveMarket("BTCUSDT", "BTC/USDT:USDT"), START_MS + 10, START_MS + HOUR_MS, 1, 100.0, 2.5)
    lines = [session.line(), event_line(event), alive_line(START_MS, START_MS + 3 * HOUR_MS)]
    (folder / "2024-01-01.jsonl").write_text("".join(lines))
    market = read_catalog_market(catalog, market_id("binance:BTC/USDT:USDT:1h"))
    assert market.frame["liquidated_long"].fillna(-1.0).tolist() == [0.0, 2.5, 0.0, -1.0]
    assert any("lower bound" in line for line in market.caveats())
