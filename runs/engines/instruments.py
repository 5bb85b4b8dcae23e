"""Which contract a run trades, by what terms: from its settings, its market's name, and the days that the market spans."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.market import market_ids
from datafeeds.catalog.terms import terms_file
from datafeeds.funding import settlement_interval
from datafeeds.schema import Market
from datafeeds.symbols import contract_of
from indicators.liquidation.model import SECONDS_PER_HOUR
from runs.engines.configuration import Configuration
from runs.perpetual.costs import check_leverage
from runs.perpetual.orders import PRICES
from runs.venues.instruments import Instrument, Listing
from runs.venues.profiles import listing, profiles_of
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy
from strategies.rule import history_of
from strategies.sizing import check_volatility_target


def listing_for(configuration: Configuration, market: Market) -> Listing:
    """Return the terms in force on a market's days.

    A simulated market knows neither days nor ticks: the venue's newest terms and BTC's brackets hold throughout.

    Raises
    ------
    ValueError
        For a venue's file that cannot be read or holds no venue, or a contract that it has no terms for.
    """
    wanted, chosen = configuration.instrument, None
    if wanted.symbol or not market.simulated:
        chosen = contract_of(wanted.symbol or market.name)
    venue, own = wanted.venue, _kept_profiles(configuration)
    if venue.endswith(".toml"):
        own = profiles_of(_text(Path(venue)), venue)
        venue = own[0]["venue"]
    if market.simulated and chosen is None:
        found = Listing((listing(venue, None, own).newest,))
    else:
        first, last = (time.astype("datetime64[D]").item() for time in market.times[[0, -1]])
        found = listing(venue, chosen, own).between(first, last)
    stand_ins = (*found.stand_ins, *_other_pace(market, found.newest))
    return Listing(tuple(wanted.changed(item) for item in found.instruments), stand_ins, found.brackets_since)


def _other_pace(market: Market, held: Instrument) -> Iterable[str]:
    """Yield that the data's funding settles more or less often than the venue's; nothing where it is doubted already."""
    columns = market.columns()
    if (
        any(defect.kind == "funding" for defect in market.quality.defects)
        or not np.isnan(columns["funding_rate_within"]).all()
    ):
        return
    seconds = market.times.astype("datetime64[s]").astype(np.int64)
    interval = settlement_interval(seconds, columns["funding_rate"], market.bar_seconds)
    if interval is not None and interval != held.funding_interval_hours * SECONDS_PER_HOUR:
        hours, known = interval / SECONDS_PER_HOUR, held.funding_interval_hours
        yield (
            f"the data's funding, settled every {hours:g} h, stands in for {held.venue}'s, as far as is known every {known:g} h; "
            "name the data's venue with --set venue"
        )


def _kept_file(configuration: Configuration) -> Path | None:
    """Return the file in which the catalog keeps the terms of a run's market, if it has one."""
    data = configuration.data or ""
    named = () if Path(data).exists() else market_ids(data)
    if not named:
        return None
    file = terms_file(catalog_root(configuration.catalog), named[0].venue, named[0].symbol)
    return file if file.is_file() else None


def _kept_profiles(configuration: Configuration) -> list[dict[str, Any]]:
    file = _kept_file(configuration)
    return profiles_of(_text(file), str(file)) if file else []


def file_digests(configuration: Configuration, venues: Iterable[str]) -> tuple[str, ...]:
    """Return the SHA-256 of the files that hold terms of venues or of the market; what ships is part of the code.

    Raises
    ------
    ValueError
        For a file that cannot be read.
    """
    kept = _kept_file(configuration)
    named = [Path(venue) for venue in sorted({venue for venue in venues if venue.endswith(".toml")})]
    return tuple(hashlib.sha256(_text(file).encode()).hexdigest() for file in (*named, *([kept] if kept else [])))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise ValueError(f"{path}: the venue's file cannot be read ({reason})") from None


def checked_listing(configuration: Configuration, market: Market) -> Listing:
    """Return the terms as `listing_for` does; raises as it, `check_tradable` and `check_history` do."""
    found = listing_for(configuration, market)
    check_tradable(configuration, market, found)
    kind: Any = load_strategy(configuration.strategy)
    if issubclass(kind, PerpetualStrategy):
        check_history(configuration, market, history_of(kind, kind.parameters_kind(**configuration.rule)))
    return found


def check_tradable(configuration: Configuration, market: Market, found: Listing) -> None:
    """Raise ValueError for an inverse contract, and for settings with which the account could never open anything.

    These are a leverage that the venue does not allow, and a volatility target on bars for which no volatility is forecast.
    """
    check_volatility_target(configuration.sizing, market.bar_seconds)
    if found.newest.inverse:
        raise ValueError(
            f"{market.name}: {found.newest.symbol} is settled in its coin, and backtests account for linear contracts alone; "
            "runs.analyze reads it (if it is linear, say so: --set symbol=BTCUSDT)"
        )
    check_leverage(configuration.costs, found.instruments)


def check_history(configuration: Configuration, market: Market, history: int) -> None:
    """Raise ValueError for a rule that sees more bars, `history`, than there are."""
    if history > len(market):
        raise ValueError(
            f"strategy {configuration.strategy} sees {history:,} bars and {market.name} has {len(market):,}: its rule would "
            "never be asked; give more bars, or let it see fewer"
        )


def smallest_step(found: Listing) -> float:
    """Return the smallest contract step of a listing, base coin: sizes are cut to the one in force when orders are sent."""
    return min(item.contract_step for item in found.instruments)


def market_prices(market: Market, found: Listing | None = None, out: np.ndarray | None = None) -> np.ndarray:
    """Return a market as (n,) of `PRICES`, with the terms in force; without a listing they are the first throughout.

    They are written to `out` where it is given.
    """
    columns = market.columns()
    prices = np.empty(len(market), dtype=PRICES) if out is None else out
    for name in PRICES.names or ():
        if name != "terms":
            prices[name] = columns[name]
    prices["terms"] = 0 if found is None else found.rows(market.times)
    return prices
