"""Replies that others recorded, through the real client: contracts, rows and values are those of the recordings.

The values expected are read off the recordings by plain look-ups; the client's readers know nothing of these files.
"""

import asyncio
import json

import numpy as np
import pytest

from datafeeds.errors import MarketError, ReplyError
from datafeeds.exchanges.download import VENUES, plan
from datafeeds.exchanges.paging import clean
from datafeeds.series import KINDS, Series, timeframe_seconds
from tests.datafeeds.exchanges.replaying import replayed

TIMES = {
    "binance": lambda now: {"serverTime": now},
    "bybit": lambda now: {"retCode": 0, "retMsg": "OK", "result": {"timeNano": f"{now}000000"}, "time": now},
    "okx": lambda now: {"code": "0", "msg": "", "data": [{"ts": str(now)}]},
    "gate": lambda now: {"server_time": now},
}  # fmt: skip
LISTS = ("exchangeInfo", "instruments-info", "instruments", "contracts")


@pytest.fixture(scope="module")
def captures(cases):
    def capture(name):
        return json.loads((cases / "venues" / "captures" / f"{name}.json").read_text())

    return capture


def hyperliquid_list(recorded):
    """The recorded list stands in the reply that ccxt asks for beside a context for each contract."""
    context = {
        "markPx": "61000",
        "midPx": "61000",
        "openInterest": "1",
        "funding": "0",
        "oraclePx": "61000",
        "prevDayPx": "61000",
    }
    return [recorded, [context for _ in recorded["universe"]]]


def answers(venue, listed, data=None):
    def answer(path, query, body):
        if venue == "hyperliquid":
            return hyperliquid_list(listed) if body["type"] == "metaAndAssetCtxs" else data
        name = path.rpartition("/")[2]
        if name == "time":
            return TIMES[venue](1_790_000_000_000)
        return listed if name in LISTS else data

    return answer


def of_client(monkeypatch, venue, listed, data, job):
    async def run():
        async with replayed(monkeypatch, venue, answers(venue, listed, data)) as client:
            return await job(client)

    return asyncio.run(run())


def rows_of(monkeypatch, venue, listed, data, kind, symbol, timeframe, span):
    """Return the rows that the real client makes of one recorded reply to a request for `span`."""
    source = next(source for source in VENUES[venue] if source.kind == kind)
    series = Series(venue, symbol, kind, timeframe if KINDS[kind].even else "")
    period = timeframe_seconds(timeframe) * 1000

    async def job(client):
        contract = await client.contract(symbol)
        requests = source.ask(contract, source.words[series.timeframe], period, *span)
        replies = tuple([await client.ask(request.endpoint, request.parameters) for request in requests])
        return clean(series, source.read(replies, contract, series.timeframe), *span).rows

    return of_client(monkeypatch, venue, listed, data, job)


