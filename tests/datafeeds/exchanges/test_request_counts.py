"""How many requests a year takes: within one of the least that each venue's largest page allows."""

import asyncio
import functools
from collections import Counter

import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from tests.datafeeds.exchanges.truth import DAY_MS, make_truth
from tests.datafeeds.exchanges.venue_server import VenueServer
from tests.datafeeds.loopback import bybit
from tests.datafeeds.loopback.download import HASTE
from tests.datafeeds.loopback.server import VenueServer as LoopbackVenue
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS
from tests.datafeeds.loopback.truth import make_truth as loopback_truth

YEAR = 8760

LARGEST = {
    "binance": {"candles": 1500, "mark": 1500, "open_interest": 500, "long_short_ratio": 500, "funding": 1000},
    "bybit": {"candles": 1000, "mark": 1000, "open_interest": 200, "long_short_ratio": 500, "funding": 200},
    "okx": {"candles": 100, "mark": 100, "open_interest": 100, "long_short_ratio": 100, "funding": 100},
    "gate": {"candles": 2000, "mark": 2000, "open_interest": 100, "long_short_ratio": 100, "liquidation_totals": 100,
             "funding": 1000},
    "hyperliquid": {"candles": 500, "funding": 500},
}  # fmt: skip
"""Rows that a reply holds at most, as each venue documents it."""

CLOCK = ("time", "exchangeStatus")
LISTS = ("exchangeInfo", "instruments-info", "instruments", "contracts", "metaAndAssetCtxs")


def symbol_of(venue, base):
    return f"{base}/USDC:USDC" if venue == "hyperliquid" else f"{base}/USDT:USDT"


truth_of = functools.cache(make_truth)


def counted(venue, kind, root, holes=False, listed_days=372, days=365, bases=("BTC",)):
    """Download the last days of one series; return requests for rows, those for the clock and lists, and the rows stored."""
    truth = truth_of(venue, seed=8, days=listed_days, holes=holes)
    end = truth.now_ms() // DAY_MS * DAY_MS

    async def job():
        async with VenueServer(venue, truth) as server, connect(venue, HASTE, server.url) as client:
            planned = [item for base in bases for item in plan(venue, symbol_of(venue, base), "1h", (kind,))]
            outcome = await download_all(client, Catalog(root), planned, end - days * DAY_MS, end, HASTE)
            return outcome, server.log

    outcome, log = asyncio.run(job())
    assert not any(result.error for result in outcome)
    names = Counter(str(entry.params.get("type") or entry.path.rpartition("/")[2]) for entry in log)
    overhead = sum(names[name] for name in (*CLOCK, *LISTS))
    return len(log) - overhead, overhead, sum(result.rows for result in outcome)


def fewest(venue, kind, rows):
    return (
        6 if (venue, kind) == ("gate", "funding") else -(-rows // LARGEST[venue][kind])
    )  # Gate's: 180 days, 30 a reply


@pytest.mark.parametrize(("venue", "kind"), [(venue, kind) for venue in LARGEST for kind in LARGEST[venue]])
def test_a_year_takes_within_one_of_the_fewest_requests(venue, kind, tmp_path):
    asked, overhead, rows = counted(venue, kind, tmp_path)
    least = fewest(venue, kind, rows)
    assert least <= asked <= least + 1, (asked, least, rows)
    assert overhead == (3 if venue == "bybit" else 2), (
        "the clock and the list of contracts (Bybit's has two pages), once"
    )
    assert rows > 500 or kind == "funding"


def test_three_counts_that_were_too_many(tmp_path):
    """Measured before: 40 for a year of Binance's funding, 152 for one of Hyperliquid's, most of them empty."""
    assert counted("binance", "funding", tmp_path / "1")[0] == 2
    assert counted("hyperliquid", "funding", tmp_path / "2")[0] == 18
    assert (
        counted("binance", "funding", tmp_path / "3", listed_days=3300, days=6 * 365, bases=("BTC", "ETH"))[0] == 2 * 7
    )


@pytest.mark.parametrize(("venue", "kind"), [(venue, kind) for venue in LARGEST for kind in ("candles", "funding")])
def test_what_lies_before_the_listing_costs_one_request_at_most(venue, kind, tmp_path):
    asked, _, rows = counted(venue, kind, tmp_path, listed_days=93, days=365)
    assert asked <= fewest(venue, kind, rows) + 2


@pytest.mark.parametrize("venue", LARGEST)
def test_holes_cost_a_request_a_page_that_has_some(venue, tmp_path):
    asked, _, rows = counted(venue, "candles", tmp_path, holes=True, listed_days=93, days=90)
    assert asked <= 2 * (fewest(venue, "candles", rows) + 1)


def test_single_liquidations_of_gate_take_a_request_an_hour_and_two_more_for_an_empty_one_among_full_ones(tmp_path):
    asked, _, rows = counted("gate", "liquidations", tmp_path, days=10)
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
