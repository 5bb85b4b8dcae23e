"""The market's loop: price, mark, liquidations and their push, step by step; traders, bar by bar."""

import math
from typing import NamedTuple

import numpy as np

from datafeeds.simulated.accounts import Population
from datafeeds.simulated.book import Book
from datafeeds.simulated.exogenous import Exogenous
from datafeeds.simulated.liquidation_engine import liquidate
from datafeeds.simulated.openings import open_accounts
from datafeeds.simulated.parameters import STEPS, SimulationParameters
from datafeeds.simulated.pull import Pull, set_pull
from datafeeds.simulated.traders import Habits, begin_bar, close_bar
from indicators.liquidation.compiled import Record, allocation_free, compiled

_TRAVEL = 0.8  # share of a step's seconds in which the exogenous price travels; a cascade's rounds share the rest
_FASTER = 0.2  # seconds of a round over those of the one before, so that all of them fit into the step
_AVERAGING = (
    0.33  # weight of a new step in the average basis: 2.5 minutes, as Binance averages, where a step is a minute
)


class Rules(NamedTuple):
    """The venue's and the price's constants for one length of bar."""

    step_seconds: float
    keep: float  # of the memory of forced flow, a step
    arbitrage: float


def rules(hours: float, p: SimulationParameters) -> Rules:
    """Return the constants for bars of `hours`."""
    return Rules(hours * 3600.0 / STEPS, 0.5 ** (hours / STEPS / p.impact_half_life), p.arbitrage)


@allocation_free
def _push(market: Record) -> float:
    """Return the log push of forced orders: the square root of the memory of their flow."""
    return math.copysign(math.sqrt(abs(market.memory)), market.memory)


@allocation_free
def _price(market: Record, tape: Record, rules: Rules, index: float, premium: float) -> None:
    """Set last and mark from the exogenous prices and the push.

    Notes
    -----
    The mark is the median of index, index plus average basis, and last, as on the venues; so it follows only part of a push.
    """
    push = _push(market)
    market.last = index + market.drift + premium + push
    basis = premium + (1.0 - rules.arbitrage) * push
    low, high = min(market.average, basis), max(market.average, basis)
    market.mark = index + market.drift + rules.arbitrage * push + min(max(0.0, low), high)
    tape.high, tape.low = max(tape.high, market.last), min(tape.low, market.last)
    tape.mark_high, tape.mark_low = max(tape.mark_high, market.mark), min(tape.mark_low, market.mark)


@allocation_free
def _step(
    book: Book, market: Record, tape: Record, rules: Rules, index: float, premium: float, unit: float, at: float
) -> None:
    """Move the price, liquidate what the mark reaches, and what the push of that reaches in turn, until nothing more falls."""
    before = market.mark
    market.drift += market.pull
    market.memory *= rules.keep
    basis = premium + (1.0 - rules.arbitrage) * _push(market)
    market.average += _AVERAGING * (basis - market.average)
    tape.basis += basis / STEPS
    _price(market, tape, rules, index, premium)
    span = _TRAVEL * rules.step_seconds
    while True:
        total = net = 0.0
        for side in range(2):
            forced = liquidate(book, side, before, market.mark, tape.bar, at, span)
            total += forced
            net += (2.0 * side - 1.0) * forced  # longs are sold, shorts bought back
        if total == 0.0 or unit == 0.0:
            break
        before, at = market.mark, at + span
        span *= _FASTER
        market.memory += unit * net
        _price(market, tape, rules, index, premium)


@allocation_free
def _begin(book: Book, market: Record, tape: Record, bar: int) -> None:
    begin_bar(book.tally[0])
    tape.bar, tape.basis = bar, 0.0
    tape.open = tape.high = tape.low = market.last
    tape.mark_high = tape.mark_low = market.mark


@allocation_free
def _end(book: Book, market: Record, tape: Record, rules: Rules, habits: Habits, pace: float, index: float) -> None:
    tally = book.tally[0]
    tape.close, tape.mark_close = market.last, market.mark
    tape.index = index + market.drift + rules.arbitrage * _push(market)
    bought = close_bar(book, habits, pace, market.last, tape.bar)
    tape.flow = tally.opened[0] + tally.closed[1] + tally.forced[1] + max(bought, 0.0)
    tape.open_interest = max(tally.standing[0], tally.standing[1])
    for side in range(2):
        tape.forced[side], tape.accounts[side] = tally.forced[side], tally.count[side]


@compiled
def run(
    book: Book, paths: Exogenous, accounts: Population, units: np.ndarray, tape: np.ndarray, market: Record,
    rules: Rules, habits: Habits, knobs: Pull, first_bar: int,
) -> None:  # fmt: skip
    """Run the market over all bars.

    Parameters
    ----------
    book
        An empty one, in which everything that happens is left.
    paths, accounts
        What happens whatever anybody does, and who comes.
    units
        (bars,) squared log push by a base coin of forced flow.
    tape
        (bars,) of `TAPE`, to be written.
    market
        A record of `MARKET`, last and mark set to where the price begins.
    first_bar
        Number of the first row: negative for a burn-in.
    """
    for row in range(len(tape)):
        _begin(book, market, tape[row], first_bar + row)
        for step in range(STEPS):
            index, premium = paths.efficient[row, step], paths.premium[row, step]
            _step(book, market, tape[row], rules, index, premium, units[row], step * rules.step_seconds)
            open_accounts(book, accounts, habits, row, step, paths.activity[row], market, first_bar + row)
        _end(book, market, tape[row], rules, habits, paths.pace[row], paths.efficient[row, STEPS - 1])
        set_pull(book, knobs, market, tape[row], paths.volatility[row])
