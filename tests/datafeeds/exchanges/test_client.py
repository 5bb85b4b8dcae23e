"""Our client against venues written by another hand from the venues' documentation: two readings of one format."""

import asyncio

import numpy as np
import pytest

import datafeeds.exchanges.client as client_module
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from tests.datafeeds.exchanges.faults import CUT, DAMAGED, REFUSED
from tests.datafeeds.exchanges.profile import running_clock
from tests.datafeeds.exchanges.truth import DAY_MS, HOUR_MS, make_truth, period_ms
from tests.datafeeds.exchanges.venue_server import VenueServer, random_faults
from tests.datafeeds.exchanges.wire_binance import API_KEY, SECRET
from tests.datafeeds.loopback.download import HASTE

VENUES = ("binance", "bybit", "okx", "gate", "hyperliquid")
LATE = {("okx", "open_interest"), ("okx", "long_short_ratio"), ("bybit", "long_short_ratio"), ("gate", "open_interest"),
        ("gate", "long_short_ratio")}  # fmt: skip
"""Snapshots that stood at the close of the period whose open is their stamp (datafeeds/stamps.py)."""


def run(venue, truth, root, faults=(), symbols=("BTC",), timeframe="1h", days=20, kinds=(), limits=None):
    quote = "USDC" if venue == "hyperliquid" else "USDT"
    end = truth.now_ms()
    start = end // DAY_MS * DAY_MS - days * DAY_MS

    async def job():
        async with (
            VenueServer(venue, truth, faults, limits=limits) as server,
            connect(venue, HASTE, server.url) as client,
        ):
            planned = [item for base in symbols for item in plan(venue, f"{base}/{quote}:{quote}", timeframe, kinds)]
            outcome = await download_all(client, Catalog(root), planned, start, end + DAY_MS, HASTE)
            return outcome, server.log

    outcome, log = asyncio.run(job())
    assert [result.error for result in outcome] == [""] * len(outcome)
    for result in outcome:
        compare(venue, truth, result.series, Catalog(root).read(result.series, 0, 2**53), start)
    return outcome, log


def compare(venue, truth, series, stored, start):
    period = period_ms(series.timeframe) if series.timeframe else 1
    late = period if (venue, series.kind) in LATE else 0
    shift = late if late else 0
    expected = truth.expected(series.symbol, series.kind, series.timeframe, start - shift)
    ts = expected["ts"] + shift
    if series.kind == "funding":
        ts = ts - ts % 60_000
    known = ts <= truth.now_ms()
    first = stored["ts"][0]  # a venue may keep less than was asked for; what it keeps must be whole
    known &= ts >= first
    assert stored["ts"].tolist() == ts[known].tolist(), series
    assert first <= max(ts[0], truth.now_ms() - 4 * DAY_MS), series
    market = truth.market(series.symbol)
    if series.kind == "liquidations":  # several share a second, in any order
        assert order(stored, 1.0) == order(
            {name: values[known] for name, values in expected.items()}, market.contract_size
        )
        return
    for name in set(stored) & set(expected) - {"ts"}:
        wanted = expected[name][known]
        if name == "volume" and "base_volume" in expected and venue == "okx":
            wanted = expected["base_volume"][known]
        elif name == "open_interest" and venue == "okx":
            wanted = expected["base"][known]
        elif venue == "gate" and name in ("volume", "open_interest", "liquidated_long", "liquidated_short", "size"):
            wanted = wanted * market.contract_size
        if venue != "binance" and name == "taker_buy_volume":
            assert np.isnan(stored[name]).all()
            continue
        assert np.array_equal(stored[name], wanted), (series, name)


def order(rows, contract_size):
    return sorted(zip(rows["ts"], rows["side"], rows["price"], rows["size"] * contract_size, strict=True))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(client_module, "_TIMEOUT_SECONDS", 0.4)  # a reply that never comes is waited for as long


@pytest.mark.parametrize("venue", VENUES)
def test_all_series_of_two_symbols_are_read_as_the_other_hand_wrote_them(venue, tmp_path):
    outcome, _ = run(venue, make_truth(venue, seed=1), tmp_path, symbols=("BTC", "ETH"))
    assert len(outcome) == 2 * {"binance": 5, "bybit": 5, "okx": 5, "gate": 6, "hyperliquid": 2}[venue]


