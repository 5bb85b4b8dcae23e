"""Single liquidations by interface: whatever a venue does, the catalog holds them, each once."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from datafeeds.catalog.rows import check_rows
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.exchanges import bitfinex
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.download import download_all, plan
from datafeeds.exchanges.events import cleaned
from datafeeds.exchanges.update import due
from datafeeds.records import LIQUIDATIONS, read_records
from runs.download import main
from tests.conftest import PROJECT
from tests.datafeeds.catalog.samples import equal
from tests.datafeeds.loopback.background import Background
from tests.datafeeds.loopback.download import HASTE
from tests.datafeeds.loopback.faults import KINDS, random_faults
from tests.datafeeds.loopback.liquidations import HOURS, TELLERS, expected, make_events, speak_deribit, speak_okx
from tests.datafeeds.loopback.reply import plain
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.test_malformed import mutated
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS

TELLING = ("empty", "overlap", "short pages")  # what a pager may fall for; the others are the client's business


def faults(seed, **how):
    """Yield faults that leave a page more than the six events of an instant: what is cut within one cannot be asked for."""
    return (fault and replace(fault, number=fault.number + 6) for fault in random_faults(seed, **how))


def run(venue, truth, root, met=(), hours=(0, HOURS), again=False):
    async def job():
        async with (
            VenueServer(TELLERS[venue].speak, truth, met) as server,
            connect(venue, HASTE, server.url) as client,
        ):
            planned = plan(venue, TELLERS[venue].symbol, "1h", ("liquidations",))
            span = START_MS + hours[0] * HOUR_MS, START_MS + hours[1] * HOUR_MS
            return await download_all(client, Catalog(root), planned, *span, HASTE, again=again), server

    outcome, server = asyncio.run(job())
    return outcome[0], server


def stored(venue, root):
    ((series, _),) = plan(venue, TELLERS[venue].symbol, "1h", ("liquidations",))
    return Catalog(root).read(series, 0, 2**53), Catalog(root).covered(series)


@pytest.mark.parametrize("venue", TELLERS)
def test_all_are_there_and_their_times_are_answered(venue, tmp_path):
    truth = make_events(1)
    outcome, server = run(venue, truth, tmp_path)
    assert outcome.error == ""
    rows, covered = stored(venue, tmp_path)
    assert equal(rows, expected(venue, truth))
    settled = HOUR_MS if TELLERS[venue].has_clock else 0  # what is younger may still come
    ((first, last),) = covered
    assert first == START_MS
    assert 0 <= last - (truth.now_ms - settled) < 60_000  # the clock goes on
    begun, (_, server) = len(server.asked), run(venue, truth, tmp_path, hours=(0, HOURS - 1))
    pages = -(-TELLERS[venue].events_of(truth) // TELLERS[venue].page)
    assert (
        begun - len(server.asked) <= pages + 2
    )  # one that says that there is no more, and one after an instant cut in two
    run(venue, truth, tmp_path, again=True)
    assert equal(stored(venue, tmp_path)[0], rows)


@pytest.mark.parametrize(
    "kind", ["all", *(kind if kind in TELLING else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS)]
)
@pytest.mark.parametrize("venue", TELLERS)
def test_faults_leave_the_truth(venue, kind, tmp_path):
    truth = make_events(7)
    kinds = KINDS if kind == "all" else (kind,)
    outcome, server = run(venue, truth, tmp_path, faults(3, share=0.4, kinds=kinds))
    assert outcome.error == ""
    assert sum(server.met.values()) >= 3
    assert equal(stored(venue, tmp_path)[0], expected(venue, truth))


@pytest.mark.parametrize("venue", TELLERS)
def test_pieces_in_any_order_give_the_bytes_of_one_download(venue, tmp_path):
    truth = make_events(11)
    run(venue, truth, tmp_path / "one", hours=(0, HOURS - 2))  # all of it is settled
    for hours in ((8, 12), (0, 3), (2, 9), (0, HOURS - 2)):
        run(venue, truth, tmp_path / "many", faults(1), hours=hours)
    files = [sorted((tmp_path / name).rglob("*.parquet")) for name in ("one", "many")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    assert np.isfinite(stored(venue, tmp_path / "one")[0]["size"]).all()


@pytest.mark.parametrize("venue", TELLERS)
def test_mutated_replies_give_rows_that_can_be_true_or_a_typed_error(venue, tmp_path):
    truth, chance, refused = make_events(3), random.Random(venue), 0
    _, server = run(venue, truth, tmp_path)
    ((series, source),) = plan(venue, TELLERS[venue].symbol, "1h", ("liquidations",))
    path, query, body = max(server.asked, key=lambda asked: len(asked[1]))  # a page, and not the clock or contracts
    reply = json.loads(TELLERS[venue].speak(truth, path, query, body).body())
    identity = {"okx": "BTC-USDT-SWAP", "bitfinex": "tBTCF0:USTF0", "deribit": "BTC-PERPETUAL", "dydx": "BTC-USD"}[
        venue
    ]
    contract = Contract(
        venue, TELLERS[venue].symbol, identity, "usdt", 0.01 if venue == "okx" else 1.0, venue == "deribit"
    )
    span = source.page_rows, START_MS, START_MS + HOURS * HOUR_MS
    assert len(cleaned(series, source.tell((reply,), contract), *span).rows["ts"]) > 50
    for _ in range(300):
        try:
            told = cleaned(series, source.tell((mutated(reply, chance),), contract), *span)
            check_rows(series, told.rows)
        except (ReplyError, MarketError):
            refused += 1
    assert refused > 60


def test_the_captured_list_of_deribit_s_contracts_is_read(cases):
    listed = json.loads((cases / "venues" / "captures" / "deribit__http_get_instruments.json").read_text())

    def speak(truth, path, query, body):
        return plain(listed) if path.endswith("get_instruments") else speak_deribit(truth, path, query, body)

    async def job():
        async with VenueServer(speak, make_events(1)) as server, connect("deribit", HASTE, server.url) as client:
            return await client.contract("BTC/USD:BTC")

    contract = asyncio.run(job())
    assert (contract.id, contract.inverse, contract.size) == ("BTC-PERPETUAL", True, 10.0)


def test_the_documented_row_of_bitfinex_is_a_short_with_fill_and_entry():
    """Ccxt's sample, and the trigger that comes before it."""
    row = ["pos", 171085137, 1706395919788, None, "tAVAXF0:USTF0", -8, 32.868, None, 1, 1, None, 33.255]
    trigger = [*row[:8], 0, 1, None, None]
    contract = Contract("bitfinex", "AVAX/USDT:USDT", "tAVAXF0:USTF0", "usdt", 1.0, inverse=False)
    told = bitfinex.SOURCES[0].tell(([[row], [trigger]],), contract)
    assert {name: values.tolist() for name, values in told.rows.items()} == {
        "ts": [1706395919788], "known_at": [1706395920788],
        "side": [-1.0], "price": [33.255], "size": [8.0], "entry_price": [32.868]
    }  # fmt: skip


