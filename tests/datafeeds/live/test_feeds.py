"""What venues send: documented examples, both conventions of sides, confirmations and refusals."""

import json

import pytest

from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from datafeeds.live.feeds import FEEDS, by_id, feed_of, parse
from datafeeds.live.liquidation import LiveMarket
from tests.datafeeds.live.examples import (
    BINANCE,
    BYBIT,
    CONFIRMATIONS,
    EXAMPLES,
    MARKETS,
    OKX,
    OTHERS,
    REFUSALS,
    bybit_event,
    changed,
)

LONG, SHORT = 1, -1


def only(venue, text, markets=None):
    (found,) = parse(venue, text, MARKETS[venue] if markets is None else markets)
    return found


def values(found):
    return found.ts, found.known_at, found.side, found.price, found.size


def test_bybits_documented_example():
    assert values(only("bybit", BYBIT)) == (1739502302929, 1739502303204, SHORT, 0.04499, 20000.0)


def test_binances_documented_example():
    assert values(only("binance", BINANCE)) == (1568014460893, 1568014460893, LONG, 9910.0, 0.014)


def test_okxs_documented_example_in_contracts_of_1000_coins():
    assert values(only("okx", OKX)) == (1692266434010, 1692266434010, SHORT, 0.007831, 13000.0)


@pytest.mark.parametrize(
    ("venue", "word", "side"),
    [("bybit", "Buy", LONG), ("bybit", "Sell", SHORT), ("binance", "SELL", LONG), ("binance", "BUY", SHORT)],
)
def test_the_same_word_means_the_position_at_bybit_and_the_order_at_binance(venue, word, side):
    path = ("data", 0, "S") if venue == "bybit" else ("o", "S")
    assert only(venue, changed(EXAMPLES[venue], path, word)).side == side


@pytest.mark.parametrize("position", ["long", "net", ""])
def test_okx_sells_what_was_long_in_hedge_and_in_net_mode(position):
    detail = json.loads(OKX)["data"][0]["details"][0] | {"side": "sell", "posSide": position}
    assert only("okx", changed(OKX, ("data", 0, "details"), [detail])).side == LONG
    if position == "net":
        assert only("okx", changed(OKX, ("data", 0, "details"), [detail | {"side": "buy"}])).side == SHORT


def test_an_okx_order_that_contradicts_its_position_is_refused():
    with pytest.raises(ReplyError, match="cannot close"):
        parse("okx", changed(OKX, ("data", 0, "details", 0, "side"), "sell"), MARKETS["okx"])


@pytest.mark.parametrize(
    ("id_", "contracts", "price", "base"),
    [("BTC-USDT-SWAP", "250", "60000", 2.5), ("BTC-USD-SWAP", "300", "60000", 0.5), ("BTC-USD-SWAP", "1", "100", 1.0)],
)
def test_contracts_become_base_coin(id_, contracts, price, base):
    row = {
        "instId": id_,
        "details": [{"bkPx": price, "sz": contracts, "side": "sell", "posSide": "net", "ts": "1692266434010"}],
    }
    assert only("okx", changed(OKX, ("data",), [row])).size == base


@pytest.mark.parametrize("venue", ["bybit", "binance"])
def test_inverse_contracts_become_base_coin_at_their_price(venue):
    market = LiveMarket("BTCUSD", "BTC/USD:BTC", 100.0, inverse=True)
    if venue == "bybit":
        text = bybit_event(1739502302929, 30, price="50000", id_="BTCUSD")
    else:
        text = json.dumps(
            json.loads(BINANCE) | {"o": json.loads(BINANCE)["o"] | {"s": "BTCUSD", "z": "30", "ap": "50000"}}
        )
    assert only(venue, text, by_id([market])).size == 30 * 100 / 50_000


def test_a_linear_contract_of_bybit_and_binance_counts_base_coin_whatever_its_size():
    assert only("bybit", BYBIT, by_id([LiveMarket("ROSEUSDT", "ROSE/USDT:USDT", 7.0)])).size == 20000.0


def test_binances_price_is_the_average_fill_and_its_size_what_was_filled():
    order = json.loads(BINANCE)["o"] | {"q": "3", "p": "9000", "ap": "9100.5", "z": "2", "l": "1"}
    assert values(only("binance", changed(BINANCE, ("o",), order)))[3:] == (9100.5, 2.0)
    assert parse("binance", changed(BINANCE, ("o",), order | {"z": "0", "ap": "0"}), MARKETS["binance"]) == []


