"""Snapshots of positions: who did not answer is not one without positions, and a snapshot is there whole or not at all."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from aiohttp import web

from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.record_files import export_records
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.live.positions import ACCOUNTS, POSITIONS, read_accounts, read_state
from datafeeds.records import POSITIONS as SCHEMA
from datafeeds.records import read_records
from runs.download import main
from tests.conftest import PROJECT
from tests.datafeeds.live.states import state
from tests.datafeeds.loopback.background import Background
from tests.datafeeds.loopback.test_malformed import mutated
from tests.datafeeds.serving import serving

ADDRESSES = [f"0x{number:040x}" for number in range(1, 13)]
ALL = (0, 2**53)
HELD = sum((number % 3 > 0) + (number % 4 == 1) for number in range(1, 13))


class Accounts:
    """Hyperliquid's info endpoint; `broken` accounts answer 500 so many times, an `absurd` one what cannot be."""

    def __init__(self, broken=(), absurd=""):
        self.broken, self.absurd, self.asked, self.url = dict(broken), absurd, 0, ""

    async def __aenter__(self):
        self._serving = serving(self._answer)
        self.url = await self._serving.__aenter__()
        return self

    async def __aexit__(self, *_):
        await self._serving.__aexit__(None, None, None)

    async def _answer(self, request):
        body, now_ms = json.loads(await request.text()), time.time_ns() // 1_000_000
        if body["type"] != "clearinghouseState":
            return web.json_response({"time": now_ms})
        self.asked += 1
        if self.broken.get(body["user"], 0) > 0:
            self.broken[body["user"]] -= 1
            return web.Response(status=500, body=b"busy")
        reply = state(int(body["user"], 16), now_ms)
        if body["user"] == self.absurd:
            reply["assetPositions"][0]["position"]["entryPx"] = "0.0"
        return web.json_response(reply)


@pytest.fixture
def addresses(tmp_path):
    file = tmp_path / "accounts.txt"
    file.write_text(
        "# whales\n"
        + "\n".join(f"{text}  # known" for text in ADDRESSES)
        + "\n\n"
        + ADDRESSES[0].upper().replace("X", "x")
    )
    return file


@pytest.fixture
def hurried(monkeypatch):
    import datafeeds.retry

    async def no_sleep(_):
        pass

    monkeypatch.setattr(datafeeds.retry.RetryPolicy.__init__, "__defaults__", (4, 0.0, 0.0, 900.0, no_sleep))


def snapshot(addresses, root, url, *more):
    return main(["--venue", "hyperliquid", "--follow", "positions", "--accounts", str(addresses), "--catalog", str(root),
                 "--url", url, *more])  # fmt: skip


@pytest.mark.usefixtures("hurried")
def test_a_snapshot_holds_who_answered_and_what_they_hold_and_nothing_of_who_did_not(addresses, tmp_path, capsys):
    gone, slow = ADDRESSES[4], ADDRESSES[7]
    with Background(Accounts({gone: 99, slow: 2})) as server:
        assert snapshot(addresses, tmp_path / "c", server.url) == 0
    told = capsys.readouterr()
    assert "9 positions of 11 accounts" in told.out
    assert f"1 accounts did not answer, {gone} the first" in told.err
    positions, accounts = (Catalog(tmp_path / "c").read(series, *ALL) for series in (POSITIONS, ACCOUNTS))
    assert sorted(accounts["account"]) == sorted(set(ADDRESSES) - {gone})
    assert accounts["account_value_usd"].tolist() == [
        int(text, 16) * 1000.5 - (int(text, 16) - 1) * 0.5 for text in accounts["account"]
    ]
    assert len({*positions["ts"], *accounts["ts"]}) == 1
    assert (positions["known_at"] >= positions["ts"]).all()
    held = positions["account"] == ADDRESSES[0]
    assert positions["coin"][held].tolist() == ["BTC", "ETH"]
    assert positions["side"][held].tolist() == [1.0, -1.0]
    assert positions["mark_price"][held].tolist() == [120.0, 19.5]
    assert np.isnan(positions["liquidation_price"][held]).tolist() == [False, True]
    read = read_records(export_records(Catalog(tmp_path / "c"), "positions", "hyperliquid", (), *ALL), SCHEMA)
    assert len(read) == 9


@pytest.mark.usefixtures("hurried")
def test_an_account_that_says_what_cannot_be_costs_itself_alone(addresses, tmp_path, capsys):
    with Background(Accounts(absurd=ADDRESSES[1])) as server:
        assert snapshot(addresses, tmp_path / "c", server.url) == 0
    told = capsys.readouterr()
    assert "of 11 accounts" in told.out
    assert f"{ADDRESSES[1]} the first (hyperliquid */USDC:USDC positions: entry_price not above 0" in told.err


