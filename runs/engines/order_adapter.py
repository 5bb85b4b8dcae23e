"""The order desk: backtrader's orders on one side, the rows that `process_bar` works on on the other."""

import math
from collections.abc import Callable
from typing import Any

import backtrader as bt
import numpy as np

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.intents import BOOK
from runs.perpetual.orders import (
    ADDS,
    CANCELLED,
    CLOSES,
    EXPIRED,
    ORDER,
    REDUCES,
    REFUSED,
    SENT,
    STOP_LIMIT,
    WAITING,
    WORKING,
)

KINDS = {
    bt.Order.Market: MARKET, bt.Order.Limit: LIMIT, bt.Order.Stop: STOP, bt.Order.StopLimit: STOP_LIMIT,
    bt.Order.StopTrail: STOP,
}  # fmt: skip
"""backtrader's kinds of orders, and ours; a `StopTrail` is a stop that trails."""

NAMES = {MARKET: bt.Order.Market, LIMIT: bt.Order.Limit, STOP: bt.Order.Stop, STOP_LIMIT: bt.Order.StopLimit}
"""Our kinds of orders, and backtrader's."""

_ROLES = {"reduces": REDUCES, "closes": CLOSES, "adds": ADDS}

_FIRST_ROOM = 64  # rows of room to begin with; doubled when full


def further_fields(order: Any, bar: int) -> dict[str, float]:
    """Return what an order's row says beyond kind, size and prices: what it trails, and what its sender has added in our words.

    Those are ``role`` ("reduces", "closes" or "adds"), ``post_only``, ``good_for_bars``, ``after_bars`` (of a market order that
    waits for its parent) and ``break_even_at`` (of a stop), as further arguments of backtrader's `buy` and `sell`.

    Raises
    ------
    ValueError
        For a role that is none, or a trailing stop without its distance.
    """
    said = order.info
    role = said.get("role")
    if role is not None and role not in _ROLES:
        raise ValueError(f"role = {role!r} is none of {', '.join(_ROLES)}")
    trails = order.exectype == bt.Order.StopTrail
    if trails and not (order.trailamount and order.trailamount > 0.0 and not order.trailpercent):
        raise ValueError(
            "a StopTrail order needs trailamount, a distance in quote above 0: it stays the same all the time"
        )
    return {
        "role": _ROLES.get(role, 0),
        "post_only": int(bool(said.get("post_only"))),
        "expires": bar + int(said["good_for_bars"]) if said.get("good_for_bars") else 0,
        "starts": int(said.get("after_bars") or 0),
        "arms_at": float(said.get("break_even_at") or 0.0),
        "trail": float(order.trailamount) if trails else 0.0,
    }


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
        self._entry = -1  # the last one that an intent has sent

    def receive(self, order: Any, oco: Any, below_step: bool = False) -> None:
        """Take an order in; a bracket waits until its last order has come. What is smaller than one step is rejected.

        Raises
        ------
        ValueError
            For a kind of order that is not known, or a size that is none.
        """
        if order.exectype not in KINDS:
            name = order.getordername()
            raise ValueError(f"PerpetualBroker knows no {name} orders: use Market, Limit, Stop, StopLimit or StopTrail")
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

    def book(self, most: int) -> np.ndarray:
        """Return (1,) of `BOOK` of the rows, which have room for `most` more."""
        if self.count + most > len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros(len(self.rows) + most, dtype=ORDER)])
        return np.array([(self.count, self._sent, self._entry)], dtype=BOOK)

    def announce(self, book: np.ndarray, order_of: Callable[[Any, Any], Any]) -> None:
        """Take over rows that have been written and cancelled; `order_of` makes an order of a row and its parent's order."""
        new = int(book["count"][0]) - self.count
        if new == self.count == 0:
            return
        self.count, self._sent, self._entry = (int(book[name][0]) for name in ("count", "sent", "entry"))
        if (self.rows["state"][: self.count] > WORKING).any():
            self.settle()
        for row in self.rows[self.count - new : self.count]:
            order = order_of(row, self._alive.get(int(row["parent"])))
            order.number, order.group = int(row["id"]), -1
            self._accept(order)

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
        if order.exectype == bt.Order.StopTrail and waits and order.p.price is None:
            row["price"] = math.nan  # it begins where its parent is filled
        row["limit"] = order.created.pricelimit if order.exectype == bt.Order.StopLimit else math.nan
        row["parent"] = parent.number if parent is not None else -1
        row["group"], row["state"], row["book"] = order.group, WAITING if waits else WORKING, SENT
        for name, value in order.further.items():
            row[name] = value
        self.count += 1
        self._expiring = self._expiring or order.valid is not None
        self._accept(order)

    def _accept(self, order: Any) -> None:
        self._alive[order.number] = order
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
                if row["state"] == EXPIRED:
                    order.status = bt.Order.Expired
                else:
                    (order.margin if row["state"] == REFUSED else order.cancel)()
                self._tell(order)
        kept = rows[rows["state"] <= WORKING].copy()
        self.count = len(kept)
        self.rows[: self.count] = kept

    def _row_of(self, number: int) -> Any:
        return next(row for row in self.rows[: self.count] if row["id"] == number)
