"""Orders replayed on nautilus_trader: its matching, its position, its account, its commissions."""

from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel, MakerTakerFeeModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.core.nautilus_pyo3 import HIGH_PRECISION
from nautilus_trader.model.currencies import BTC
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    CurrencyType,
    LiquiditySide,
    OmsType,
    OrderSide,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.orders import CLOSES, PLAIN, STOP_LIMIT, WAITING
from tests.differential.paths import KINDS, OPENS, path, reaches

DIGITS = 9
"""Decimals of prices and sizes: the rounding of a price is 1e-14 of it."""

QUOTE = Currency("QUOTE", precision=12, iso4217=0, name="QUOTE", currency_type=CurrencyType.CRYPTO)
VENUE = Venue("REPLAY")
BAR = 3_600_000_000_000
TRADE = np.dtype(
    [("bar", "i8"), ("order", "i8"), ("kind", "i8"), ("size", "f8"), ("price", "f8"), ("fee", "f8"), ("maker", "?")]
)
assert HIGH_PRECISION, "prices of nine decimals and money of twelve need nautilus' wheels of high precision"


class Replay(Strategy):
    """Send what a `Run` sent: what rests, at the close; what is marketable then, once the open is known.

    Stops wait in nautilus' own emulator: at the venue itself this version fills a stop that the open has jumped over at its
    trigger, a price at which nothing was traded (`test_documented_differences.py`). The emulator does the same with
    stop-limits; one that is jumped over is the limit order that it has become. Trailing stops are the venue's: the emulator asks
    for quotes.
    """

    def __init__(self, run, instrument, ticks, stops_at_the_venue):
        super().__init__()
        self.run, self.instrument, self.ticks = run, instrument, ticks
        self.waits = {} if stops_at_the_venue else {"emulation_trigger": TriggerType.LAST_PRICE}
        self.equity, self.trades, self.bar, self.tick = [], [], 0, 0
        self.rows, self.orders, self.later = {}, {}, []

    def on_start(self):
        self.subscribe_trade_ticks(self.instrument.id)

    def on_trade_tick(self, tick):
        self.tick += 1
        if self.tick == OPENS - 1:
            for row in self.later:
                self.send(row)
            self.later = []
        if self.tick == self.ticks[self.bar]:
            self.close_bar(tick.price)

    def close_bar(self, price):
        balance = self.portfolio.account(VENUE).balance_total(QUOTE).as_double()
        held = self.cache.positions_open()
        self.equity.append(balance + sum(position.unrealized_pnl(price).as_double() for position in held))
        for number in self.run.cancelled(self.bar):
            self.end(number)
        for sent in self.run.sent(self.bar):
            row = self.rows[int(sent["id"])] = sent.copy()
            aggressive = row["kind"] == MARKET or reaches(row["kind"], row["size"], row["price"], float(price))
            if row["state"] != WAITING:
                self.later.append(row) if aggressive and not row["post_only"] else self.send(row)
        self.bar, self.tick = self.bar + 1, 0
        if self.bar < len(self.run.prices):
            self.trigger_stop_limits(float(self.run.prices["open"][self.bar]))

    def trigger_stop_limits(self, bar_open):
        jumped = [
            row
            for row in self.rows.values()
            if row["kind"] == STOP_LIMIT and reaches(row["kind"], row["size"], row["price"], bar_open)
        ]
        for row in jumped:
            self.end(int(row["id"]))
            row["kind"], row["price"] = LIMIT, row["limit"]
            self.rows[int(row["id"])] = row
            if not any(waiting["id"] == row["id"] for waiting in self.later):
                self.later.append(row)

    def end(self, number):
        self.rows.pop(number, None)
        order = self.orders.get(number)
        if order is not None and not order.is_closed:
            self.cancel_order(order)

    def send(self, row):
        make, kind = self.order_factory, int(row["kind"])
        details = {
            "instrument_id": self.instrument.id,
            "order_side": OrderSide.BUY if row["size"] > 0.0 else OrderSide.SELL,
            "quantity": Quantity(abs(float(row["size"])), DIGITS),
            "tags": [str(row["id"])],
        }
        if kind == MARKET:
            order = make.market(**details)
        elif kind == LIMIT:
            order = make.limit(price=Price(float(row["price"]), DIGITS), post_only=bool(row["post_only"]), **details)
        elif row["trail"] > 0.0:
            begins = None if np.isnan(row["price"]) else Price(float(row["price"]), DIGITS)
            order = make.trailing_stop_market(
                trailing_offset=Decimal(repr(float(row["trail"]))), trailing_offset_type=TrailingOffsetType.PRICE,
                trigger_type=TriggerType.LAST_PRICE, trigger_price=begins, **details,
            )  # fmt: skip
        else:
            details |= {"trigger_price": Price(float(row["price"]), DIGITS), **self.waits}
            if kind == STOP:
                order = make.stop_market(**details)
            else:
                order = make.stop_limit(price=Price(float(row["limit"]), DIGITS), **details)
        self.orders[int(row["id"])] = order
        self.submit_order(order)

    def on_order_filled(self, event):
        number = int(self.cache.order(event.client_order_id).tags[0])
        row = self.rows.pop(number)
        size = event.last_qty.as_double() * (1.0 if event.order_side == OrderSide.BUY else -1.0)
        maker = event.liquidity_side == LiquiditySide.MAKER
        self.trades.append(
            (self.bar, number, KINDS[int(row["kind"])], size, event.last_px.as_double(), event.commission.as_double(), maker)
        )  # fmt: skip
        left = abs(float(self.portfolio.net_position(self.instrument.id)))
        for other in list(self.rows.values()):
            if row["role"] != PLAIN and other["role"] != PLAIN:
                # One of ours closes what is left, whatever that is; here the order is told.
                if left == 0.0:
                    self.end(int(other["id"]))
                elif other["role"] == CLOSES and int(other["id"]) in self.orders:
                    self.modify_order(self.orders[int(other["id"])], quantity=Quantity(left, DIGITS))
            elif other["parent"] == number and other["state"] == WAITING:
                self.send(other)
            elif row["parent"] >= 0 and other["parent"] == row["parent"]:
                self.end(int(other["id"]))


