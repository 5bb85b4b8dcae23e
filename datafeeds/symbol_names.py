"""What a contract's name says, however a venue or a file writes it: the one reader of all."""

import datetime
import re
from dataclasses import dataclass

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD")
_ALIASES = {"XBT": "BTC"}
_PERPETUAL = frozenset(("SWAP", "PERP", "PERPETUAL", "UMCBL", "DMCBL", "CMCBL"))
_KRAKEN = {"PF": False, "PI": True, "FI": True}
"""Kraken's kinds of contracts: whether they are settled in the coin."""

THOUSANDS = frozenset(("PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "NEIRO", "DOGS"))
"""Coins that Hyperliquid counts by the thousand; ccxt writes its ``kPEPE`` as KPEPE."""

_MANY = re.compile(r"(1000+|1M(?=[A-Z]{4}))?([A-Z].*?)(1000+)?")
_UNIFIED = re.compile(r"([^/]+)/([A-Za-z]+)(?::([A-Za-z0-9]+))?(?:-([0-9]{6}))?")
_BUILDERS = re.compile(r"([a-z0-9]+):([A-Za-z0-9]+)")
_BITFINEX = re.compile(r"t([A-Z0-9]+?)F0:USTF0")
_GLUED = re.compile(rf"(.+?)(?:({'|'.join(_QUOTES)})M?|PERP)", re.IGNORECASE)
_EXPIRY = re.compile(r"(?:20)?([0-9]{6})|([0-9]{1,2}[A-Z]{3}[0-9]{2})")


@dataclass(frozen=True)
class Symbol:
    """A contract as its name tells it.

    Attributes
    ----------
    base
        What it is written on, as the venue has it: ``BTC``, ``kPEPE``, a builder's ``XYZ-TSLA``.
    coin, units
        Which coin, and how many of it a unit is: ``PEPE`` and 1000.
    quote
        Currency of its price; empty where the name does not say.
    inverse
        Whether it is settled in the coin.
    expiry
        Day (``250627``) of one that ends; empty for a perpetual.
    """

    base: str
    coin: str
    units: int = 1
    quote: str = ""
    inverse: bool = False
    expiry: str = ""

    @property
    def unit(self) -> str:
        """What its sizes and prices count, one word however it is written: ``1000PEPE``."""
        return self.coin if self.units == 1 else f"{self.units}{self.coin}"


def read_symbol(text: str) -> Symbol:
    """Return what a contract's or a coin's name means; a name of no known form is a coin.

    Notes
    -----
    Settled in the coin: ``BTC/USD:BTC``, and by the custom of Binance, Bybit and OKX ``BTCUSD``, ``BTCUSD_PERP`` and
    ``BTC-USD-SWAP``. ``BTC-USD`` alone is dYdX's, which settles in USDC.

    Examples
    --------
    >>> [read_symbol(text).unit for text in ("BTCUSDT", "1000PEPE-USDT", "kPEPE", "SHIB1000USDT", "XBTUSD", "xyz:TSLA")]
    ['BTC', '1000PEPE', '1000PEPE', '1000SHIB', 'BTC', 'XYZ-TSLA']
    """
    if unified := _UNIFIED.fullmatch(text):
        base, quote, settle, expiry = unified[1], unified[2].upper(), (unified[3] or "").upper(), unified[4] or ""
        return _symbol(base, quote, bool(settle) and settle == base.upper(), expiry)
    if built := _BUILDERS.fullmatch(text):
        return _symbol(f"{built[1]}-{built[2]}".upper())
    if bitfinex := _BITFINEX.fullmatch(text):
        return _symbol(bitfinex[1], "USDT")
    first, *rest = re.split(r"[\W_]+", text) if re.match(r"[^\W_]", text) else [text]
    kind = _KRAKEN.get(first) if rest else None
    if kind is not None:
        first, *rest = rest
    words = [word.upper() for word in rest]
    glued = _GLUED.fullmatch(first)
    base, quote = (glued[1], (glued[2] or "").upper()) if glued else (first, "")
    if not glued and words and words[0] in _QUOTES:
        quote = words.pop(0)
    inverse = quote == "USD" and (bool(glued or _PERPETUAL & set(words)) if kind is None else kind)
    return _symbol(base, quote, inverse, next(filter(None, map(_expiry, words)), ""))


def _symbol(base: str, quote: str = "", inverse: bool = False, expiry: str = "") -> Symbol:
    upper = _ALIASES.get(base.upper(), base.upper())
    if (base[:1] == "k" and base[1:].isupper()) or (upper[:1] == "K" and upper[1:] in THOUSANDS):
        return Symbol(base, upper[1:], 1000, quote, inverse, expiry)
    many = _MANY.fullmatch(upper)
    if not many:
        return Symbol(upper, upper, 1, quote, inverse, expiry)
    before = 1_000_000 if many[1] == "1M" else int(many[1] or 1)
    return Symbol(upper, many[2], before * int(many[3] or 1), quote, inverse, expiry)


def _expiry(word: str) -> str:
    """Return the day that a word is, as ``250627``; empty if it is none."""
    match = _EXPIRY.fullmatch(word)
    if not match or match[1]:
        return match[1] if match else ""
    try:
        return datetime.datetime.strptime(match[2], "%d%b%y").strftime("%y%m%d")
    except ValueError:
        return ""
