"""The broker of one account in several markets: a `PerpetualBroker` for each keeps its orders, one compiled call takes all."""

from collections.abc import Sequence
from typing import Any

import backtrader as bt
import numpy as np

from runs.engines.broker import PerpetualBroker
from runs.perpetual.accounting import FILL
from runs.perpetual.costs import CostParameters
from runs.perpetual.intents import BOOK
from runs.perpetual.joint_account import new_members, side_by_side
from runs.perpetual.joint_matching import MAX_JOINT_EVENTS, process_step
from runs.perpetual.orders import ORDER


class JointBroker(bt.BrokerBase):  # type: ignore[misc]
    """One account in several linear perpetuals, a data feed each.

    Parameters (backtrader's): ``costs`` a `CostParameters`; ``listings`` the contracts' terms, one a feed; ``leaves`` the last bar
    of each market that leaves before the others (-1: it stays); ``shares`` (t, k) each market's share of equity at each step, by
    default the same for all.

    The feeds must be preloaded, as backtrader does unless told otherwise.
    """

    params = (("costs", None), ("listings", None), ("leaves", None), ("shares", None))

    def __init__(self) -> None:
        """Open the account."""
        super().__init__()
        costs = self.p.costs or CostParameters()
        self.books = [PerpetualBroker(costs=costs, listing=listing) for listing in self.p.listings]
        self.accounts = np.concatenate([book.account for book in self.books])
        for k, book in enumerate(self.books):
            book.account = self.accounts[k : k + 1]
        self.equities: list[float] = []
        self._costs, self._bound, self._step, self._equity = costs, False, -1, costs.starting_cash
        self._bars = [-1] * len(self.books)
        self._worth = [costs.starting_cash] * len(self.books)  # the start, and what each market has earned
        self._clocks: list[Any] = []
        self._counts = np.zeros(len(self.books), dtype=BOOK)
        self._orders, self._lines = (np.zeros((len(self.books), 1), dtype=kind) for kind in (ORDER, FILL))

    @property
    def startingcash(self) -> float:
        """Starting cash, quote (backtrader's name)."""
        return float(self.accounts["start"][0])

    def getcash(self) -> float:
        """Return what is free to open with at the last closes, quote."""
        return self._equity - float(self._members["initial"].sum()) if self._bound else self._equity

    def getvalue(self, datas: Any = None) -> float:
        """Return equity at the last closes, quote; for a list of datas the signed notional held in them."""
        if datas is None:
            return self._equity
        books = [book for book in self.books if any(data is book._data for data in datas)]
        return sum(book.getvalue([book._data]) for book in books)

    get_cash, get_value = getcash, getvalue

    def getposition(self, data: Any) -> Any:
        """Return the position in a feed's market."""
        return self._book(data).position

    def getcommissioninfo(self, data: Any) -> Any:
        """Return what trading a feed's market costs, in backtrader's form."""
        return self._book(data).getcommissioninfo(data)

    def get_notification(self) -> Any:
        """Return the next order that changed, or None."""
        return next(filter(None, (book.get_notification() for book in self.books)), None)

    def buy(self, owner: Any, data: Any, *args: Any, **details: Any) -> Any:
        """Take a buy order from a strategy (backtrader's interface)."""
        return self._book(data).buy(owner, data, *args, **details)

    def sell(self, owner: Any, data: Any, *args: Any, **details: Any) -> Any:
        """Take a sell order from a strategy (backtrader's interface)."""
        return self._book(data).sell(owner, data, *args, **details)

    def cancel(self, order: Any) -> bool:
        """Cancel a working order, as `PerpetualBroker` does."""
        return self._book(order.data).cancel(order)

    def carry_out(self, owner: Any, *intent: Any) -> None:
        """Send what a rule's intent asks for in its market, with the market's share of equity."""
        feed = owner.p.feed
        share = 1.0 / len(self.books) if self.p.shares is None else float(self.p.shares[self._step, feed])
        self.books[feed].carry_out(owner, *intent, share)

    def next(self) -> None:
        """Take the account through the bars that have just closed; called once a step, before the strategies."""
        if not self._bound:
            self._bind()
        bars = [clock.lencount - 1 for clock in self._clocks]
        fresh = [k for k, bar in enumerate(bars) if bar > self._bars[k]]
        if not fresh:
            return
        self._bars, self._step = bars, self._step + 1
        for k in fresh:
            self.books[k]._bar = bars[k]
        active = [k for k, book in enumerate(self.books) if book._desk.count or book.position.size]
        if active:
            self._process(fresh, active)
        self.equities.append(self._equity)
        for k in fresh:
            book = self.books[k]
            book.equities.append(self._worth[k])
            book.positions.append(book.position.size)

    def _process(self, fresh: list[int], active: list[int]) -> None:
        """Lay the orders of all markets side by side, take the account through the step, and give each market its own back."""
        members, there = self._members, set(fresh)
        for k in fresh:
            self.books[k]._desk.expire()
        most = max(book._desk.count for book in self.books)
        if most > self._orders.shape[1]:
            self._orders = np.zeros((len(self.books), 2 * most), dtype=ORDER)
        if most + MAX_JOINT_EVENTS > self._lines.shape[1]:
            self._lines = np.zeros((len(self.books), 2 * most + MAX_JOINT_EVENTS), dtype=FILL)
        self._counts["count"] = [book._desk.count for book in self.books]
        for k in active:
            desk = self.books[k]._desk
            if desk.count:
                self._orders[k, : desk.count] = desk.rows[: desk.count]
        members["bar"] = [bar if k in there else -1 for k, bar in enumerate(self._bars)]
        members["lines"] = 0
        self._equity = process_step(
            self.accounts, self._orders, self._counts, members, self._prices, self._records, self._tiers, self._lines
        )
        self._worth = (self.startingcash + members["profit"]).tolist()
        lines, over = members["lines"].tolist(), members["over"].tolist()
        for k in active:
            if k in there and (lines[k] or self.books[k]._desk.count):
                self._take_back(self.books[k], self._orders[k], self._lines[k, : lines[k]], over[k])
        for book in self.books:
            book._equity = self._equity

    def _take_back(self, book: PerpetualBroker, orders: np.ndarray, lines: np.ndarray, over: int) -> None:
        before, count = book._lines, book._desk.count
        book._desk.rows[:count] = orders[:count]
        book._make_room(len(lines))
        book._ledger[before : before + len(lines)] = lines
        book._lines = before + len(lines)
        book._tell_of_bar(before, over)

    def _bind(self) -> None:
        datas = self.cerebro.datas
        if len(datas) != len(self.books):
            raise ValueError(
                f"JointBroker has terms of {len(self.books)} markets, and there are {len(datas)} data feeds"
            )
        for book, data in zip(self.books, datas, strict=True):
            book.cerebro = self.cerebro
            book._bind_to(data)
            if not book._whole:
                raise ValueError("JointBroker needs whole feeds: run cerebro with preload=True and exactbars=False")
        lengths = [len(book._prices) for book in self.books]
        leaves: Sequence[int] = self.p.leaves if self.p.leaves is not None else [-1] * len(self.books)
        self._members = new_members(lengths, [0] * len(lengths), leaves)
        self._prices = np.concatenate([book._prices for book in self.books])
        self._tiers = side_by_side(self._prices, lengths, [book._tiers for book in self.books])
        self._records = np.concatenate([book._costs for book in self.books])
        self._clocks, self._bound = [book._clock for book in self.books], True

    def _book(self, data: Any) -> PerpetualBroker:
        for k, known in enumerate(self.cerebro.datas):
            if known is data:
                return self.books[k]
        raise ValueError("JointBroker trades the data feeds of its cerebro, and this is none of them")
