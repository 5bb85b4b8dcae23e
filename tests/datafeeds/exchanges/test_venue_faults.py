"""Every kind of fault at every loopback venue: what it does to one reply, and that the next one is whole."""

import asyncio
import json

import aiohttp
import pytest

from tests.datafeeds.exchanges.asking import FIVE_MINUTES, TRUTHS, VENUES, ask, candles, symbol_of, times, with_server
from tests.datafeeds.exchanges.faults import CUT, DAMAGED, KINDS, QUIET, REFUSED, Fault, random_faults
from tests.datafeeds.exchanges.profile import NOW_MS
from tests.datafeeds.exchanges.truth import DAY_MS
from tests.datafeeds.exchanges.venue_server import VenueServer

BEGIN = (NOW_MS - DAY_MS) // FIVE_MINUTES * FIVE_MINUTES
END = BEGIN + 60 * FIVE_MINUTES
STATUSES = {
    "binance": (429, 418, 400),
    "bybit": (200, 403, 200),
    "okx": (429, 429, 200),
    "gate": (429, 403, 400),
    "hyperliquid": (429, 403, 500),
}
"""HTTP status of a rate limit, of a ban, and of an unknown symbol."""


def opens(venue: str) -> list[int]:
    return list(TRUTHS[venue].expected(symbol_of(venue), "candles", "5m", BEGIN, END)["ts"].tolist())


def asked_twice(venue: str, fault: Fault) -> tuple[bytes, bytes, VenueServer]:
    """Return two replies to the same request, the first with a fault (empty if none came), and the server."""
    seen: list[object] = []

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        wait = 0.2 if fault.kind == "timeout" else 10
        for _ in range(2):
            try:
                seen.append(await asyncio.wait_for(ask(session, server, candles(venue, BEGIN, END)), wait))
            except (aiohttp.ClientError, TimeoutError):
                seen.append(b"")
        seen.append(server)

    with_server(venue, use, TRUTHS[venue], [fault])
    return tuple(seen)  # type: ignore[return-value]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "page_limit"])
def test_every_fault_spoils_one_reply_and_the_next_is_whole(venue: str, kind: str) -> None:
    value = 502 if kind == "server_error" else 3
    spoilt, whole, server = asked_twice(venue, Fault(kind, value))
    assert sorted(times(venue, whole)) == opens(venue)
    assert spoilt != whole
    assert (spoilt == b"") == (kind in CUT)
    assert server.log[0].fault == Fault(kind, value)
    assert server.log[-1].fault is None


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("kind", [*REFUSED, "foreign_error", "maintenance_200", "maintenance_503"])
def test_refusals_have_the_venues_status(venue: str, kind: str) -> None:
    *_, server = asked_twice(venue, Fault(kind, 504 if kind == "server_error" else 3))
    limited, banned, foreign = STATUSES[venue]
    expected = {"server_error": 504, "banned": banned, "foreign_error": foreign, "maintenance_200": 200}
    expected |= {"maintenance_503": 503, "rate_limit": limited, "rate_limit_retry_after": limited}
    assert server.log[0].status == expected[kind]


@pytest.mark.parametrize("venue", VENUES)
def test_quiet_faults_are_well_formed(venue: str) -> None:
    truly = opens(venue)
    found = {kind: times(venue, asked_twice(venue, Fault(kind, 5))[0]) for kind in QUIET}
    assert found["empty"] == []
    assert sorted(found["doubled"]) == sorted(truly * 2)
    assert sorted(found["shuffled"]) == truly
    assert found["shuffled"] not in (truly, truly[::-1])
    assert set(found["overlap"]) > set(truly)
    assert min(found["overlap"]) < BEGIN
    assert max(found["overlap"]) >= END
    assert len(found["page_limit"]) == 5


@pytest.mark.parametrize("venue", VENUES)
def test_a_page_limit_stays_and_keeps_the_end_that_the_venue_keeps(venue: str) -> None:
    first, second, _ = asked_twice(venue, Fault("page_limit", 7))
    kept = opens(venue)[:7] if venue in ("binance", "gate", "hyperliquid") else opens(venue)[-7:]
    assert sorted(times(venue, first)) == sorted(times(venue, second)) == kept


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("cut", [0, 1, 500, 1_000_003])
def test_a_truncated_body_is_no_json(venue: str, cut: int) -> None:
    spoilt, *_ = asked_twice(venue, Fault("truncated", cut))
    assert spoilt
    with pytest.raises(ValueError, match="char"):
        json.loads(spoilt)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("kind", ["object_for_list", "null_rows", "strings_for_numbers"])
def test_a_wrong_shape_is_json(venue: str, kind: str) -> None:
    assert kind in DAMAGED
    assert json.loads(asked_twice(venue, Fault(kind, 3))[0])


def test_a_ban_tells_its_end_and_a_limit_when_to_return() -> None:
    body, *_ = asked_twice("binance", Fault("banned", 20))
    assert f"banned until {NOW_MS + 20_000}." in json.loads(body)["msg"]

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        for expected in ("20", "7", None):
            async with session.get(server.url + "/fapi/v1/time") as reply:
                assert reply.headers.get("Retry-After") == expected

    places = [Fault("banned", 20), Fault("rate_limit_retry_after", 7), Fault("rate_limit")]
    with_server("binance", use, TRUTHS["binance"], places)


def test_faults_may_be_kept_for_data() -> None:
    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        await ask(session, server, ("GET", "/fapi/v1/time", {}))
        await ask(session, server, candles("binance", BEGIN, END))
        assert [entry.fault for entry in server.log] == [None, Fault("empty")]
        assert server.log[1].params["startTime"] == str(BEGIN)

    with_server("binance", use, TRUTHS["binance"], [Fault("empty")], data_only=True)


def test_random_faults_are_the_seeds_and_come_never_more_than_a_few_in_a_row() -> None:
    for seed in range(30):
        faults = list(random_faults(seed, 200, share=0.8, consecutive=2))
        assert faults == list(random_faults(seed, 200, share=0.8, consecutive=2))
        assert "AAA" not in "".join(" A"[fault is not None] for fault in faults)
        assert sum(fault is not None for fault in faults) > 50
    with pytest.raises(ValueError, match="no kind of fault"):
        Fault("typo")
