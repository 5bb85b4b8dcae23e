"""The perpetual broker: backtrader's orders become rows, one compiled call takes them through a bar, fills come back.

All arithmetic is in `accounting` and `matching`; here is only the translation.
"""

import collections
import math
from typing import Any

import backtrader as bt
import numpy as np
from backtrader.order import BuyOrder, SellOrder
from backtrader.position import Position

from runs.engines.order_adapter import KINDS, NAMES, OrderDesk, further_fields
from runs.perpetual.accounting import (
    DELISTING,
    FILL,
    FUNDING,
    LIMIT,
    LIQUIDATION,
    MARKET,
    STOP,
    free_balance,
    open_account,
    opening_part,
)
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters, stacked_tiers
from runs.perpetual.intents import MOST_ORDERS, carry_out
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import PRICES, STOP_LIMIT, order_price, order_row, order_size, order_terms
from strategies.intent import Intent
from strategies.sizing import whole_steps


class PerpetualCommission(bt.CommInfoBase):  # type: ignore[misc]
    """Fractional sizes for backtrader's sizers and `order_target_*`: backtrader's own cuts them to whole numbers.

    A target of 0.9 is 0.9 times equity in notional, whatever the account's leverage.
    """

    params = (("contract_step", 0.001), ("stocklike", True), ("tell_below_step", lambda: None))

    def getsize(self, price: float, cash: float) -> float:
        """Return the size in whole contract steps whose notional is `cash` quote."""
        size = float(whole_steps(cash / price, self.p.contract_step))
        if cash != 0.0 and size == 0.0:
            self.p.tell_below_step()
        return size

    def getvaluesize(self, size: float, price: float) -> float:
        """Return the signed notional, quote."""
        return size * price


_FIRST_ROOM = 256  # rows of room to begin with; doubled when full


