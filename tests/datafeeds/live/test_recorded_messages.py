"""Messages of the venues' sockets that others recorded, through the feeds' own readers."""

import json

import pytest

from datafeeds.live.feeds import parse
from datafeeds.live.liquidation import LiveMarket

MARKETS = {
    "binance": ("BTCUSDT", "COTIUSDT"),
    "bybit": ("BTCUSDT", "MARSCOINUSDT"),
    "okx": ("BTC-USDT-SWAP", "CNPY-USDT-SWAP"),
}
SIZES = {"BTC-USDT-SWAP": 0.01}
LONG, SHORT = 1, -1
EXPECTED = {  # side, price, size, time
    "binance": [
        [(LONG, 82651.9, 0.19, 1791565602120)],
        [(SHORT, 0.021912, 288183.0, 1789672235690)],
        [(LONG, 82651.9, 0.19, 1791565602120)],
    ],
    "bybit": [
        [(LONG, 82396.9, 0.006, 1791565600992), (LONG, 82394.3, 0.038, 1791565601058)],
        [(SHORT, 0.12734, 2380.0, 1789670278053)],
        [],
        [],
    ],
    "okx": [[(LONG, 82655.7, 0.0855, 1791565600771)], [(SHORT, 0.4162, 2137.0, 1789669898955)], []],
}


def heard(venue, text):
    markets = {id_: LiveMarket(id_, f"{id_}/USDT:USDT", SIZES.get(id_, 1.0)) for id_ in MARKETS[venue]}
    return [(found.side, found.price, found.size, found.ts) for found in parse(venue, text, markets)]


@pytest.mark.parametrize("venue", EXPECTED)
def test_recorded_messages_say_side_price_and_size(cases, venue):
    messages = json.loads((cases / "venues" / "liquidation-frames.json").read_text())[venue]
    found = [heard(venue, text) for text in messages]
    assert len(found) == len(EXPECTED[venue])
    for told, expected in zip(found, EXPECTED[venue], strict=True):
        assert [row[:2] + row[3:] for row in told] == [row[:2] + row[3:] for row in expected]
        assert [row[2] for row in told] == pytest.approx([row[2] for row in expected], rel=1e-12)


def test_a_documented_message_of_another_hand_is_read_and_one_of_another_channel_is_not(cases):
    folder = cases / "venues" / "captures"
    text = (folder / "binance__futures__market_data_json__liquidation_stream.json").read_text()
    assert heard("binance", text) == [(LONG, 9910.12345678, 0.014, 1568014460893)]
    assert heard("okx", (folder / "okx__ws_orders_liquidation.json").read_text()) == []