@pytest.mark.parametrize("venue", VENUES)
def test_bars_of_five_minutes_too(venue, tmp_path):
    run(venue, make_truth(venue, seed=2, days=12), tmp_path, timeframe="5m", days=10)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
@pytest.mark.parametrize("venue", VENUES)
def test_faults_of_another_hand_leave_the_truth(venue, seed, tmp_path):
    faults = random_faults(seed, 60, kinds=(*REFUSED, *CUT, *DAMAGED[:-1], "overlap", "shuffled", "doubled"), share=0.3)
    run(venue, make_truth(venue, seed=3, days=12), tmp_path, faults, days=10)


@pytest.mark.parametrize("newest", [0, 1])
def test_whichever_end_of_a_wide_range_binance_keeps_nothing_is_lost(newest, tmp_path):
    run("binance", make_truth("binance", seed=4), tmp_path, timeframe="5m", days=20, limits={"statistics_keep_newest": newest},
        kinds=("open_interest",))  # fmt: skip


def test_okx_pages_of_a_hundred_as_it_had_them_until_2025_lose_nothing(tmp_path):
    limits = {"history": 100, "funding": 100}
    run("okx", make_truth("okx", seed=4), tmp_path, days=40, limits=limits, kinds=("candles", "funding"))


def test_open_interest_that_had_to_be_halved_is_remarked_once(tmp_path):
    (result,), log = run("bybit", make_truth("bybit", seed=4), tmp_path, kinds=("open_interest",), days=20)
    assert len(log) > 3
    assert [remark for remark in result.remarks if "halved" in remark] == list(result.remarks)
    assert len(result.remarks) == 1


def test_single_liquidations_of_gate_are_read_with_their_sides(tmp_path):
    truth = make_truth("gate", seed=5, days=3)
    run("gate", truth, tmp_path, kinds=("liquidations",), days=1)


@pytest.mark.parametrize("offset_ms", [-90_000, 90_000])
@pytest.mark.parametrize("venue", VENUES)
def test_a_clock_ninety_seconds_off_stores_no_open_bar(venue, offset_ms, tmp_path):
    """The venue's clock stands within ninety seconds of an hour: the bar that closes there is there only once it has closed."""
    truth = make_truth(venue, seed=6, days=4)
    hour = truth.now_ms() // HOUR_MS * HOUR_MS
    truth.clock.offset_ms += hour - truth.now_ms() + offset_ms // 2
    run(venue, truth, tmp_path, days=2, kinds=("candles",))
    last = Catalog(tmp_path).series()[0]
    closes = Catalog(tmp_path).read(last, 0, 2**53)["known_at"]
    assert closes[-1] == (hour if offset_ms > 0 else hour - HOUR_MS)


def tiers_of(venue, faults=()):
    symbol = "BTC/USDC:USDC" if venue == "hyperliquid" else "BTC/USDT:USDT"

    async def job():
        truth = make_truth(venue, days=2, clock=running_clock())  # Binance takes no signature of another day
        async with VenueServer(venue, truth, faults) as server, connect(venue, HASTE, server.url) as client:
            return await client.leverage_tiers(symbol)

    return asyncio.run(job())


@pytest.mark.parametrize(("venue", "first"), [("binance", 0.004), ("bybit", 0.005), ("okx", 0.004), ("gate", 0.004)])
def test_leverage_tiers_are_read_and_asked_for_again_after_faults(venue, first, monkeypatch):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_KEY", API_KEY)
    monkeypatch.setenv("LIQUIDATION_HEATMAP_BINANCE_SECRET", SECRET)
    tiers = tiers_of(venue)
    assert tiers[0]["maintenanceMarginRate"] == first
    leverages = [tier["maxLeverage"] for tier in tiers]
    assert len(leverages) >= 3
    assert leverages == sorted(leverages, reverse=True)
    assert tiers_of(venue, random_faults(2, 40, kinds=REFUSED, share=0.5)) == tiers


def test_a_venue_without_tiers_says_so():
    with pytest.raises(MarketError, match="hyperliquid does not tell leverage tiers"):
        tiers_of("hyperliquid")