def begun(url, root):
    command = [sys.executable, "-m", "runs.download", "--venue", "okx", "--symbol", "BTC/USDT:USDT", "--series", "liquidations",
               "--start", "2024-06-01", "--end", "2024-06-01T18:00", "--catalog", str(root), "--url", url]  # fmt: skip
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process):
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")


def content(root):
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.parquet"))}


@pytest.mark.slow  # the same path as a download of candles, which is killed in each run of the tests
@pytest.mark.parametrize("count", [8])
def test_a_download_killed_at_any_moment_and_resumed_has_the_bytes_of_one_that_was_not(count, tmp_path):
    moment, torn = random.Random(count), 0
    with Background(VenueServer(speak_okx, make_events(5, count=4000))) as server:
        finished(begun(server.url, tmp_path / "whole"))
        requests, whole = len(server.asked), content(tmp_path / "whole")
        assert requests > 40
        for cycle in range(count):
            root, before = tmp_path / str(cycle), len(server.asked)
            process = begun(server.url, root)
            until = before + moment.randrange(4, requests)
            while len(server.asked) < until and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            torn += content(root) != whole
            finished(begun(server.url, root))
            assert content(root) == whole
    assert torn > count // 2


def test_what_an_interrupted_walk_has_left_before_its_last_answer_is_brought_by_an_update(tmp_path):
    catalog, truth = Catalog(tmp_path), make_events(2)
    run("okx", truth, tmp_path, hours=(0, 3))
    run("okx", truth, tmp_path, hours=(9, 12))  # as if the walk from 12 back to 3 had ended at 9
    ((item,), left) = due(catalog, lambda series: True)
    assert (item.start_ms, left) == (START_MS + 3 * HOUR_MS, {})


@pytest.mark.parametrize("venue", TELLERS)
def test_the_command_brings_them_and_exports_what_the_validation_reads(venue, tmp_path, capsys):
    where = [
        "--venue",
        venue,
        "--symbol",
        TELLERS[venue].symbol,
        "--series",
        "liquidations",
        "--catalog",
        str(tmp_path / "c"),
    ]
    out, truth = tmp_path / "out.parquet", make_events(4)
    with Background(VenueServer(TELLERS[venue].speak, truth)) as server:
        span = ["--start", "2024-06-01", "--end", "2024-06-01T18:00"]
        assert main([*where, *span, "--url", server.url]) == 0
    assert f"{venue} {TELLERS[venue].symbol} liquidations: " in capsys.readouterr().out
    assert main([*where, "--export", str(out)]) == 0
    rows = expected(venue, truth)
    assert len(read_records(out, LIQUIDATIONS)) == (rows["ts"] < START_MS + 18 * HOUR_MS).sum()
