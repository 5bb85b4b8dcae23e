"""A recorder and a venue that drops connections at random, sends garbage, or goes silent."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace

import aiohttp
import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.live import recorder
from datafeeds.live.feeds import FEEDS, by_id
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.recorder import record
from tests.datafeeds.live.examples import BINANCE, MARKETS, OKX, bybit_event
from tests.datafeeds.live.following import BASE, BITCOIN, follow, read, sizes, until
from tests.datafeeds.live.socket_server import ABORT, CLOSE, CONFIRM, GOODBYE, HALF, SILENCE, SocketServer


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.01)
    for venue, feed in FEEDS.items():
        monkeypatch.setitem(FEEDS, venue, replace(feed, ping_seconds=0.02, idle_seconds=5.0))


GARBAGE = ["{", '{"topic":"allLiquidation.BTCUSDT","ts":17', "<html>maintenance</html>", "[]", b"\x00\x01", "\x00"]


def random_scripts(rng, first_size):
    """Return scripts whose events have the sizes first_size, first_size + 1, ..., and how they end, all but the last."""
    scripts, size = [], first_size
    ends = [rng.choice([CLOSE, ABORT, HALF]) for _ in range(rng.randint(1, 4))]
    for end in [*ends, None]:
        script = [CONFIRM] if rng.random() < 0.95 or end is None else []
        for _ in range(rng.randrange(6)):
            script.append(bybit_event(BASE + size, size))
            size += 1
            chance = rng.random()
            if chance < 0.15:
                script.append(rng.choice(GARBAGE))
            elif chance < 0.3:
                script.append(rng.random() * 0.01)
        if end is None:
            script.append(bybit_event(BASE + size, size))
        scripts.append([*script, end] if end else script)
    return scripts, ends


@pytest.mark.parametrize("part", range(4))
def test_dropped_at_random_moments_nothing_is_lost_or_doubled(part, tmp_path):
    met = Counter()
    for seed in range(part * 15, part * 15 + 15):
        rng, root = random.Random(seed), tmp_path / str(seed)
        scripts, ends = random_scripts(rng, 1)
        last = json.loads(scripts[-1][-1])["data"][0]["v"]
        outcome, server, _ = follow(root, scripts, lambda _, root=root, last=last: float(last) in sizes(root))
        found, expected = sizes(root), []
        for number, sent in enumerate(server.sent):
            texts = [json.loads(text) for text in sent if text.startswith("{") and text.endswith("]}")]
            whole = [float(text["data"][0]["v"]) for text in texts if "data" in text]
            got = [size for size in found if size in whole]
            assert got == whole[: len(got)], seed  # nothing is missing between two that came
            # a connection that is cut takes with it what had not been read; one that is closed does not
            assert got == whole or (number < len(ends) and ends[number] != CLOSE), seed
            expected += got
            met["lost on the way"] += len(whole) - len(got)
        assert found == expected, seed  # each once, and nothing else
        assert outcome.events == len(found)
        met.update(ends)
        met["unreadable"] += outcome.unreadable
    assert all(met[kind] > 3 for kind in (CLOSE, ABORT, HALF, "unreadable"))


def test_a_cut_makes_a_hole_in_what_is_covered(tmp_path):
    clock = iter(range(BASE, BASE + 10**9, 700))
    scripts = [[CONFIRM, *[bybit_event(BASE + i, i + 1) for i in range(5)], CLOSE]]
    scripts += [[*[bybit_event(BASE + i, i + 1) for i in (5, 6)], CLOSE]]  # never confirmed: recorded, but not claimed
    scripts += [[CONFIRM, *[bybit_event(BASE + i, i + 1) for i in range(7, 12)]]]
    outcome, _, said = follow(tmp_path, scripts, lambda _: 12.0 in sizes(tmp_path), now_ms=lambda: next(clock))
    rows, covered, completeness = read(tmp_path)
    known = dict(zip(rows["size"], rows["known_at"], strict=True))
    assert (outcome.connections, completeness, len(rows["ts"])) == (2, "full", 12)
    assert len(covered) == 2
    assert (
        covered[0][0] < known[1.0] < covered[0][1] <= known[5.0] < known[6.0] < known[7.0] < covered[1][0] < known[8.0]
    )
    assert any("lost" in sentence and "connecting again" in sentence for sentence in said)


def test_unreadable_messages_are_counted_reported_and_not_claimed(tmp_path):
    clock = iter(range(BASE, BASE + 10**9, 400))
    script = [CONFIRM, bybit_event(BASE, 1), *GARBAGE, *[bybit_event(BASE, i) for i in range(2, 9)]]
    outcome, _, said = follow(tmp_path, [script], lambda _: 8.0 in sizes(tmp_path), now_ms=lambda: next(clock))
    rows, covered, _ = read(tmp_path)
    known = dict(zip(rows["size"], rows["known_at"], strict=True))
    assert (outcome.unreadable, outcome.connections) == (len(GARBAGE), 1)
    for at in range(known[1.0] + 400, known[2.0], 400):
        second = at - at % 1000
        assert not any(start < second + 1000 and second < end for start, end in covered)
    assert covered
    assert sum("could not be read" in sentence for sentence in said) == 3  # the first, the second and the fourth


def test_one_damaged_row_takes_its_message_and_its_second(tmp_path):
    clock = iter(range(BASE, BASE + 10**9, 600))
    two = json.loads(bybit_event(BASE, 1))
    two["data"].append(two["data"][0] | {"S": "Both"})
    script = [CONFIRM, json.dumps(two), *[bybit_event(BASE, i) for i in range(2, 9)]]
    outcome, _, said = follow(tmp_path, [script], lambda _: 8.0 in sizes(tmp_path), now_ms=lambda: next(clock))
    assert (outcome.events, outcome.unreadable) == (7, 1)
    assert "'Both'" in said[0]


@pytest.mark.parametrize(
    "script", [[SILENCE], [CONFIRM, SILENCE], []], ids=["no reply", "then silence", "no confirmation"]
)
def test_a_venue_that_does_not_answer_is_asked_again(script, tmp_path, monkeypatch):
    monkeypatch.setitem(FEEDS, "bybit", replace(FEEDS["bybit"], idle_seconds=0.05))
    _, server, said = follow(tmp_path, [script, [CONFIRM, bybit_event(BASE, 1)]], lambda _: sizes(tmp_path) == [1.0])
    assert len(server.sent) == 2
    assert ("did not confirm" in said[0]) == (CONFIRM not in script)
    assert "for 0.05 s" in said[0]


@pytest.mark.parametrize("venue", FEEDS)
def test_a_quiet_feed_whose_pongs_come_stays_connected_and_covered(venue, tmp_path, monkeypatch):
    monkeypatch.setitem(FEEDS, venue, replace(FEEDS[venue], idle_seconds=0.3))
    clock, markets = iter(range(BASE, BASE + 10**9, 100)), MARKETS[venue]
    outcome, server, said = follow(
        tmp_path, [[CONFIRM]], lambda server: server.pings > 30, venue, markets, now_ms=lambda: next(clock)
    )
    assert (len(server.sent), outcome.connections, said) == (1, 1, [])
    ((start, end),) = read(tmp_path, venue)[1]
    assert end - start >= 2000


def test_a_silence_longer_than_a_connection_may_be_silent_is_not_covered(tmp_path, monkeypatch):
    monkeypatch.setitem(FEEDS, "bybit", replace(FEEDS["bybit"], idle_seconds=0.3))
    clock = iter(range(BASE, BASE + 10**9, 1500))  # as if this machine slept between the pongs
    follow(tmp_path, [[CONFIRM]], lambda server: server.pings > 12, now_ms=lambda: next(clock))
    assert read(tmp_path)[1] == []


@pytest.mark.parametrize("venue", FEEDS)
def test_each_venues_keep_alive_is_its_own_and_its_pings_are_answered(venue, tmp_path):
    text = {"bybit": bybit_event(BASE, 1), "binance": BINANCE, "okx": OKX}[venue]
    markets = MARKETS[venue]
    outcome, server, said = follow(
        tmp_path,
        [[CONFIRM, text, GOODBYE]],
        lambda server: server.pings > 3 and b"are you there" in server.received,
        venue=venue,
        markets=markets,
    )
    assert (outcome.events, outcome.unreadable, outcome.connections, said) == (1, 0, 1, [])
    assert server.received[0] == FEEDS[venue].subscribe(list(markets))


def test_several_symbols_share_a_connection_and_each_has_its_own_record(tmp_path):
    markets = by_id([LiveMarket(f"{coin}USDT", f"{coin}/USDT:USDT") for coin in ("BTC", "ETH")])
    script = [CONFIRM, *[bybit_event(BASE + i, i + 1, id_="BTCUSDT" if i % 2 else "ETHUSDT") for i in range(10)]]
    _, server, _ = follow(tmp_path, [script], lambda _: 10.0 in sizes(tmp_path), markets=markets)
    assert len(server.sent) == 1
    assert sizes(tmp_path) == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert read(tmp_path, symbol="ETH/USDT:USDT")[0]["size"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_stop_flushes_what_came_last(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 60.0)
    outcome, _, _ = follow(tmp_path, [[CONFIRM, bybit_event(BASE, 1)]], lambda server: server.pings > 2)
    assert sizes(tmp_path) == [1.0]
    assert outcome.events == 1


def test_a_second_recorder_of_a_symbol_is_refused_and_harms_nothing(tmp_path):
    async def run():
        stop = asyncio.Event()
        script = [CONFIRM, bybit_event(BASE, 1), 0.2, bybit_event(BASE, 2)]
        async with SocketServer("bybit", [script]) as server, aiohttp.ClientSession() as session:
            start = [Catalog(tmp_path), "bybit", BITCOIN, session]
            recording = asyncio.ensure_future(record(*start, url=server.url, stop=stop))
            await until(lambda: sizes(tmp_path) == [1.0])
            with pytest.raises(MarketError, match="recorded already"):
                await record(*start, url=server.url, stop=stop)
            await until(lambda: sizes(tmp_path) == [1.0, 2.0])
            stop.set()
            await recording

    asyncio.run(run())


def test_a_receipt_before_the_message_was_sent_is_known_when_it_was_sent(tmp_path):
    script = [CONFIRM, bybit_event(BASE, 1), bybit_event(BASE + 90_000, 2)]
    _, _, said = follow(tmp_path, [script], lambda _: len(sizes(tmp_path)) == 2, now_ms=lambda: BASE + 3000)
    rows = read(tmp_path)[0]
    assert rows["known_at"].tolist() == [BASE + 3000, BASE + 90_100]
    assert said == ["this machine's clock is 87 s behind bybit's: set it"]


def test_a_message_of_another_day_is_damaged(tmp_path):
    script = [CONFIRM, bybit_event(BASE + 86_400_000, 1), bybit_event(BASE, 2)]
    outcome, _, said = follow(tmp_path, [script], lambda _: sizes(tmp_path) == [2.0], now_ms=lambda: BASE)
    assert outcome.unreadable == 1
    assert "24.0 hours ahead" in said[0]


def test_a_clock_that_runs_back_does_not_make_the_record_run_back(tmp_path):
    clock = iter([BASE, BASE + 9000, BASE + 4000, BASE + 1000])
    script = [CONFIRM, *[bybit_event(BASE, i) for i in (1, 2, 3)]]
    follow(tmp_path, [script], lambda _: 3.0 in sizes(tmp_path), now_ms=lambda: next(clock, BASE + 9500))
    assert read(tmp_path)[0]["known_at"].tolist() == [BASE + 9000] * 3