USDT, USDC = "BTC/USDT:USDT", "BTC/USDC:USDC"
LISTED = {
    "binance": "binance__http_futures_market_exchange_info",
    "bybit": "bybit__http_get_instruments_linear",
    "okx": "okx__http_get_instruments_swap",
    "hyperliquid": "hyperliquid__http_meta_perp_sample",
}
SPAN = (1_300_000_000_000, 1_900_000_000_000)
COVERED = [
    # venue, kind, timeframe, capture, what must come: ts and values, in order
    ("binance", "candles", "1d", "binance__http_futures_market_klines",
     {"ts": [1499040000000], "open": [0.0163479], "high": [0.8], "low": [0.015758], "close": [0.015771],
      "volume": [148976.11427815], "taker_buy_volume": [1756.87402397]}),
    ("binance", "mark", "1m", "binance__http_futures_market_mark_price_klines",
     {"ts": [1591256460000], "known_at": [1591256520000], "open": [9653.29201333], "high": [9654.56401333],
      "low": [9653.07367333], "close": [9653.07367333]}),
    ("binance", "open_interest", "5m", "binance__http_futures_market_open_interest_historical",
     {"ts": [1583127900000, 1583128200000], "open_interest": [20403.637, 20401.367]}),
    ("binance", "long_short_ratio", "5m", "binance__http_futures_market_global_long_short_account_ratio",
     {"ts": [1583139600000, 1583139900000], "long_short_ratio": [0.196, 1.9559]}),
    ("binance", "funding", "8h", "binance__http_futures_market_funding_rate",
     {"ts": [1570608000000, 1570636800000], "funding_rate": [-0.0375, 0.0001]}),
    ("bybit", "funding", "8h", "bybit__http_get_funding_history",
     {"ts": [1709856000000, 1709884800000], "funding_rate": [0.00015, 0.0001]}),
    ("okx", "candles", "1m", "okx__http_get_candlesticks_full",
     {"ts": [1747093980000, 1747094040000], "open": [102806.0, 102806.1], "high": [102820.5, 102820.4],
      "low": [102783.1, 102806.1], "close": [102806.1, 102820.4], "volume": [71.6404, 10.4037]}),
    # the old form names no base coin, and says of no candle that it is over: all but the newest are
    ("okx", "candles", "1m", "okx__http_get_candlesticks",
     {"ts": [1625097600000], "open": [33528.6], "high": [33870.0], "low": [33528.6], "close": [33783.9], "volume": [7.78838]}),
    ("okx", "funding", "8h", "okx__http_get_funding_rate_history",
     {"ts": [1704038400000, 1704067200000], "funding_rate": [-0.00002, 0.00015]}),
    ("hyperliquid", "funding", "1h", "hyperliquid__http_funding_history",
     {"ts": [1769908800000, 1769912400000, 1769916000000], "funding_rate": [0.0000125, -0.0000081, 0.0000033]}),
]  # fmt: skip


ALONE = (("bybit", "candles"), ("bybit", "open_interest"), ("gate", "liquidations"))
"""What has a test of its own."""


@pytest.mark.parametrize(("venue", "kind", "timeframe", "name", "expected"), COVERED, ids=[row[3] for row in COVERED])
def test_a_recorded_reply_becomes_the_rows_that_it_holds(monkeypatch, captures, venue, kind, timeframe, name, expected):
    symbol = USDC if venue == "hyperliquid" else USDT
    rows = rows_of(monkeypatch, venue, captures(LISTED[venue]), captures(name), kind, symbol, timeframe, SPAN)
    assert {column: rows[column].tolist() for column in expected} == expected