def make_instrument(costs):
    """Return a linear perpetual with the fees of ours, and no margin of its own."""
    step = Decimal(1).scaleb(-DIGITS)
    return CryptoPerpetual(
        InstrumentId(Symbol("BTCQUOTE"), VENUE), Symbol("BTCQUOTE"), BTC, QUOTE, QUOTE, False, DIGITS, DIGITS,
        Price(step, DIGITS), Quantity(step, DIGITS), 0, 0, margin_init=Decimal(0), margin_maint=Decimal(0),
        maker_fee=Decimal(repr(float(costs["maker_fee"]))), taker_fee=Decimal(repr(float(costs["taker_fee"]))),
    )  # fmt: skip


def replay(run, stops_at_the_venue=False):
    """Send a run's orders to nautilus_trader; return the (m,) of `TRADE` by bar and order, and (n,) equity at the closes."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    start = Money(float(run.account["start"][0]), QUOTE)
    engine.add_venue(
        VENUE, OmsType.NETTING, AccountType.MARGIN, [start], base_currency=QUOTE, fill_model=FillModel(),
        fee_model=MakerTakerFeeModel(), reject_stop_orders=False,
    )  # fmt: skip
    instrument, depth = make_instrument(run.costs), Quantity(1e9, DIGITS)
    engine.add_instrument(instrument)
    ticks, counts = [], []
    for bar, (prices, book) in enumerate(zip(run.prices, run.books, strict=True)):
        way = path(prices, book)
        counts.append(len(way))
        for number, price in enumerate(way):
            stamp = (bar + 1) * BAR + number
            ticks.append(
                TradeTick(
                    instrument.id, Price(price, DIGITS), depth, AggressorSide.NO_AGGRESSOR, TradeId("1"), stamp, stamp
                )
            )
    strategy = Replay(run, instrument, counts, stops_at_the_venue)
    engine.add_strategy(strategy)
    engine.add_data(ticks)
    engine.run()
    engine.dispose()
    trades = np.array(strategy.trades, dtype=TRADE)
    return trades[np.lexsort((trades["order"], trades["bar"]))], np.array(strategy.equity)
