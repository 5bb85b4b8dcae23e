"""Our side of a comparison: a run of the event engine together with the orders that met each bar."""

from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np

from runs.engines import event
from runs.engines.broker import PerpetualBroker
from runs.engines.configuration import configuration_from
from runs.engines.instruments import market_prices
from runs.perpetual.accounting import FUNDING

STEP = 2.0**-8
"""Base coin: all sizes are multiples of it, so that an engine that knows whole units alone can take them exactly."""

UNFUNDED = ("funding_rate", "mark_high", "mark_low", "mark_close")
"""Columns of what the other engines do not know: funding, and a mark beside the last price."""


class RecordingBroker(PerpetualBroker):
    """A broker that keeps the rows of `ORDER` that meet each bar, and the ids that still work after it."""

    def __init__(self):
        super().__init__()
        self.books, self.alive = [], []

    def next(self):
        known, book = self._bar, self._desk.rows[: self._desk.count].copy()
        super().next()
        if self._bar != known:
            self.books.append(book)
            self.alive.append(set(self._desk.rows["id"][: self._desk.count].tolist()))


@dataclass(frozen=True)
class Run:
    """What ours did: (n,) of `PRICES`, the orders that met each bar, what the strategy cancelled, ledger, and equity."""

    prices: np.ndarray
    books: list[np.ndarray]
    alive: list[set[int]]
    fills: np.ndarray
    equity: np.ndarray
    position: np.ndarray
    account: np.ndarray
    costs: np.void

    def sent(self, bar):
        """Return the orders sent at the close of a bar, in the order of their submission."""
        if bar + 1 >= len(self.books):
            return []
        return [row for row in self.books[bar + 1] if int(row["id"]) not in self.alive[bar]]

    def cancelled(self, bar):
        """Return the ids of the orders that the strategy cancelled at the close of a bar, and of those that ended unfilled."""
        if bar + 1 >= len(self.books):
            return set()
        filled = set(self.fills["order"][self.fills["bar"] == bar].tolist())
        ended = set(self.books[bar]["id"].tolist()) - self.alive[bar] - filled
        return (self.alive[bar] - set(self.books[bar + 1]["id"].tolist())) | ended

    @property
    def trades(self):
        """The ledger's lines but funding, by bar and order."""
        lines = self.fills[self.fills["kind"] != FUNDING]
        return lines[np.lexsort((lines["order"], lines["bar"]))]


def jumping(market):
    """Return every third bar of a market as if there were no others, so that opens jump over orders."""
    frame = market.frame.iloc[::3].reset_index(drop=True)
    return replace(market, frame=frame.assign(ts=market.frame["ts"].iloc[: len(frame)].to_numpy()))


def unfunded(market):
    """Return a market without funding and mark."""
    return replace(market, frame=market.frame.drop(columns=[name for name in UNFUNDED if name in market.frame]))


def run_ours(market, strategy, rule=None, sizing=None, **costs):
    """Run a strategy in the event engine, with fees that stay the same and no slippage unless asked for.

    No order may be refused. Sizes are multiples of `STEP`.
    """
    costs = {"slippage_bps": 0.0, "starting_cash": 1e6, "maker_fee_bps": 2.0, "taker_fee_bps": 5.0, **costs}
    configuration = configuration_from(
        {
            "strategy": strategy,
            "rule": rule or {},
            "sizing": sizing or {},
            "costs": costs,
            "instrument": {"contract_step": STEP},
        }
    )
    kept = []

    def recording(**parameters):
        kept.append(RecordingBroker(**parameters))
        return kept[0]

    with patch.object(event, "PerpetualBroker", recording):
        result = event.run_backtest(configuration, market)
    account, broker = result.account[0], kept[0]
    assert not any(account[name] for name in account.dtype.names if name.startswith("refused"))
    return Run(
        market_prices(market), broker.books, broker.alive, result.fills, result.equity, result.position, result.account,
        configuration.costs.records(result.listing.instruments)[0],
    )  # fmt: skip
