"""An account in several markets, taken through bars step by step; and the same account in exact decimals, written apart."""

from decimal import Decimal, getcontext

import numpy as np

from runs.perpetual.accounting import FILL, open_account
from runs.perpetual.contract import default_listing
from runs.perpetual.intents import BOOK
from runs.perpetual.joint_account import new_members, side_by_side
from runs.perpetual.joint_matching import process_step
from runs.perpetual.orders import ORDER, PRICES

getcontext().prec = 40


def bars_of(rows, **columns):
    """Return (n,) of `PRICES` of (n, 4) open, high, low and close."""
    bars = np.full(len(rows), np.nan).repeat(len(PRICES)).view(PRICES)
    for name, values in {
        **dict(zip(("open", "high", "low", "close"), np.transpose(rows), strict=True)),
        **columns,
    }.items():
        bars[name] = values
    return bars


class JointDesk:
    """Markets of equal length with their working orders."""

    def __init__(self, markets, costs, tiers, leaves=None):
        count = len(markets)
        records = [costs.records(default_listing().instruments)[:1] for _ in markets]
        self.prices = np.concatenate(markets)
        self.tiers = side_by_side(self.prices, list(map(len, markets)), [tiers[None]] * count)
        self.costs = np.concatenate(records)
        self.members = new_members([len(market) for market in markets], [0] * count, leaves or [-1] * count)
        self.accounts = np.repeat(open_account(costs.starting_cash), count)
        self.orders, self.books = np.zeros((count, 64), dtype=ORDER), np.zeros(count, dtype=BOOK)
        self.fills, self.step = np.zeros((count, 4000), dtype=FILL), 0

    def send(self, market, *orders):
        for order in orders:
            self.orders[market, self.books["count"][market]] = order
            self.books["count"][market] += 1

    def bar(self, bars=None):
        """Take all markets, or those whose `bars` are not -1, through the next bar; return equity."""
        self.members["bar"] = self.step if bars is None else bars
        self.step += 1
        before = self.members["lines"].copy()
        equity = process_step(
            self.accounts, self.orders, self.books, self.members, self.prices, self.costs, self.tiers, self.fills
        )
        for k in range(len(self.members)):
            rows = self.orders[k, : self.books["count"][k]]
            kept = rows[rows["state"] <= 1].copy()
            self.orders[k, : len(kept)], self.books["count"][k] = kept, len(kept)
        self.events = [
            [(int(f["kind"]), float(f["size"]), float(f["price"])) for f in own[first:last]]
            for own, first, last in zip(self.fills, before, self.members["lines"], strict=True)
        ]
        return equity


class DecimalAccount:
    """A cross-margin account that trades at the market in several linear perpetuals of one bracket."""

    def __init__(self, cash, leverage, rate, fee, liquidation_fee):
        exact = (Decimal(repr(float(value))) for value in (cash, leverage, rate, fee, liquidation_fee))
        self.wallet, self.leverage, self.rate, self.fee, self.liquidation_fee = exact
        self.size, self.entry, self.liquidated, self.refused = {}, {}, [], 0

    def profit(self, prices, but=None):
        return sum((q * (prices[k] - self.entry[k]) for k, q in self.size.items() if k != but), Decimal(0))

    def value(self, prices, but=None):
        return sum((abs(q) * prices[k] for k, q in self.size.items() if k != but), Decimal(0))

    def largest(self, prices):
        return max(self.size, key=lambda k: abs(self.size[k]) * prices[k])

    def fund(self, market, mark, rate):
        self.wallet -= self.size.get(market, Decimal(0)) * mark * rate

    def trade(self, market, size, prices):
        price, held = prices[market], self.size.get(market, Decimal(0))
        closed = -min(abs(held), abs(size)) * (1 if held > 0 else -1) if held * size < 0 else Decimal(0)
        opened = size - closed
        if opened:
            free = self.wallet + self.profit(prices) - self.value(prices) / self.leverage
            free += abs(closed) * price / self.leverage
            if abs(opened) * price / self.leverage + self.fee * abs(size) * price > free:
                self.refused += 1
                return
        self.wallet -= self.fee * abs(size) * price
        if closed:
            self.wallet += -closed * (price - self.entry[market])
        left = held + closed
        if left + opened:
            self.entry[market] = (
                (left * self.entry.get(market, Decimal(0)) + opened * price) / (left + opened)
                if opened
                else self.entry[market]
            )
            self.size[market] = left + opened
        else:
            self.size.pop(market), self.entry.pop(market)

    def liquidate(self, market, price, known):
        size, entry = self.size[market], self.entry[market]
        left = self.wallet + self.profit(known, market) + size * (price - entry)
        fee = min(max(left, Decimal(0)), self.liquidation_fee * abs(size) * price)
        self.wallet += size * (price - entry) - fee + max(-left, Decimal(0))
        self.size.pop(market), self.entry.pop(market)
        self.liquidated.append(market)

    def meet_opens(self, opens):
        while self.size and self.wallet + self.profit(opens) <= self.rate * self.value(opens):
            market = self.largest(opens)
            self.liquidate(market, opens[market], opens)

    def meet_ranges(self, opens, lows, highs):
        while self.size:
            worst = {k: lows[k] if q > 0 else highs[k] for k, q in self.size.items()}
            if self.wallet + self.profit(worst) > self.rate * self.value(worst):
                return
            market = self.largest(opens)
            size, entry = self.size[market], self.entry[market]
            behind = self.wallet + self.profit(opens, market) - self.rate * self.value(opens, market)
            trigger = (behind - size * entry) / (self.rate * abs(size) - size)
            inside = min(max(trigger, lows[market]), highs[market])
            self.liquidate(market, min(inside, opens[market]) if size > 0 else max(inside, opens[market]), opens)
