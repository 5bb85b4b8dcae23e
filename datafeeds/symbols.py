"""Which contract a text names, however a venue or a file writes it."""

import re
from dataclasses import dataclass

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD")
_ALIASES = {"XBT": "BTC"}
_WORDS = ("SWAP", "PERP", "PERPETUAL", "UMCBL")
_BUILT = re.compile(r"(?:^|[:/])([A-Za-z0-9]+-[A-Za-z0-9]+)/USDC:USDC$|hyperliquid[^/]*/([A-Z0-9]+-[A-Z0-9]+)USDC$")
"""A builder's market on Hyperliquid, ``XYZ-BTC/USDC:USDC``: its terms are not those of the venue's BTC."""

_COINS = frozenset(
    ("BTC", "ETH", "SOL", "XRP", "DOGE", "LINK", "PEPE", "TRB", "BNB", "ADA", "AVAX", "LTC", "DOT", "BCH", "TRX", "TON", "UNI",
     "AAVE", "SUI", "APT", "ARB", "NEAR", "FIL", "ATOM", "ETC", "XLM", "XMR", "HYPE", "SHIB", "BONK", "FLOKI", "WIF", "INJ"),
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
        As venues write it (``BTCUSDT``, ``1000PEPEUSDT``, ``kPEPE``, ``BTC-USDT-SWAP``, ``BTC/USDT:USDT``, ``BTCUSD_PERP``) or
        as files are called (``eth_1h``, ``bybit_1h/BTCUSDT``).

    Notes
    -----
    Settled in the coin: ``BTC/USD:BTC``, and by the custom of Binance, Bybit and OKX ``BTCUSD``, ``BTCUSD_PERP`` and
    ``BTC-USD-SWAP``. ``BTC-USD`` alone is dYdX's, which settles in USDC.

    Examples
    --------
    >>> contract_of("eth_1h").coin, contract_of("kPEPE").coin, contract_of("BTC-USDT-SWAP").symbol
    ('ETH', '1000PEPE', 'BTCUSDT')
    >>> contract_of("BTC/USD:BTC").inverse, contract_of("prices")
    (True, None)
    """
    if built := _BUILT.search(text):
        return Contract((built[1] or built[2]).upper(), "USDC")
    unified = re.search(r"([A-Za-z0-9]+)/([A-Za-z]+)(?::([A-Za-z]+))?$", text)
    if unified and unified[2].upper() in _QUOTES:
        coin, quote, settle = (part.upper() if part else "" for part in (_coin(unified[1]), unified[2], unified[3]))
        return Contract(coin, quote, bool(settle) and settle == coin)
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", text.rpartition("/")[2]) if part]
    for number, part in enumerate(parts):
        following = [other.upper() for other in parts[number + 1 :]]
        if found := _of_part(part, following):
            return found
    return None


def _of_part(part: str, following: list[str]) -> Contract | None:
    upper = part.upper()
    for quote in _QUOTES:
        if upper.endswith(quote) and len(upper) > len(quote) + 1:
            return Contract(_coin(part[: -len(quote)]), quote, quote == "USD")
    coin = _coin(part)
    plain = coin.removeprefix("1000")
    if following and following[0] in _QUOTES and (plain in _COINS or part.isupper()):
        quote, words = following[0], following[1:]
        return Contract(coin, quote, quote == "USD" and bool(set(words) & set(_WORDS)))
    return Contract(coin) if plain in _COINS else None


def _coin(text: str) -> str:
    """Return a coin's usual name; a leading k or 1000 before a coin counts a thousand of it."""
    upper = text.upper()
    if (text[:1] == "k" and text[1:].isupper()) or (upper[:1] == "K" and upper[1:] in _COINS):
        return f"1000{upper[1:]}"
    return _ALIASES.get(upper, upper)