def test_several_liquidations_in_one_message_keep_their_order():
    rows = [json.loads(BYBIT)["data"][0] | {"v": str(size)} for size in (3, 1, 2)]
    found = parse("bybit", changed(BYBIT, ("data",), rows), MARKETS["bybit"])
    assert [one.size for one in found] == [3.0, 1.0, 2.0]


def test_a_message_known_before_it_happened_is_known_when_it_happened():
    found = only("bybit", changed(BYBIT, ("ts",), 1739502302000))
    assert found.known_at == found.ts == 1739502302929


@pytest.mark.parametrize("venue", FEEDS)
def test_markets_that_are_not_followed_are_left_out(venue):
    assert parse(venue, EXAMPLES[venue], {"OTHER": LiveMarket("OTHER", "O/USDT:USDT")}) == []


@pytest.mark.parametrize("venue", FEEDS)
def test_the_confirmation_is_recognised_and_nothing_else_is_one(venue):
    feed, markets = FEEDS[venue], MARKETS[venue]
    assert feed.hear(CONFIRMATIONS[venue], markets).subscribed
    for text in (EXAMPLES[venue], *OTHERS[venue], "{}"):
        assert not feed.hear(text, markets).subscribed
    assert all(parse(venue, text, markets) == [] for text in (CONFIRMATIONS[venue], *OTHERS[venue], "{}"))


@pytest.mark.parametrize("venue", FEEDS)
def test_a_refused_subscription_is_final_and_says_why(venue):
    with pytest.raises(SourceError, match=f"{venue} refuses the subscription: .*(handler|Invalid|Illegal)") as refused:
        parse(venue, REFUSALS[venue], MARKETS[venue])
    assert not isinstance(refused.value, TemporaryError)


def test_a_busy_okx_may_be_asked_again():
    with pytest.raises(TemporaryError, match="too frequent"):
        parse("okx", '{"event":"error","code":"60014","msg":"Requests too frequent"}', MARKETS["okx"])


@pytest.mark.parametrize("venue", ["gate", "hyperliquid", "kraken", "../x"])
def test_other_venues_are_refused_with_those_that_can_be_followed(venue):
    with pytest.raises(MarketError, match="follow bybit, binance, okx"):
        feed_of(venue)


@pytest.mark.parametrize("venue", FEEDS)
def test_the_subscription_names_what_is_followed(venue):
    asked = json.loads(FEEDS[venue].subscribe(["BTCUSDT", "ETHUSDT"]))
    documented = {
        "bybit": {"op": "subscribe", "args": ["allLiquidation.BTCUSDT", "allLiquidation.ETHUSDT"]},
        "binance": {"method": "SUBSCRIBE", "params": ["btcusdt@forceOrder", "ethusdt@forceOrder"], "id": 1},
        "okx": {"op": "subscribe", "args": [{"channel": "liquidation-orders", "instType": "SWAP"}]},
    }
    assert asked == documented[venue]


def test_only_bybits_feed_is_called_full():
    assert {venue: feed.completeness for venue, feed in FEEDS.items()} == {
        "bybit": "full",
        "binance": "throttled",
        "okx": "throttled",
    }
    assert all(0 < 2 * feed.ping_seconds < feed.idle_seconds for feed in FEEDS.values())


def test_inverse_contracts_have_their_own_place_and_are_not_mixed_with_linear_ones():
    linear, inverse = LiveMarket("A", "A/USDT:USDT"), LiveMarket("B", "B/USD:B", 1.0, inverse=True)
    for venue in ("bybit", "binance"):
        assert FEEDS[venue].address(by_id([linear])) != FEEDS[venue].address(by_id([inverse]))
        with pytest.raises(MarketError, match="one by one"):
            FEEDS[venue].address(by_id([linear, inverse]))
    assert FEEDS["okx"].address(by_id([linear, inverse])).startswith("wss://ws.okx.com")


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
def test_a_contract_size_must_be_above_0(size):
    with pytest.raises(MarketError, match="contract size"):
        LiveMarket("A", "A/USDT:USDT", size)


def test_no_symbols_or_one_twice_are_refused():
    market = LiveMarket("A", "A/USDT:USDT")
    for chosen in ([], [market, market], [market, LiveMarket("B", "A/USDT:USDT")]):
        with pytest.raises(MarketError, match="each once"):
            by_id(chosen)
