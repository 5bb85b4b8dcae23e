"""Which contract is traded: the parameters by which a user names it or puts values of his own in place of the venue's."""

from dataclasses import dataclass, replace

from datafeeds.symbols import contract_of
from indicators.liquidation.parameter_fields import check, parameter, unknown
from runs.venues.instruments import Instrument, Listing
from runs.venues.profiles import listing, venue_names


@dataclass(frozen=True)
class InstrumentParameters:
    """The venue and the contract; what is None is the venue's own."""

    venue: str = parameter(
        "binance", unit="name of a venue, or a TOML file", source="the most brackets by date (docs/instruments.md)"
    )
    symbol: str = parameter("", unit="contract; empty: read from the data's name", source="the data's name")
    price_tick: float | None = parameter(
        None, unit="quote; 0: prices are not rounded", low=0.0, high=1e9, source="the venue's, by date"
    )
    contract_step: float | None = parameter(None, unit="base coin", low=1e-12, high=1e12, source="the venue's, by date")
    smallest_notional: float | None = parameter(None, unit="quote", low=0.0, high=1e9, source="the venue's, by date")

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)
        if not self.venue.endswith(".toml") and self.venue not in venue_names():
            raise ValueError(unknown("venue", self.venue, venue_names()))
        if self.symbol and contract_of(self.symbol) is None:
            raise ValueError(f"symbol = {self.symbol!r} names no contract: write it like ETHUSDT")

    def changed(self, instrument: Instrument) -> Instrument:
        """Return an instrument with these values in place of the venue's."""
        own = {name: getattr(self, name) for name in ("price_tick", "contract_step", "smallest_notional")}
        return replace(instrument, **{name: value for name, value in own.items() if value is not None})


def default_listing() -> Listing:
    """Return what a broker trades that no contract is named to: Binance's newest fees and BTC's brackets, prices unrounded."""
    found = listing("binance", None)
    return replace(found, instruments=(found.newest,))
