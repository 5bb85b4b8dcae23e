"""Symbols are recognised however a venue or a file writes them."""

import pytest

from datafeeds.symbols import Contract, contract_of


@pytest.mark.parametrize(
    ("text", "coin", "quote"),
    [
        ("BTCUSDT", "BTC", "USDT"), ("btcusdt", "BTC", "USDT"), ("bybit_1h/BTCUSDT", "BTC", "USDT"), ("ETHUSDC", "ETH", "USDC"),
        ("eth_1h", "ETH", ""), ("binance-sol-4h", "SOL", ""), ("1000PEPEUSDT", "1000PEPE", "USDT"), ("kPEPE", "1000PEPE", ""),
        ("kpepe", "1000PEPE", ""), ("BTC-USDT-SWAP", "BTC", "USDT"), ("BTC_USDT", "BTC", "USDT"),
        ("BTC/USDT:USDT", "BTC", "USDT"), ("hyperliquid:kPEPE/USDC:USDC", "1000PEPE", "USDC"), ("BTC-USD", "BTC", "USD"),
        ("hyperliquid:XYZ-BTC/USDC:USDC", "XYZ-BTC", "USDC"), ("hyperliquid_1h/XYZ-BTCUSDC", "XYZ-BTC", "USDC"),
        ("BTCUSDT-1h-2024-01", "BTC", "USDT"), ("XBTUSDT", "BTC", "USDT"), ("KAVAUSDT", "KAVA", "USDT"),
    ],
)  # fmt: skip
def test_a_linear_contract(text, coin, quote):
    assert contract_of(text) == Contract(coin, quote)


@pytest.mark.parametrize("text", ["BTC/USD:BTC", "BTCUSD", "XBTUSD", "BTCUSD_PERP", "BTC-USD-SWAP", "okx_1h/BTCUSD"])
def test_a_contract_settled_in_its_coin(text):
    assert contract_of(text) == Contract("BTC", "USD", inverse=True)


@pytest.mark.parametrize(
    "text",
    ["", "data", "prices", "open-interest-in-usd", "funding-ffill", "simulated-7", "usdt", "two-columns", "2024"],
)
def test_what_names_no_contract(text):
    assert contract_of(text) is None
