"""The universe that a configuration names."""

from datafeeds.universe.file import read_universe
from datafeeds.universe.markets import Universe
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
