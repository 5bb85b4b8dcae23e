"""What a venue says of one contract."""

from dataclasses import dataclass

from datafeeds.errors import MarketError


@dataclass(frozen=True)
class Contract:
    """A perpetual.

    Attributes
    ----------
    venue, symbol
        Venue, and the unified symbol (``BTC/USDT:USDT``).
    id
        The venue's own name for it.
    settle
        Currency of settlement, lower case.
    size
        One contract: base coin for linear contracts, quote currency for inverse ones.
    inverse
        Whether it is settled in the base coin.
    listed_ms
        When it was listed, as far as the venue says.
    """

    venue: str
    symbol: str
    id: str
    settle: str
    size: float
    inverse: bool
    listed_ms: int | None = None

    @property
    def unit(self) -> str:
        """What its contracts count, in the words of `datafeeds.units`."""
        return "inverse contracts" if self.inverse else "contracts"


def interface_of(venue: str) -> str:
    """Return whose interface is asked for a venue: its own, and Coinalyze's for ``coinalyze-binance``."""
    return "coinalyze" if venue.startswith("coinalyze-") else venue


def check_symbol(venue: str, symbol: str) -> None:
    """Refuse a contract that the venue's interface is not read for, before anything is asked.

    Raises
    ------
    MarketError
        For Binance's contracts settled in their coin, and for Coinalyze without an exchange.
    """
    if venue == "coinalyze":
        raise MarketError("coinalyze tells of many exchanges, each by itself: name one, as --venue coinalyze-binance")
    if venue == "binance" and symbol.partition("/")[0] == symbol.rpartition(":")[2]:
        raise MarketError(
            f"{symbol[:40]}: binance's interface is read for USD-M contracts such as BTC/USDT:USDT, not for COIN-M's"
        )
