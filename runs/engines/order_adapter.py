"""The order desk: backtrader's orders on one side, the rows that `process_bar` works on on the other."""

import math
from collections.abc import Callable
from typing import Any

import backtrader as bt
import numpy as np

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.orders import CANCELLED, ORDER, REFUSED, SENT, STOP_LIMIT, WAITING, WORKING

KINDS = {bt.Order.Market: MARKET, bt.Order.Limit: LIMIT, bt.Order.Stop: STOP, bt.Order.StopLimit: STOP_LIMIT}
"""backtrader's kinds of orders, and ours."""

_FIRST_ROOM = 64  # rows of room to begin with; doubled when full


class OrderDesk:
    """Working orders of one account.

    Parameters
    ----------
    broker
        Whom orders are submitted to, in backtrader's sense.
    tell
        Called with an order whose state has changed without a fill.

    Attributes
    ----------
    rows, count
        Rows of `ORDER` in the order of their submission; the first `count` are valid.
    """

    def __init__(self, broker: Any, tell: Callable[[Any], None]) -> None:
        self.rows, self.count = np.zeros(_FIRST_ROOM, dtype=ORDER), 0
        self._broker, self._tell = broker, tell
        self._alive: dict[int, Any] = {}
        self._held_back: dict[int, list[Any]] = {}  # brackets whose last order has not been sent yet
        self._sent, self._expiring = 0, False

    def receive(self, order: Any, oco: Any, below_step: bool = False) -> None:
        """Take an order in; a bracket waits until its last order has come. What is smaller than one step is rejected.

        Raises
        ------
        ValueError
            For a kind of order that is not known, or a size that is none.
        """
        if order.exectype not in KINDS:
            name = order.getordername()
            raise ValueError(f"PerpetualBroker knows no {name} orders: use Market, Limit, Stop or StopLimit")
        if not (order.size and math.isfinite(order.size)):
            raise ValueError(f"an order needs a finite size other than zero, not {order.size}")
        # Numbered by this desk: backtrader counts orders across all runs of a process.
        order.number, self._sent = self._sent, self._sent + 1
        order.group = -1 if oco is None else getattr(oco, "group", -1)
        if oco is not None and order.group < 0:
            order.group = oco.group = oco.number
            if oco.number in self._alive:
                self._row_of(oco.number)["group"] = oco.number
        if below_step:
            order.reject(self._broker)
            self._tell(order)
            return
        first = order.parent.number if order.parent is not None else order.number
        if not order.transmit:
            self._held_back.setdefault(first, []).append(order)
            return
        for waiting in (*self._held_back.pop(first, ()), order):
            self._enter(waiting)

    def _enter(self, order: Any) -> None:
        if self.count == len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros(len(self.rows), dtype=ORDER)])
        parent = order.parent
        waits = parent is not None and parent.alive()
        if parent is not None and not waits and parent.status != bt.Order.Completed:
            order.reject(self._broker)
            self._tell(order)
            return
        row = self.rows[self.count]
        row["id"], row["kind"], row["size"] = order.number, KINDS[order.exectype], order.size
        row["price"] = order.created.price if order.exectype != bt.Order.Market else math.nan
        row["limit"] = order.created.pricelimit if order.exectype == bt.Order.StopLimit else math.nan
        row["parent"] = parent.number if parent is not None else -1
        row["group"], row["state"], row["book"] = order.group, WAITING if waits else WORKING, SENT
        self.count += 1
        self._alive[order.number] = order
        self._expiring = self._expiring or order.valid is not None
        order.submit(self._broker)
        self._tell(order)
        order.accept(self._broker)
        self._tell(order)

    def cancel(self, order: Any) -> bool:
        """Cancel a working order; with it its children, or the other orders of its bracket."""
        if order.number not in self._alive:
            return False
        family = order.parent.number if order.parent is not None else order.number
        for row in self.rows[: self.count]:
            related = row["id"] == order.number or row["parent"] == family
            if related and row["state"] <= WORKING:
                row["state"] = CANCELLED
        self.settle()
        return True

    def expire(self) -> None:
        """End the orders whose time is over, before they meet the bar."""
        if not self._expiring:
            return
        for number, order in list(self._alive.items()):
            if order.valid is not None and order.expire():
                self._row_of(number)["state"] = CANCELLED
                del self._alive[number]
                self._tell(order)

    def filled(self, number: int) -> Any:
        """Return the order of a fill, which works no longer; None for what no order caused."""
        return self._alive.pop(number, None)

    def settle(self) -> None:
        """Tell of the orders that ended without a fill, and drop all rows that work no longer."""
        rows = self.rows[: self.count]
        for row in rows[rows["state"] > WORKING]:
            order = self._alive.pop(int(row["id"]), None)
            if order is not None:  # a filled one has been told already
                (order.margin if row["state"] == REFUSED else order.cancel)()
                self._tell(order)
        kept = rows[rows["state"] <= WORKING].copy()
        self.count = len(kept)
        self.rows[: self.count] = kept

    def _row_of(self, number: int) -> Any:
        return next(row for row in self.rows[: self.count] if row["id"] == number)
