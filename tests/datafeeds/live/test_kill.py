"""A recorder that is killed: its record is readable, has lost the last moments at most, and goes on."""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.live.feeds import by_id
from datafeeds.live.journal import journal_folder, read_journal
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.recorder import record
from tests.datafeeds.live.examples import bybit_event
from tests.datafeeds.live.socket_server import CONFIRM, SocketServer

PROJECT = Path(__file__).resolve().parents[3]
MARKETS = by_id([LiveMarket("BTCUSDT", "BTC/USDT:USDT")])
FLUSH_SECONDS = 0.2  # a second would make the test long
SLACK_SECONDS = 0.6  # for a machine with other things to do
CODE = f"""
import asyncio, sys
from pathlib import Path
import aiohttp
from datafeeds.catalog.store import Catalog
from datafeeds.live import recorder
from datafeeds.live.feeds import by_id
from datafeeds.live.liquidation import LiveMarket

recorder.FLUSH_SECONDS = {FLUSH_SECONDS}

async def main():
    markets = by_id([LiveMarket("BTCUSDT", "BTC/USDT:USDT")])
    async with aiohttp.ClientSession() as session:
        await recorder.record(Catalog(Path(sys.argv[1])), "bybit", markets, session, url=sys.argv[2], stop=asyncio.Event())

asyncio.run(main())
"""


class Ticking(SocketServer):
    """Sends an event each few milliseconds for as long as it is connected; `log` holds sizes and times of sending."""

    def __init__(self):
        super().__init__("bybit", [[CONFIRM]])
        self.log = []

    async def _play(self, script, socket, transport, answering, sent):
        await super()._play(script, socket, transport, answering, sent)
        while not socket.closed:
            self.log.append((float(len(self.log) + 1), time.monotonic()))
            await socket.send_str(bybit_event(time.time_ns() // 1_000_000, len(self.log)))
            await asyncio.sleep(0.004)


def recorded(root):
    return read_journal(journal_folder(Catalog(root), "bybit", "BTC/USDT:USDT"), 0, 2**53)


async def kill_and_go_on(root, kills, rng):
    async with Ticking() as server:
        for _ in range(kills):
            before = len(server.log)
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CODE, str(root), server.url, cwd=PROJECT, stderr=asyncio.subprocess.PIPE
            )
            async with asyncio.timeout(30):
                while len(server.log) == before:
                    assert child.returncode is None, (await child.stderr.read()).decode()
                    await asyncio.sleep(0.005)
            await asyncio.sleep(FLUSH_SECONDS + SLACK_SECONDS + rng.random() * 2 * FLUSH_SECONDS)
            killed_at = time.monotonic()
            child.kill()
            await child.communicate()
            sent = [size for size, _ in server.log[before:]]
            due = [size for size, at in server.log[before:] if at < killed_at - FLUSH_SECONDS - SLACK_SECONDS]
            found = [size for size in recorded(root)[0]["size"].tolist() if size > before]
            assert found == sent[: len(found)]
            assert len(found) >= len(due) > 0
        before, stop = len(server.log), asyncio.Event()
        async with aiohttp.ClientSession() as session:
            going_on = asyncio.ensure_future(
                record(Catalog(root), "bybit", MARKETS, session, url=server.url, stop=stop)
            )
            await asyncio.sleep(1.2)
            stop.set()
            outcome = await going_on
    assert outcome.events > 0
    return before, outcome


def check(root, kills, seed):
    before, outcome = asyncio.run(kill_and_go_on(root, kills, random.Random(seed)))
    rows, covered, completeness = recorded(root)
    sizes = rows["size"].tolist()
    assert len(set(sizes)) == len(sizes)
    assert sum(size > before for size in sizes) == outcome.events
    assert completeness == "full"
    assert all(start < end for start, end in covered)
    files = sorted(journal_folder(Catalog(root), "bybit", "BTC/USDT:USDT").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert sum(line["kind"] == "session" for line in lines) >= kills + 1


def test_killed_it_has_lost_its_last_moments_at_most(tmp_path):
    check(tmp_path, 5, 1)


@pytest.mark.slow
def test_killed_thirty_times_it_has_lost_its_last_moments_at_most(tmp_path):
    check(tmp_path, 30, 2)
