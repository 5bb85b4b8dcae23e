"""How many requests a year takes: within one of the least that each venue's largest page allows."""

import asyncio
import functools
from collections import Counter

import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from tests.datafeeds.exchanges.a_year import symbol_of
from tests.datafeeds.exchanges.test_a_year import LARGEST, fewest
from tests.datafeeds.exchanges.truth import DAY_MS, make_truth
from tests.datafeeds.exchanges.venue_server import VenueServer
from tests.datafeeds.loopback import binance, bybit
from tests.datafeeds.loopback.download import HASTE
from tests.datafeeds.loopback.server import VenueServer as LoopbackVenue
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS
from tests.datafeeds.loopback.truth import make_truth as loopback_truth

YEAR = 8760

CLOCK = ("time", "exchangeStatus")
LISTS = ("exchangeInfo", "instruments-info", "instruments", "contracts", "metaAndAssetCtxs")


truth_of = functools.cache(make_truth)


def counted(venue, kind, root, holes=False, listed_days=372, days=365):
    """Download the last days of one series; return requests for rows, and the rows stored."""
    truth = truth_of(venue, seed=8, days=listed_days, holes=holes)
    end = truth.now_ms() // DAY_MS * DAY_MS

    async def job():
        async with VenueServer(venue, truth) as server, connect(venue, HASTE, server.url) as client:
            planned = plan(venue, symbol_of(venue, "BTC"), "1h", (kind,))
            outcome = await download_all(client, Catalog(root), planned, end - days * DAY_MS, end, HASTE)
            return outcome, server.log

    outcome, log = asyncio.run(job())
    assert not any(result.error for result in outcome)
    names = [str(entry.params.get("type") or entry.path.rpartition("/")[2]) for entry in log]
    return sum(name not in (*CLOCK, *LISTS) for name in names), sum(result.rows for result in outcome)


def test_six_years_of_settlements_take_full_pages_also_where_their_interval_changes(tmp_path):
    truth = loopback_truth(8, hours=6 * YEAR)

    async def job():
        async with LoopbackVenue(binance.speak, truth) as server, connect("binance", HASTE, server.url) as client:
            planned = plan("binance", "BTC/USDT:USDT", "1h", ("funding",))
            span = START_MS, START_MS + 6 * YEAR * HOUR_MS
            return await download_all(client, Catalog(tmp_path), planned, *span, HASTE), server.asked

    (result,), asked = asyncio.run(job())
    assert result.rows == len(truth.funding) - 1  # of 8 hours, then of 4; the last settles at the end
    assert sum(path.endswith("/fundingRate") for path, _, _ in asked) == -(-result.rows // 1000)


@pytest.mark.parametrize(("venue", "kind"), [(venue, kind) for venue in LARGEST for kind in ("candles", "funding")])
def test_what_lies_before_the_listing_costs_one_request_at_most(venue, kind, tmp_path):
    asked, rows = counted(venue, kind, tmp_path, listed_days=93, days=365)
    assert asked <= fewest(venue, kind, rows) + 2


@pytest.mark.parametrize("venue", LARGEST)
def test_holes_cost_a_request_a_page_that_has_some(venue, tmp_path):
    asked, rows = counted(venue, "candles", tmp_path, holes=True, listed_days=93, days=90)
    assert asked <= 2 * (fewest(venue, "candles", rows) + 1)


def test_single_liquidations_of_gate_take_a_request_an_hour_and_two_more_for_an_empty_one_among_full_ones(tmp_path):
    asked, rows = counted("gate", "liquidations", tmp_path, days=10)
    stored = Catalog(tmp_path).read(Catalog(tmp_path).series()[0], 0, 2**53)["ts"]
    assert len(stored) == rows > 1000
    empty = 240 - len(set((stored // HOUR_MS).tolist()))
    assert 240 <= asked <= 240 + 2 * empty


def test_prices_for_open_interest_in_dollars_are_asked_for_once_for_five_pages(tmp_path):
    """Bybit's inverse contracts count dollars: 44 pages of open interest, and 9 or 10 of mark prices for a year."""
    truth = loopback_truth(8, hours=YEAR)

    async def job():
        async with LoopbackVenue(bybit.speak, truth) as server, connect("bybit", HASTE, server.url) as client:
            planned = plan("bybit", "BTC/USD:BTC", "1h", ("open_interest",))
            return await download_all(
                client, Catalog(tmp_path), planned, START_MS, START_MS + YEAR * HOUR_MS, HASTE
            ), server.asked

    (result,), asked = asyncio.run(job())
    assert result.rows == YEAR + 1
    paths = Counter(path.rpartition("/")[2] for path, _, _ in asked)
    assert paths["open-interest"] <= 45
    assert paths["mark-price-kline"] <= 11
