"""Units: each venue's documented example in base coin, through the code that reads its replies."""

import json

import numpy as np
import pytest

from datafeeds.errors import MarketError
from datafeeds.exchanges.bybit import SOURCES as BYBIT
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.gate import SOURCES as GATE
from datafeeds.exchanges.okx import SOURCES as OKX
from datafeeds.units import UNITS, to_base


def source(sources, kind):
    return next(source for source in sources if source.kind == kind)


def contract(venue, size, inverse=False):
    names = {"okx": "BTC-USDT-SWAP", "gate": "BTC_USDT", "bybit": "BTCUSD" if inverse else "BTCUSDT"}
    return Contract(venue, "BTC/USDT:USDT", names[venue], "usdt", size, inverse)


def test_okx_candles_carry_contracts_and_coins_and_the_coins_are_taken():
    # the form of the documented reply: contracts, coins, quote, and whether the candle is closed
    row = ["1678928760000", "24341.4", "24344", "24313.2", "24323", "628", "6.28", "152748.44", "1"]
    rows = source(OKX, "candles").read(({"data": [row]},), contract("okx", 0.01), "1m")
    assert rows["volume"].tolist() == [6.28]
    assert to_base(np.array([628.0]), "contracts", 0.01, np.array([1.0])).tolist() == [6.28]


def test_okx_open_interest_is_the_coins():
    # ccxt's sample of the endpoint: contracts, coins, USD
    row = ["1790550000000", "2800476.45", "28006.5419", "2360916466.88"]
    rows = source(OKX, "open_interest").read(({"data": [row]},), contract("okx", 0.01), "5m")
    assert rows["open_interest"].tolist() == [28006.5419]
    assert rows["open_interest"][0] == pytest.approx(2800476.45 * 0.01, rel=1e-4)


def test_gate_contracts_are_a_ten_thousandth_of_a_coin():
    # ccxt's sample of 2023-07-01: 150,508,526 contracts worth 459,832,595 USD at a mark of 30,551.93
    row = {
        "time": "1688219400",
        "open_interest": "150508526",
        "open_interest_usd": "459832595.07552",
        "mark_price": "30551.93",
    }
    rows = source(GATE, "open_interest").read(([row],), contract("gate", 0.0001), "5m")
    assert rows["open_interest"][0] == pytest.approx(459832595.07552 / 30551.93, rel=1e-9)
    candle = {"t": 1688219400, "o": "1", "h": "1", "l": "1", "c": "1", "v": 628}
    assert source(GATE, "candles").read(([candle],), contract("gate", 0.0001), "5m")["volume"].tolist() == [
        628 * 0.0001
    ]


def test_gates_inverse_contracts_are_dollars_at_the_mark():
    row = {"time": "1688219400", "open_interest": "50000", "mark_price": "25000"}
    rows = source(GATE, "open_interest").read(([row],), contract("gate", 1.0, inverse=True), "5m")
    assert rows["open_interest"].tolist() == [2.0]


def test_gates_liquidated_size_is_the_positions_with_its_sign():
    # ccxt's sample: -165 contracts, order 28,225, filled 28,070: a purchase below its limit, so a short was liquidated
    row = {
        "contract": "BTC_USDT",
        "left": 0,
        "size": -165,
        "fill_price": "28070",
        "order_price": "28225",
        "time": 1696736132,
    }
    rows = source(GATE, "liquidations").read(([row],), contract("gate", 0.0001), "")
    assert (rows["side"][0], rows["size"][0], rows["price"][0]) == (-1.0, 165 * 0.0001, 28070.0)


def test_bybits_linear_volume_is_coins_and_its_inverse_turnover_is():
    # the form of the documented reply: start, prices, volume, turnover
    row = ["1670608800000", "17071", "17073", "17027", "17055.5", "268611", "15.74462667"]
    for inverse, volume in ((False, 268611.0), (True, 15.74462667)):
        named = contract("bybit", 1.0, inverse)
        reply = {"result": {"symbol": named.id, "list": [row]}}
        assert source(BYBIT, "candles").read((reply,), named, "1m")["volume"].tolist() == [volume]


def test_bybits_inverse_open_interest_is_dollars_at_the_mark_of_that_instant():
    named = contract("bybit", 1.0, inverse=True)
    interest = {
        "result": {"symbol": "BTCUSD", "list": [{"openInterest": "461134384.00000000", "timestamp": "1669571400000"}]}
    }
    marks = {"result": {"symbol": "BTCUSD", "list": [["1669571400000", "16500", "16510", "16490", "16505"]]}}
    rows = source(BYBIT, "open_interest").read((interest, marks), named, "5m")
    assert rows["open_interest"].tolist() == [461134384.0 / 2.0 / 16500.0]  # longs and shorts, so each contract twice
    # the documented example of 2026, with the field for one side; the venue rounds it
    interest["result"]["list"][0] |= {"openInterest": "63910691.00000000", "singleOpenInterest": "31955346"}
    rows = source(BYBIT, "open_interest").read((interest, marks), named, "5m")
    assert rows["open_interest"].tolist() == [31955346.0 / 16500.0]


def test_bybits_open_interest_is_one_side_in_the_captured_reply(cases):
    reply = json.loads((cases / "venues" / "bybit-open-interest.json").read_text())
    interest = source(BYBIT, "open_interest")
    assert interest.read((reply,), contract("bybit", 1.0), "1h")["open_interest"].tolist() == [27328.097]
    assert interest.remark((reply,)) == ""


@pytest.mark.parametrize("unknown", [{}, {"singleOpenInterest": ""}, {"singleOpenInterest": None}])
def test_bybits_open_interest_of_both_sides_is_halved_and_said(unknown):
    row = {"openInterest": "54656.19300000", "timestamp": "1787248800000"} | unknown
    both = {"singleOpenInterest": "2", "openInterest": "4", "timestamp": "1787245200000"}
    reply = {"result": {"symbol": "BTCUSDT", "list": [row, both]}}
    interest = source(BYBIT, "open_interest")
    assert interest.read((reply,), contract("bybit", 1.0), "1h")["open_interest"].tolist() == [54656.193 / 2.0, 2.0]
    assert "halved" in interest.remark((reply,))


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_keeps_the_value_of_what_it_counts(unit):
    price, size = np.array([20_000.0, 25_000.0]), np.array([3.0, 7.0])
    notional = {
        "base": size * price,
        "contracts": size * 0.01 * price,
        "quote": size,
        "inverse contracts": size * 0.01,
    }[unit]
    assert np.allclose(to_base(size, unit, 0.01, price) * price, notional)


def test_an_unknown_unit_and_a_contract_of_nothing_are_refused():
    one = np.ones(1)
    with pytest.raises(MarketError, match="unknown unit"):
        to_base(one, "lots", 1.0, one)
    for size in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(MarketError, match="above 0"):
            to_base(one, "contracts", size, one)
