"""The simulated market: a canonical frame, and with it the truth that no real market tells."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datafeeds.schema import Market, market_from_frame
from datafeeds.simulated.accounts import accounts_per_bar, population
from datafeeds.simulated.book import Book, empty_book
from datafeeds.simulated.columns import SETTLEMENT_SECONDS, flow_columns, funding_rates, price_columns
from datafeeds.simulated.exogenous import Exogenous, exogenous_paths
from datafeeds.simulated.feed import passed
from datafeeds.simulated.ledger import MARKET, OPEN, TAPE
from datafeeds.simulated.liquidation_engine import TIERS
from datafeeds.simulated.loop import rules, run
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.simulated.pull import pull
from datafeeds.simulated.traders import habits

_STREAMS = 13  # five for the paths, six for the accounts, two for volume


@dataclass(frozen=True)
class SimulatedMarket:
    """A simulated market and its truth.

    Attributes
    ----------
    market
        What a user of market data sees.
    ledger
        Every position that stood at some time from the first bar's open on, of `LEDGER`, ordered by `opened_bar`.
    prints
        Every forced order, of `PRINT`, in the order of time.
    index
        (n,) index price at each bar's close, quote per base.
    exogenous
        (n,) price at each bar's close if no account had moved it.
    parameters
        The market's constants.
    """

    market: Market
    ledger: np.ndarray
    prints: np.ndarray
    index: np.ndarray
    exogenous: np.ndarray
    parameters: SimulationParameters


def simulate(
    seed: int = 7,
    bars: int = 8760,
    bar_seconds: int = 3600,
    start: str = "2024-01-01",
    parameters: SimulationParameters | None = None,
) -> Market:
    """Return a simulated market.

    Parameters
    ----------
    seed
        The same seed gives the same bytes, and a longer run begins with the shorter one.
    bars, bar_seconds
        How many bars of which length (a divisor of 8 hours).
    start
        Open of the first bar, UTC.
    parameters
        The market's constants.

    Raises
    ------
    ValueError
        For fewer than two bars, or a bar length that does not divide 8 hours.
    """
    return simulate_with_truth(seed, bars, bar_seconds, start, parameters).market


def simulate_with_truth(
    seed: int = 7,
    bars: int = 8760,
    bar_seconds: int = 3600,
    start: str = "2024-01-01",
    parameters: SimulationParameters | None = None,
    surroundings: Callable[[Exogenous], Exogenous] | None = None,
) -> SimulatedMarket:
    """Return a simulated market with its ledger; parameters and errors as of `simulate`.

    `surroundings` makes of the market's own exogenous paths, burn-in included, those that it trades on: what moves other markets
    too. Without it they stay.
    """
    p = parameters or SimulationParameters()
    if bars < 2 or bar_seconds <= 0 or SETTLEMENT_SECONDS % bar_seconds:
        raise ValueError(f"bars = {bars} must be at least 2 and bar_seconds = {bar_seconds} must divide 8 hours")
    hours = bar_seconds / 3600.0
    burnt = burn_in_bars(bar_seconds, p)
    # Whole seconds and nanoseconds, so that no time zone of the machine can enter.
    first = pd.Timestamp(start, tz="UTC").as_unit("ns").value
    opens = first + np.arange(bars, dtype=np.int64) * bar_seconds * 1_000_000_000
    # One stream a purpose: a knob that changes how often one is asked leaves the others where they are.
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(_STREAMS)]
    paths = _paths(streams[:5], burnt, bars, hours, first / 3.6e12, p, surroundings)
    book, tape = _history(streams[5:11], paths, burnt, hours, p)
    prints = _public_prints(book, p)
    columns = price_columns(tape[burnt:])
    columns |= flow_columns(streams[11:], tape[burnt:], prints, paths.volatility[burnt:], hours, p)
    columns["funding_rate"] = funding_rates(tape["basis"] - p.premium_mean, burnt, opens // 1_000_000_000, bar_seconds)
    frame = pd.DataFrame({"ts": pd.to_datetime(opens, utc=True), **columns})
    return SimulatedMarket(
        market=market_from_frame(frame, f"simulated-{seed}", simulated=True),
        ledger=_standing_ledger(book, bars),
        prints=prints,
        index=np.exp(tape["index"][burnt:]),
        exogenous=np.exp(paths.efficient[burnt:, -1] + paths.premium[burnt:, -1]),
        parameters=p,
    )


def burn_in_bars(bar_seconds: int, p: SimulationParameters) -> int:
    """Return how many bars run before the first that is shown."""
    return math.ceil(p.burn_in_hours / (bar_seconds / 3600.0))


def _paths(
    streams: list[np.random.Generator],
    burnt: int,
    bars: int,
    hours: float,
    first_hour: float,
    p: SimulationParameters,
    surroundings: Callable[[Exogenous], Exogenous] | None,
) -> Exogenous:
    """Return the exogenous paths, the index at the first bar's open at the first price."""
    paths = exogenous_paths(streams, burnt + bars, hours, first_hour - burnt * hours, p)
    paths = surroundings(paths) if surroundings else paths
    before = paths.efficient[burnt - 1, -1] if burnt else 0.0
    return paths._replace(efficient=paths.efficient + (math.log(p.first_price) - before))


def _history(
    streams: list[np.random.Generator], paths: Exogenous, burnt: int, hours: float, p: SimulationParameters
) -> tuple[Book, np.ndarray]:
    """Run the market, burn-in included, and return its book and tape."""
    bars = len(paths.volatility)
    book = empty_book(bars, accounts_per_bar(hours, p), TIERS)
    tape, market = np.zeros(bars, dtype=TAPE), np.zeros(1, dtype=MARKET)
    market["last"] = market["mark"] = paths.efficient[0, 0]
    accounts = population(streams, bars, hours, p)
    settings = rules(hours, p), habits(hours, p), pull(hours, p)
    run(book, paths, accounts, _impact_units(paths, hours, p), tape, market[0], *settings, -burnt)
    return book, tape


def _impact_units(paths: Exogenous, hours: float, p: SimulationParameters) -> np.ndarray:
    """Return (bars,) squared log push by a base coin of forced flow: ``(Y sigma_D)**2 / V_D`` of the square-root law.

    Notes
    -----
    Daily volume is the expected one, in proportion to volatility, so that what accounts do cannot enter.
    """
    hourly = paths.volatility / math.sqrt(hours)
    volume = 24.0 * p.hourly_volume * p.base_open_interest * hourly / max(p.hourly_volatility, 1e-300)
    scale = (p.impact * p.cascade_feedback) ** 2
    return np.divide(scale * 24.0 * hourly**2, volume, out=np.zeros_like(volume), where=volume > 0.0)


def _standing_ledger(book: Book, bars: int) -> np.ndarray:
    """Return the rows that ended within the bars, or not at all."""
    ledger = book.ledger[: book.tally["rows"][0]]
    ledger["ended_bar"][ledger["ending"] == OPEN] = bars
    return ledger[ledger["ended_bar"] >= 0]


def _public_prints(book: Book, p: SimulationParameters) -> np.ndarray:
    prints = book.prints[: book.tally["prints"][0]]
    prints = prints[prints["bar"] >= 0]
    prints = prints[np.lexsort((prints["second"], prints["bar"]))]
    prints["reported"] = passed(prints, p.report)
    return prints