class PerpetualBroker(bt.BrokerBase):  # type: ignore[misc]
    """One account in one linear perpetual: fees, slippage, funding, margin, and its own liquidation.

    Parameters (backtrader's): ``costs`` a `CostParameters`; ``listing`` the contract's terms over time, a `Listing`; by default
    Binance's newest fees and BTC's brackets.

    Supports market, limit, stop, stop-limit and trailing-stop orders, brackets and one-cancels-other, and what `further_fields`
    names. Anything else is refused with a sentence rather than treated as something it is not.
    """

    params = (("costs", None), ("listing", None))

    def __init__(self) -> None:
        """Open the account."""
        super().__init__()
        costs = self.p.costs or CostParameters()
        self._listing = self.p.listing or default_listing()
        self._costs = costs.records(self._listing.instruments)
        self._isolated = costs.margin_mode == "isolated"
        self._leverage = costs.leverage
        self._tiers = stacked_tiers(self._listing.instruments)
        newest = self._costs[-1]
        self.comminfo = {
            None: PerpetualCommission(
                commission=float(newest["taker_fee"]), contract_step=float(newest["contract_step"]),
                tell_below_step=self._tell_below_step,
            )
        }  # fmt: skip
        self.account = open_account(costs.starting_cash)
        self.equities: list[float] = []
        self.positions: list[float] = []
        self.journal: list[
            tuple[int, str, float, float, float, str]
        ] = []  # every order: bar, kind, size, price, limit, terms
        self.position = Position()
        self._desk = OrderDesk(self, self._tell)
        self._ledger, self._lines = np.zeros(_FIRST_ROOM, dtype=FILL), 0
        self._notices: collections.deque[bt.Order] = collections.deque()
        self._prices, self._whole = _unknown_prices(2), False
        self._changes = np.array([float(item.on.toordinal()) for item in self._listing.instruments[1:]])
        self._data: Any = None
        self._bar = -1
        self._equity = costs.starting_cash
        self._owner: Any = None
        self._listened: bool | None = None  # whether strategy or analyzers hear of orders that are not filled

    @property
    def fills(self) -> np.ndarray:
        """The ledger so far, (n,) of `FILL`."""
        return self._ledger[: self._lines]

    @property
    def startingcash(self) -> float:
        """Starting cash, quote (backtrader's name)."""
        return float(self.account["start"][0])

    # What strategies and analyzers ask

    def getcash(self) -> float:
        """Return what is free to open with at the last close, quote."""
        price = self._data.close[0] if self.position.size else 0.0
        return float(free_balance(self.account[0], price, self._isolated, self._leverage))

    def getvalue(self, datas: Any = None) -> float:
        """Return equity at the last close, quote; for a list of datas the signed notional held in them."""
        if datas is None:
            return self._equity
        held = self.position.size if any(data is self._data for data in datas) else 0.0
        return held * self._data.close[0] if held else 0.0

    get_cash, get_value = getcash, getvalue

    def getposition(self, data: Any) -> Position:
        """Return the position (there is one market, hence one)."""
        return self.position

    def get_notification(self) -> Any:
        """Return the next order that changed, or None."""
        return self._notices.popleft() if self._notices else None

    def setcash(self, cash: float) -> None:
        """Set the starting cash, before the run."""
        if self._bar >= 0:
            raise ValueError("setcash only works before the run: the ledger would no longer reconcile")
        self.account, self._equity = open_account(cash), cash

    set_cash = setcash

    # Orders

    def count_below_step(self) -> None:
        """Count an entry that is not sent, since its size is below one contract step."""
        self.account["below_step"] += 1.0

    def _tell_below_step(self) -> None:
        if not self.position.size:
            self.count_below_step()

    def buy(self, owner: Any, data: Any, size: float, price: Any = None, plimit: Any = None, **details: Any) -> Any:
        """Take a buy order from a strategy (backtrader's interface)."""
        return self._take(BuyOrder, owner, data, size, price, plimit, **details)

    def sell(self, owner: Any, data: Any, size: float, price: Any = None, plimit: Any = None, **details: Any) -> Any:
        """Take a sell order from a strategy (backtrader's interface)."""
        return self._take(SellOrder, owner, data, size, price, plimit, **details)

    def _take(
        self, kind: type, owner: Any, data: Any, size: float, price: Any, plimit: Any, exectype: Any = None,
        valid: Any = None, tradeid: int = 0, oco: Any = None, trailamount: Any = None, trailpercent: Any = None,
        parent: Any = None, transmit: bool = True, histnotify: bool = False, _checksubmit: bool = True, **info: Any,
    ) -> Any:  # fmt: skip
        if data.replaying:
            raise ValueError(
                "PerpetualBroker trades closed bars: orders for replayed data would fill on unfinished ones"
            )
        whole = self._whole_size(kind, size)
        price, plimit = self._on_ticks(kind, exectype, price, plimit)
        order = kind(
            owner=owner, data=data, size=whole or size, price=price, pricelimit=plimit, exectype=exectype, valid=valid,
            tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent, parent=parent, transmit=transmit,
            histnotify=histnotify,
        )  # fmt: skip
        order.addinfo(**info)
        order.further = further_fields(order, self._bar)
        if exectype == bt.Order.StopTrail:
            order.created.price = order_price(
                STOP, order.size, order.created.price, float(self._in_force()["price_tick"])
            )
        self._write_down(order, order_terms(order_row(0, MARKET, 0.0, **order.further), self._bar))
        order.addcomminfo(self.getcommissioninfo(data))
        below_step = whole == 0.0 != size
        if below_step:
            self._tell_below_step()
        self._desk.receive(order, oco, below_step)
        return order

    def _write_down(self, order: Any, terms: str) -> None:
        created, name = order.created, order.getordername()
        self.journal.append((self._bar, name, order.size, created.price or 0.0, created.pricelimit or 0.0, terms))

    def carry_out(
        self, owner: Any, intent: Intent, close: float, volatility_24h: float, position: np.ndarray, position_memory: np.ndarray,
        sizing: np.ndarray, trading: np.ndarray, time: float, allocation: float = 1.0,
    ) -> None:  # fmt: skip
        """Send what a rule's intent asks for, by the function that the compiled evaluation calls; arguments as it has them."""
        book, in_force = self._desk.book(MOST_ORDERS), self._terms_row()
        carry_out(
            intent, close, volatility_24h, position, self._desk.rows, book, position_memory, sizing, self._costs, in_force,
            self.account, trading, time, allocation,
        )  # fmt: skip
        self._desk.announce(book, lambda row, parent: self._order_of(owner, row, parent))

    def _order_of(self, owner: Any, row: Any, parent: Any) -> Any:
        """Return backtrader's order for a row, written down in the journal."""
        size, kind = float(row["size"]), int(row["kind"])
        kind_name, price = NAMES[kind], None if math.isnan(row["price"]) else float(row["price"])
        order = (BuyOrder if size > 0.0 else SellOrder)(
            owner=owner, data=self._data, size=abs(size), price=price, exectype=kind_name, parent=parent,
            pricelimit=float(row["limit"]) if kind == STOP_LIMIT else None,
        )  # fmt: skip
        if row["trail"] > 0.0:
            order.exectype, order.trailamount = bt.Order.StopTrail, float(row["trail"])
            order.created.price, order.created.trailamount = price, order.trailamount
        order.addcomminfo(self.getcommissioninfo(self._data))
        self._write_down(order, order_terms(row, self._bar))
        return order

    def _whole_size(self, kind: type, size: float) -> float:
        """Return a size in whole contract steps."""
        if not math.isfinite(size):
            return size
        sign = 1.0 if kind is BuyOrder else -1.0
        return abs(order_size(sign * size, self.position.size, float(self._in_force()["contract_step"])))

    def _on_ticks(self, kind: type, exectype: Any, price: Any, plimit: Any) -> tuple[Any, Any]:
        """Return price and limit price of an order on the venue's grid of prices."""
        way, sign = KINDS.get(exectype, MARKET), 1.0 if kind is BuyOrder else -1.0
        tick = float(self._in_force()["price_tick"])
        if way != MARKET and price is not None:
            price = order_price(way, sign, float(price), tick)
        if way == STOP_LIMIT and plimit is not None:
            plimit = order_price(LIMIT, sign, float(plimit), tick)
        return price, plimit

    def _terms_row(self) -> int:
        return 0 if self._data is None else int(self._prices["terms"][self._bar if self._whole else 1])

    def _in_force(self) -> Any:
        return self._costs[self._terms_row()]

    def cancel(self, order: Any) -> bool:
        """Cancel a working order; with it its children, or the other orders of its bracket."""
        return self._desk.cancel(order)

    # The bar

    def next(self) -> None:
        """Take the account through the bar that has just closed; called once a bar, before the strategy."""
        if self._data is None:
            self._bind()
        index = self._clock.lencount - 1
        if index == self._bar:
            return
        self._bar = index
        if not self._whole:
            self._read_bar()
        if not self._desk.count and not self.position.size:
            self.equities.append(self._equity)
            self.positions.append(0.0)
            return
        self._desk.expire()
        self._make_room(self._desk.count + MAX_EVENTS)
        before, row = self._lines, index if self._whole else 1
        self._lines, over, self._equity = process_bar(
            self.account,
            self._desk.rows,
            self._desk.count,
            index,
            self._prices,
            row,
            self._costs,
            self._tiers,
            self._ledger,
            before,
        )
        self._tell_of_bar(before, over)
        self.equities.append(self._equity)
        self.positions.append(self.position.size)

    def _make_room(self, lines: int) -> None:
        if self._lines + lines > len(self._ledger):
            self._ledger = np.concatenate([self._ledger, np.zeros(len(self._ledger) + lines, dtype=FILL)])

    def _tell_of_bar(self, before: int, over: int) -> None:
        """Tell of the ledger's lines since `before`, and drop the orders that are `over`."""
        if self._lines > before:
            self._tell_fills(before)
        if over:
            self._desk.settle()

    def _bind(self) -> None:
        data, *others = self.cerebro.datas
        if not all(getattr(other, "data", None) is data for other in others):
            raise ValueError(
                f"PerpetualBroker keeps one account in one market, not in {len(others) + 1} data feeds; beside it may stand "
                "what resampledata and replaydata make of it. JointBroker keeps one in several markets"
            )
        self._bind_to(data)

    def _bind_to(self, data: Any) -> None:
        self._data, lines = data, data.lines
        self._clock = lines[0]
        self._sources = [(name, getattr(lines, name)) for name in PRICES.names or () if hasattr(lines, name)]
        if len(lines.close.array) > lines.close.lencount:
            # Preloaded: the bars are taken over once; process_bar looks at the current one and the one before.
            self._prices, self._whole = _unknown_prices(len(lines.close.array)), True
            for name, line in self._sources:
                self._prices[name] = line.array
            self._prices["terms"] = self._terms_of(lines.datetime.array)

    def _read_bar(self) -> None:
        self._prices[0] = self._prices[1]
        for name, line in self._sources:
            self._prices[name][1] = line[0]
        self._prices["terms"][1] = self._terms_of(self._data.lines.datetime[0])

    def _terms_of(self, dates: Any) -> Any:
        """Return which of the listing's instruments is in force at backtrader's dates (days since the year 1)."""
        return np.searchsorted(self._changes, np.floor(dates), side="right")

    def _tell_fills(self, first: int) -> None:
        for line in self._ledger[first : self._lines]:
            if line["kind"] == FUNDING:
                continue
            order = self._desk.filled(int(line["order"]))
            if line["kind"] in (LIQUIDATION, DELISTING):
                order = self._forced_order(line)
            self._owner = order.owner
            self._execute(order, line)
            self._notify(order)
        self.position.price = float(self.account["entry_price"][0])  # the account's, to the last bit

    def _forced_order(self, line: Any) -> Any:
        kind = BuyOrder if line["size"] > 0.0 else SellOrder
        order = kind(owner=self._owner, data=self._data, size=abs(float(line["size"])), exectype=bt.Order.Market)
        order.addinfo(liquidation=line["kind"] == LIQUIDATION)
        order.addcomminfo(self.getcommissioninfo(self._data))
        return order

    def _execute(self, order: Any, line: Any) -> None:
        size, price = float(line["size"]), float(line["price"])
        if size != order.size:  # it closes what there is to close
            order.size = order.executed.remsize = size
        opened = opening_part(self.position.size, size)
        closed = size - opened
        fee = float(line["fee"]) + float(line["liquidation_fee"])
        closed_fee = fee * abs(closed / size)
        entry = self.position.price
        self.position.size = float(line["position_after"])
        same_way = opened and not closed
        held = self.position.size
        if opened:
            self.position.price = ((held - opened) * entry + opened * price) / held if same_way else price
        elif not held:
            self.position.price = 0.0
        order.execute(
            self._data.datetime[0], size, price, closed, abs(closed) * price, closed_fee, opened, abs(opened) * price,
            fee - closed_fee, 0.0, float(line["realised"]), held, self.position.price,
        )  # fmt: skip

    def _tell(self, order: Any) -> None:
        """Tell of a change that is no fill, if anybody listens: copies of orders cost more than all accounting."""
        if self._listened is None:
            listeners = [(order.owner, bt.Strategy), *((analyzer, bt.Analyzer) for analyzer in order.owner.analyzers)]
            self._listened = any(type(who).notify_order is not base.notify_order for who, base in listeners)
        if self._listened:
            self._notify(order)

    def _notify(self, order: Any) -> None:
        copied = _shallow(order)
        order.executed.markpending()
        copied.executed = _shallow(order.executed)
        self._notices.append(copied)


def _shallow(item: Any) -> Any:
    """Copy an object's attributes, as `copy.copy` does, in a third of its time."""
    copied = item.__class__.__new__(item.__class__)
    copied.__dict__.update(item.__dict__)
    return copied


def _unknown_prices(count: int) -> np.ndarray:
    return np.full(count, np.nan).repeat(len(PRICES.names or ())).view(PRICES)