def test_a_recorded_candle_off_the_minute_is_refused(monkeypatch, captures):
    data = captures("bybit__http_get_klines_linear")
    with pytest.raises(ReplyError, match="off the 1m grid"):
        rows_of(monkeypatch, "bybit", captures(LISTED["bybit"]), data, "candles", USDT, "1m", SPAN)
    data["result"]["list"][0][0] = str(int(data["result"]["list"][0][0]) // 60_000 * 60_000)
    rows = rows_of(monkeypatch, "bybit", captures(LISTED["bybit"]), data, "candles", USDT, "1m", SPAN)
    values = [rows[name].tolist() for name in ("open", "high", "low", "close", "volume")]
    assert values == [[27450.0], [27460.0], [27440.0], [27455.0], [123.45]]


def test_bybits_open_interest_counts_one_side_with_and_without_the_new_field(monkeypatch, captures, cases):
    data = json.loads((cases / "venues" / "bybit-open-interest.json").read_text())
    listed = captures(LISTED["bybit"])
    rows = rows_of(monkeypatch, "bybit", listed, data, "open_interest", USDT, "1h", SPAN)
    assert rows["open_interest"].tolist() == [27328.097]
    del data["result"]["list"][0]["singleOpenInterest"]
    rows = rows_of(monkeypatch, "bybit", listed, data, "open_interest", USDT, "1h", SPAN)
    assert rows["open_interest"].tolist() == [54656.193 / 2.0]


def test_gates_order_of_which_nothing_was_filled_is_no_liquidation(monkeypatch, captures, cases):
    data = json.loads((cases / "venues" / "gate-liquidations.json").read_text())
    listed = captures("gate_contracts_usdt_2023")
    rows = rows_of(monkeypatch, "gate", listed, data, "liquidations", USDT, "1h", SPAN)
    told = [rows[name].tolist() for name in ("ts", "side", "price", "size")]
    assert told == [[1789459202000], [1.0], [28001.0], [10 * 0.0001]]


CONTRACTS = [
    # venue, capture, symbol, the venue's name, contract size, inverse
    ("binance", "binance_exchangeInfo_2021", "1000SHIB/USDT:USDT", "1000SHIBUSDT", 1.0, False),
    ("binance", "binance__http_futures_market_exchange_info", USDT, "BTCUSDT", 1.0, False),
    ("bybit", "bybit__http_get_instruments_linear", "ETH/USDT:USDT", "ETHUSDT", 1.0, False),
    ("bybit", "bybit__http_get_instruments_inverse", "BTC/USD:BTC", "BTCUSD", 1.0, True),
    ("okx", "okx_instruments_swap_2022", USDT, "BTC-USDT-SWAP", 0.01, False),
    ("okx", "okx_instruments_swap_2022", "BTC/USD:BTC", "BTC-USD-SWAP", 100.0, True),
    ("okx", "okx__http_get_instruments_swap", "ETH/USDT:USDT", "ETH-USDT-SWAP", 0.1, False),
    ("gate", "gate_contracts_usdt_2023", USDT, "BTC_USDT", 0.0001, False),
    ("gate", "gate_contracts_usdt_2023", "PEPE/USDT:USDT", "PEPE_USDT", 10_000_000.0, False),
    ("hyperliquid", "hyperliquid__http_meta_perp_sample", "ATOM/USDC:USDC", "ATOM", 1.0, False),
]


@pytest.mark.parametrize(("venue", "name", "symbol", "id_", "size", "inverse"), CONTRACTS)
def test_a_recorded_list_tells_each_contracts_name_and_size(
    monkeypatch, captures, venue, name, symbol, id_, size, inverse
):
    found = of_client(monkeypatch, venue, captures(name), None, lambda client: client.contract(symbol))
    assert (found.id, found.size, found.inverse) == (id_, size, inverse)


@pytest.mark.parametrize(
    ("venue", "name", "count"),
    [
        ("binance", "binance_exchangeInfo_2021", 100),
        ("okx", "okx_instruments_swap_2022", 166),
        ("gate", "gate_contracts_usdt_2023", 302),
    ],
)
def test_every_perpetual_of_a_recorded_list_has_a_size_above_nothing(monkeypatch, captures, venue, name, count):
    async def all_of_them(client):
        first = await client.contract(USDT)
        perpetuals = [market["symbol"] for market in client._exchange.markets.values() if market["swap"]]
        return [first] + [await client.contract(symbol) for symbol in perpetuals]

    found = of_client(monkeypatch, venue, captures(name), None, all_of_them)
    assert len({contract.id for contract in found}) >= count
    assert all(np.isfinite(contract.size) and contract.size > 0.0 for contract in found)


def test_a_thousand_coins_and_a_builders_market_are_found_as_hyperliquid_writes_them(monkeypatch):
    plain = {"universe": [{"szDecimals": 0, "name": "kPEPE", "maxLeverage": 10}], "collateralToken": 0}
    built = {"universe": [{"szDecimals": 3, "name": "xyz:TSLA", "maxLeverage": 10}], "collateralToken": 0}

    def answer(path, query, body):
        if body["type"] == "perpDexs":
            return [None, {"name": "xyz"}]
        return hyperliquid_list(built if body.get("dex") == "xyz" else plain)

    async def ids(client):
        names = ("kPEPE/USDC:USDC", "KPEPE/USDC:USDC", "XYZ-TSLA/USDC:USDC", "xyz:TSLA/USDC:USDC")
        return [(await client.contract(symbol)).id for symbol in names]

    async def run():
        async with replayed(monkeypatch, "hyperliquid", answer) as client:
            return await ids(client)

    assert asyncio.run(run()) == ["kPEPE", "kPEPE", "xyz:TSLA", "xyz:TSLA"]


def test_coin_margined_contracts_of_binance_are_refused_alike_by_plan_and_client(monkeypatch):
    for refused in (
        lambda: plan("binance", "BTC/USD:BTC", "1h"),
        lambda: of_client(monkeypatch, "binance", None, None, lambda client: client.contract("BTC/USD:BTC")),
    ):
        with pytest.raises(MarketError, match="read for USD-M contracts"):
            refused()
