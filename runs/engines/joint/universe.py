"""The universe that a configuration names, or that is at hand in Python."""

from dataclasses import replace
from typing import Any

from datafeeds.markets import read
from datafeeds.schema import Market
from datafeeds.universe.file import read_universe
from datafeeds.universe.markets import Universe, from_markets
from datafeeds.universe.reading import open_universe
from runs.engines.configuration import Configuration


def load_universe(configuration: Configuration) -> Universe:
    """Return the markets that a configuration names, cut to its range.

    Raises
    ------
    MarketError
        As `open_universe` and `read_universe` do.
    """
    cut = configuration.start, configuration.end, configuration.timeframe
    if configuration.universe:
        return read_universe(configuration.universe, *cut, configuration.catalog)
    return open_universe(configuration.markets, *cut, configuration.mapping, configuration.catalog)


def read_traded(data: Any) -> Market | Universe:
    """Return what `datafeeds.markets.read` makes of data; of a list of these a universe.

    Raises
    ------
    MarketError
        If there is no such market, it breaks the schema, or several are no universe.
    """
    if isinstance(data, Universe):
        return data
    return from_markets([read(each) for each in data]) if isinstance(data, (list, tuple)) else read(data)


def in_memory(configuration: Configuration, universe: Universe, allocation: str) -> Configuration:
    """Return a configuration for a universe that is at hand: its markets by name."""
    return replace(configuration, markets=universe.names, allocation=allocation)
