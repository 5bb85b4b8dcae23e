"""Which contract a market's name, a file's name or a symbol means."""

import re
from dataclasses import dataclass

from datafeeds.symbol_names import THOUSANDS, Symbol, read_symbol

_BUILT = re.compile(r"(?:^|[:/])([A-Za-z0-9]+-[A-Za-z0-9]+)/USDC:USDC$|hyperliquid[^/]*/([A-Z0-9]+-[A-Z0-9]+)USDC$")
"""A builder's market on Hyperliquid, ``XYZ-BTC/USDC:USDC``: its terms are not those of the venue's BTC."""

_UNIFIED = re.compile(r"[^\W_]+/(?:USDT|USDC|FDUSD|BUSD|USD)(?::[A-Z0-9]+(?:-[0-9]{6})?)?$", re.IGNORECASE)

_COINS = THOUSANDS | frozenset(
    ("BTC", "ETH", "SOL", "XRP", "DOGE", "LINK", "TRB", "BNB", "ADA", "AVAX", "LTC", "DOT", "BCH", "TRX", "TON", "UNI", "AAVE",
     "SUI", "APT", "ARB", "NEAR", "FIL", "ATOM", "ETC", "XLM", "XMR", "HYPE", "WIF", "INJ"),
)  # fmt: skip
"""Coins that are recognised where no quote currency stands beside them, as in ``eth_1h``."""


@dataclass(frozen=True)
class Contract:
    """A perpetual as its name tells it.

    Attributes
    ----------
    coin
        What it is written on, ``BTC`` or ``1000PEPE`` (a thousand coins a unit).
    quote
        Currency of its price; empty where the name does not say.
    inverse
        Whether it is settled in the coin.
    """

    coin: str
    quote: str = ""
    inverse: bool = False

    @property
    def symbol(self) -> str:
        """Its usual name, ``BTCUSDT``."""
        return self.coin + self.quote


def contract_of(text: str) -> Contract | None:
    """Return the contract that a symbol, a market's name or a file's name means; None where it names none.

    Parameters
    ----------
    text
        As venues write it (`datafeeds.symbol_names` has the forms), or as files are called (``eth_1h``, ``bybit_1h/BTCUSDT``).

    Examples
    --------
    >>> contract_of("eth_1h").coin, contract_of("kPEPE").coin, contract_of("BTC-USDT-SWAP").symbol
    ('ETH', '1000PEPE', 'BTCUSDT')
    >>> contract_of("BTC/USD:BTC").inverse, contract_of("prices")
    (True, None)
    """
    if built := _BUILT.search(text):
        return Contract((built[1] or built[2]).upper(), "USDC")
    found = read_symbol(unified[0]) if (unified := _UNIFIED.search(text)) else _found_in(text.rpartition("/")[2])
    return Contract(found.unit, found.quote, found.inverse) if found else None


def _found_in(name: str) -> Symbol | None:
    """Return the first contract in a name of several words."""
    for part in re.finditer(r"[^\W_]+", name):
        found = read_symbol(name[part.start() :])
        short = len(found.base) == 1 and found.quote == "USD"  # TUSD is a coin
        said = found.quote and not short and (part[0].isupper() or len(part[0]) > len(found.base) > 1)
        if said or found.coin in _COINS:
            return found
    return None
