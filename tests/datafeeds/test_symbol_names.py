"""One reader of contracts' names: every form in which venues and files write them."""

import pytest

from datafeeds.catalog.record_files import unified_symbol
from datafeeds.symbol_names import Symbol, read_symbol
from datafeeds.symbols import contract_of

FORMS = [
    # name, base as written, coin, units, quote, settled in the coin, expiry
    ("BTC", "BTC", "BTC", 1, "", False, ""),
    ("BTC/USDT:USDT", "BTC", "BTC", 1, "USDT", False, ""),  # ccxt
    ("BTC/USD:BTC", "BTC", "BTC", 1, "USD", True, ""),
    ("BTC/USDT:USDT-250627", "BTC", "BTC", 1, "USDT", False, "250627"),
    ("XYZ-TSLA/USDC:USDC", "XYZ-TSLA", "XYZ-TSLA", 1, "USDC", False, ""),
    ("KPEPE/USDC:USDC", "KPEPE", "PEPE", 1000, "USDC", False, ""),
    ("BTCUSDT", "BTC", "BTC", 1, "USDT", False, ""),  # Binance
    ("SUSDT", "S", "S", 1, "USDT", False, ""),
    ("1INCHUSDT", "1INCH", "1INCH", 1, "USDT", False, ""),
    ("C98USDT", "C98", "C98", 1, "USDT", False, ""),
    ("1000PEPEUSDT", "1000PEPE", "PEPE", 1000, "USDT", False, ""),
    ("1000BONKUSDC", "1000BONK", "BONK", 1000, "USDC", False, ""),
    ("1000XUSDT", "1000X", "X", 1000, "USDT", False, ""),
    ("1MBABYDOGEUSDT", "1MBABYDOGE", "BABYDOGE", 1_000_000, "USDT", False, ""),
    ("1000000MOGUSDT", "1000000MOG", "MOG", 1_000_000, "USDT", False, ""),
    ("BTCUSD_PERP", "BTC", "BTC", 1, "USD", True, ""),
    ("BTCUSD_250627", "BTC", "BTC", 1, "USD", True, "250627"),
    ("BTCUSDT_250627", "BTC", "BTC", 1, "USDT", False, "250627"),
    ("BTCUSD", "BTC", "BTC", 1, "USD", True, ""),  # Bybit
    ("SHIB1000USDT", "SHIB1000", "SHIB", 1000, "USDT", False, ""),
    ("10000LADYSUSDT", "10000LADYS", "LADYS", 10_000, "USDT", False, ""),
    ("BTCPERP", "BTC", "BTC", 1, "", False, ""),
    ("1000PEPEPERP", "1000PEPE", "PEPE", 1000, "", False, ""),
    ("BTC-27JUN25", "BTC", "BTC", 1, "", False, "250627"),
    ("BTCUSDT-27JUN25", "BTC", "BTC", 1, "USDT", False, "250627"),
    ("BTC-USDT-SWAP", "BTC", "BTC", 1, "USDT", False, ""),  # OKX
    ("BTC-USD-SWAP", "BTC", "BTC", 1, "USD", True, ""),
    ("BTC-USDT-250627", "BTC", "BTC", 1, "USDT", False, "250627"),
    ("BTC_USDT", "BTC", "BTC", 1, "USDT", False, ""),  # Gate
    ("btc_usdt", "BTC", "BTC", 1, "USDT", False, ""),
    ("BTC_USDT_20250627", "BTC", "BTC", 1, "USDT", False, "250627"),
    ("kPEPE", "kPEPE", "PEPE", 1000, "", False, ""),  # Hyperliquid
    ("KAVA", "KAVA", "KAVA", 1, "", False, ""),
    ("xyz:TSLA", "XYZ-TSLA", "XYZ-TSLA", 1, "", False, ""),
    ("tBTCF0:USTF0", "BTC", "BTC", 1, "USDT", False, ""),  # Bitfinex
    ("BTC-PERPETUAL", "BTC", "BTC", 1, "", False, ""),  # Deribit
    ("ETH_USDC-PERPETUAL", "ETH", "ETH", 1, "USDC", False, ""),
    ("BTC-USD", "BTC", "BTC", 1, "USD", False, ""),  # dYdX
    ("ETH-PERP", "ETH", "ETH", 1, "", False, ""),  # Coinbase
    ("BTCUSDT_PERP.A", "BTC", "BTC", 1, "USDT", False, ""),  # Coinalyze
    ("BTC.H", "BTC", "BTC", 1, "", False, ""),
    ("XBTUSD", "BTC", "BTC", 1, "USD", True, ""),  # BitMEX
    ("PF_XBTUSD", "BTC", "BTC", 1, "USD", False, ""),  # Kraken
    ("PI_XBTUSD", "BTC", "BTC", 1, "USD", True, ""),
    ("XBTUSDTM", "BTC", "BTC", 1, "USDT", False, ""),  # KuCoin
    ("BTCUSDT_UMCBL", "BTC", "BTC", 1, "USDT", False, ""),  # Bitget
    ("USDT", "USDT", "USDT", 1, "", False, ""),
    ("PERP", "PERP", "PERP", 1, "", False, ""),
    ("10000", "10000", "10000", 1, "", False, ""),
    ("币安人生USDT", "币安人生", "币安人生", 1, "USDT", False, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", *"abcdef"), FORMS, ids=[row[0] for row in FORMS])
def test_every_form_says_coin_unit_quote_settlement_and_expiry(text, a, b, c, d, e, f):
    assert read_symbol(text) == Symbol(a, b, c, d, e, f)


@pytest.mark.parametrize("text", [row[0] for row in FORMS if row[4]])
def test_a_name_with_a_quote_is_found_in_the_names_of_markets_and_files(text):
    found, read = contract_of(text), read_symbol(text)
    assert found is not None
    assert (found.coin, found.quote, found.inverse) == (read.unit, read.quote, read.inverse)


@pytest.mark.parametrize("text", [row[0] for row in FORMS if row[0] != "USDT"])
def test_a_unified_symbol_made_of_a_name_means_the_same(text):
    made, read = read_symbol(unified_symbol(text, "*/USDT:USDT")), read_symbol(text)
    assert (made.unit, made.expiry) == (read.unit, read.expiry)
    assert made.inverse == read.inverse
    assert made.quote == (read.quote if read.quote not in ("", "USD") or read.inverse else "USDT")


@pytest.mark.parametrize(
    "names", [("1000PEPEUSDT", "kPEPE", "KPEPE/USDC:USDC", "1000PEPE-USDT-SWAP"), ("SHIB1000USDT", "kSHIB")]
)
def test_a_thousand_of_a_coin_is_one_unit_however_it_is_written_and_not_the_coin(names):
    units = {read_symbol(name).unit for name in names}
    assert units == {f"1000{read_symbol(names[0]).coin}"}


def test_markets_of_two_builders_are_no_one_coin():
    """Read up to the hyphen they were: every one of a builder's markets was the coin XYZ."""
    assert len({read_symbol(name).unit for name in ("XYZ-TSLA/USDC:USDC", "XYZ-GOLD/USDC:USDC", "TSLA/USDC:USDC")}) == 3
