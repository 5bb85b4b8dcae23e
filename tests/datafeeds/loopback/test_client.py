"""The client: waiting as asked, ending in one sentence, and keeping secrets."""

import asyncio
import logging
from pathlib import Path

import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, SourceError, TemporaryError
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from datafeeds.retry import RetryPolicy, retry
from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, make_truth
from tests.datafeeds.loopback.venues import VENUES

KEY, SECRET = "canary-key-7f3a", "canary-secret-91bc"


def using(venue, faults, job, patience=None, truth=None):
    """Run ``job(client, server)`` against a loopback venue; return its result and the waits that were asked for."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    async def run():
        known = VENUES[venue]
        async with VenueServer(
            known.speak, truth or make_truth(1, hours=30, whole_sizes=known.whole_sizes), faults
        ) as server:
            patient = patience(sleep) if patience else RetryPolicy(sleep=sleep)
            async with connect(venue, patient, server.url) as client:
                return await job(client, server)

    return asyncio.run(run()), waits


def test_a_wait_that_is_asked_for_is_granted():
    now, waits = using("binance", [Fault("429 wait", 30)], lambda client, _: client.now_ms())
    assert now == make_truth(1, hours=30).now_ms
    assert len(waits) == 1
    assert 30.0 <= waits[0] <= 36.0


def test_without_a_wish_waits_grow_at_random_up_to_a_bound():
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    async def fails():
        raise TemporaryError("no")

    for _ in range(200):
        with pytest.raises(TemporaryError):
            asyncio.run(retry(fails, RetryPolicy(attempts=9, sleep=sleep)))
    rounds = [waits[turn::8] for turn in range(8)]
    assert all(max(seconds) <= min(2.0**turn, 60.0) for turn, seconds in enumerate(rounds))
    assert max(rounds[0]) < max(rounds[3]) < max(rounds[6]) <= 60.0
    assert len(set(rounds[3])) > 100


def test_a_ban_that_is_too_long_ends_the_work_at_once_with_the_time():
    with pytest.raises(SourceError, match=r"asks to wait 1,800 s"):
        using("binance", [Fault("429 wait", 1800)], lambda client, _: client.now_ms())


def test_an_unknown_symbol_is_answered_with_those_there_are():
    with pytest.raises(MarketError, match=r"no perpetual 'ETH/USDT:USDT'; it has BTC/USDT:USDT"):
        using("bybit", [], lambda client, _: client.contract("ETH/USDT:USDT"))


def test_an_unknown_venue_is_refused():
    async def run():
        async with connect("mtgox"):
            pass

    with pytest.raises(MarketError, match="unknown venue 'mtgox': binance, bybit"):
        asyncio.run(run())


def test_a_venue_that_does_not_answer_in_time_is_asked_again(monkeypatch):
    import datafeeds.exchanges.client as module

    monkeypatch.setattr(module, "_TIMEOUT_SECONDS", 0.2)

    async def job(client, server):
        server.hanging_seconds = 0.6
        return await client.now_ms()

    now, waits = using("okx", [Fault("timeout")], job)
    assert now
    assert len(waits) == 1


@pytest.mark.parametrize("kind", ["429", "418", "500", "maintenance 200", "truncated", "cut within", "wrong shape"])
def test_keys_never_appear_in_a_log_an_error_or_a_result(kind, monkeypatch, caplog, capfd, tmp_path):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_KEY", KEY)
    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_SECRET", SECRET)
    caplog.set_level(logging.DEBUG)

    async def job(client, server):
        said = []
        try:
            said.append(str(await client.leverage_tiers("BTC/USDT:USDT")))
        except (SourceError, MarketError) as error:
            said += [str(error), repr(error)]
        planned = plan("binance", "BTC/USDT:USDT", "1h")
        patience = RetryPolicy(attempts=1)
        outcome = await download_all(client, Catalog(tmp_path), planned, START_MS, START_MS + 9 * HOUR_MS, patience)
        return [*said, str(outcome)], [headers.get("X-MBX-APIKEY") for headers in server.headers]

    def once(sleep):
        return RetryPolicy(attempts=1, sleep=sleep)

    (said, sent), _ = using("binance", iter([None, None, Fault(kind, 3), *[Fault(kind, 3)] * 50]), job, once)
    assert KEY in sent  # it went to the venue, where it belongs
    out = capfd.readouterr()
    stored = b"".join(path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
    for text in (*said, caplog.text, out.out, out.err, stored.decode("latin-1")):
        assert KEY not in text
        assert SECRET not in text


def test_a_venue_that_repeats_a_key_in_its_error_is_redacted(monkeypatch):
    from datafeeds.exchanges.secrets import redacted

    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_KEY", KEY)
    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_SECRET", SECRET)
    assert redacted(f"bad key {KEY}, bad {SECRET}") == "bad key ***, bad ***"


def test_tiers_of_binance_need_a_key():
    with pytest.raises(MarketError, match="set LIQUIDATION_HEATMAP_BINANCE_KEY"):
        using("binance", [], lambda client, _: client.leverage_tiers("BTC/USDT:USDT"))
