"""A recorder and a venue, a folder or an address that it cannot have."""

import asyncio

import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, SourceError
from datafeeds.live import recorder
from datafeeds.live.feeds import FEEDS
from datafeeds.live.journal import journal_folder
from datafeeds.retry import RetryPolicy
from tests.datafeeds.live.examples import MARKETS, REFUSALS, bybit_event
from tests.datafeeds.live.following import BASE, follow, sizes
from tests.datafeeds.live.socket_server import CLOSE, CONFIRM


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.01)


@pytest.mark.parametrize("venue", FEEDS)
def test_a_refused_subscription_ends_the_recording(venue, tmp_path):
    with pytest.raises(SourceError, match=f"{venue} refuses"):
        follow(tmp_path, [[REFUSALS[venue]]], lambda _: False, venue=venue, markets=MARKETS[venue])


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_refused_handshake_ends_the_recording_unless_it_stood_before(status, tmp_path):
    with pytest.raises(SourceError, match=f"HTTP {status}"):
        follow(tmp_path / "first", [[status]], lambda _: False)
    scripts = [[CONFIRM, bybit_event(BASE, 1), CLOSE], [status], [CONFIRM, bybit_event(BASE, 2)]]
    follow(tmp_path / "later", scripts, lambda _: sizes(tmp_path / "later") == [1.0, 2.0])


@pytest.mark.parametrize("status", [200, 429, 418, 500, 503])
def test_a_venue_that_is_busy_is_asked_again(status, tmp_path):
    scripts = [[status], [status], [CONFIRM, bybit_event(BASE, 1)]]
    _, server, said = follow(tmp_path, scripts, lambda _: sizes(tmp_path) == [1.0])
    assert len(server.sent) == 3
    assert f"HTTP {status}" in said[0]


@pytest.mark.parametrize(("asked", "granted"), [("7", 7.0), ("100000", 900.0)])
def test_a_venue_that_names_a_wait_gets_it_within_reason(asked, granted, tmp_path):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    scripts = [[429, ("Retry-After", asked)], [CONFIRM, bybit_event(BASE, 1)]]
    patience = RetryPolicy(first_seconds=0.5, sleep=sleep)
    follow(tmp_path, scripts, lambda _: sizes(tmp_path) == [1.0], patience=patience)
    assert granted <= waits[0] < granted + 0.2


def test_no_venue_at_all_is_tried_for_ever_with_growing_waits(tmp_path):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        await asyncio.sleep(0)

    patience = RetryPolicy(first_seconds=1.0, longest_seconds=60.0, sleep=sleep)
    follow(tmp_path, [[]], lambda _: len(waits) > 60, url="ws://127.0.0.1:9/", patience=patience)
    assert max(waits[:3]) <= 8.0
    assert 30.0 < max(waits) <= 60.0
    assert len(set(waits)) == len(waits)


@pytest.mark.parametrize(
    "url", ["", "stream.bybit.com", "ftp://x/", "ws://", "ws://" + "a" * 70 + ".de/", "ws://x:99999/"]
)
def test_what_is_no_address_is_a_market_error(url, tmp_path):
    with pytest.raises(MarketError, match="is no address"):
        follow(tmp_path, [[]], lambda _: False, url=url)


@pytest.mark.parametrize("venue", ["gate", "hyperliquid"])
def test_a_venue_that_cannot_be_followed_is_refused(venue, tmp_path):
    with pytest.raises(MarketError, match="follow bybit, binance, okx"):
        follow(tmp_path, [[]], lambda _: False, venue=venue)


def test_a_disk_that_cannot_be_written_ends_the_recording(tmp_path):
    folder = journal_folder(Catalog(tmp_path), "bybit", "BTC/USDT:USDT")
    (folder / "2023-11-14.jsonl").mkdir(parents=True)
    with pytest.raises(MarketError, match="cannot be written"):
        follow(tmp_path, [[CONFIRM, bybit_event(BASE, 1)]], lambda _: False, now_ms=lambda: BASE)