def test_mutated_states_give_rows_that_can_be_true_or_a_typed_error():
    chance, refused = random.Random(5), 0
    for _ in range(600):
        try:
            value, rows = read_state(mutated(state(5, 1_700_000_000_000), chance), ADDRESSES[0], 1_700_000_000_000)
            assert np.isfinite(value)
            assert all(row["size"] > 0.0 for row in rows)
        except ReplyError:
            refused += 1
    assert refused > 100


@pytest.mark.usefixtures("hurried")
def test_where_nobody_answers_nothing_is_stored_and_it_is_told(addresses, tmp_path, capsys):
    with Background(Accounts(dict.fromkeys(ADDRESSES, 99))) as server:
        assert snapshot(addresses, tmp_path / "c", server.url) == 1
    assert capsys.readouterr().err.startswith("error: hyperliquid answered 500")
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("text", "more", "reason"),
    [
        ("0x12\n", (), "line 1: '0x12' is no address"),
        ("# none\n", (), "no address in it"),
        (ADDRESSES[0], ("--every", "soon"), "cannot read the timeframe"),
        (ADDRESSES[0], ("--venue", "okx"), "repeated"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, text, more, reason):
    file = tmp_path / "accounts.txt"
    file.write_text(text)
    assert snapshot(file, tmp_path / "c", "http://127.0.0.1:9", *more) == 2
    assert capsys.readouterr().err.count("\n") == 1 or reason == "repeated"


def test_the_captured_state_is_of_an_account_without_positions(cases):
    captured = json.loads(
        (
            cases / "venues" / "captures" / "hyperliquid__http_clearinghouse_state_negative_total_raw_usd.json"
        ).read_text()
    )
    assert read_state(captured, ADDRESSES[0], captured["time"]) == (1736.030875, [])
    with pytest.raises(ReplyError, match="not of now"):
        read_state(captured, ADDRESSES[0], captured["time"] + 3_600_000)


def test_accounts_are_read_once_each_in_small_letters(addresses):
    assert read_accounts(addresses) == ADDRESSES
    with pytest.raises(MarketError, match="cannot be read"):
        read_accounts(addresses.parent / "none.txt")


def start(addresses, root, url):
    command = [sys.executable, "-m", "runs.download", "--venue", "hyperliquid", "--follow", "positions", "--accounts",
               str(addresses), "--every", "1s", "--catalog", str(root), "--url", url]  # fmt: skip
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


WRITER = """
import sys, time
from pathlib import Path
from datafeeds.catalog.store import Catalog
from datafeeds.live.positions import ACCOUNTS, POSITIONS, Snapshot, _rows, keep_snapshot, read_state
from tests.datafeeds.live.states import state
while True:
    now = time.time_ns() // 1_000_000
    answers = {f"0x{n:040x}": read_state(state(n, now), f"0x{n:040x}", now) for n in range(1, 13)}
    values = [{"account": account, "account_value_usd": value} for account, (value, _) in answers.items()]
    rows = [row for _, listed in answers.values() for row in listed]
    keep_snapshot(Catalog(Path(sys.argv[1])), Snapshot(now, _rows(POSITIONS, rows, now), _rows(ACCOUNTS, values, now), {}))
    print(now, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_snapshots_and_loses_none_that_it_told(tmp_path):
    chance, catalog, told = random.Random(3), Catalog(tmp_path), set()
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        told.add(int(process.stdout.readline()))
        time.sleep(chance.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        told |= {int(line) for line in process.communicate()[0].splitlines() if line}
        positions, accounts = (catalog.read(series, *ALL) for series in (POSITIONS, ACCOUNTS))
        times, counts = np.unique(positions["ts"], return_counts=True)
        assert set(counts.tolist()) == {HELD}
        assert told <= set(times.tolist())
        assert told <= set(accounts["ts"].tolist())
        assert not any(holding.defects for holding in inventory(catalog, check=True))


@pytest.mark.slow
@pytest.mark.parametrize("kills", [10])
def test_killed_at_any_moment_every_snapshot_is_whole_and_none_is_lost(addresses, tmp_path, kills):
    chance, seen, catalog = random.Random(kills), set(), Catalog(tmp_path / "c")
    with Background(Accounts()) as server:
        for _ in range(kills):
            process = start(addresses, catalog.root, server.url)
            assert "positions of 12 accounts" in process.stdout.readline()
            time.sleep(chance.random() * 1.5)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            positions, accounts = (catalog.read(series, *ALL) for series in (POSITIONS, ACCOUNTS))
            times, counts = np.unique(positions["ts"], return_counts=True)
            assert set(counts.tolist()) == {HELD}
            assert seen <= set(times.tolist())  # what was there is never taken away
            assert len(times) - len(np.unique(accounts["ts"])) <= kills
            assert len(times) > len(seen)
            seen = set(times.tolist())
        process = start(addresses, catalog.root, server.url)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
