"""A ledger in exact decimals, written from the venues' rules alone, follows random trading with funding and liquidations."""

from decimal import Decimal, getcontext

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from runs.perpetual.accounting import (
    apply_fill,
    equity_at,
    liquidate,
    liquidation_trigger,
    open_account,
    settle_funding,
)

getcontext().prec = 50
TIERS = [(0, Decimal("0.004")), (50_000, Decimal("0.005")), (600_000, Decimal("0.0065"))]
TABLE = np.array([[0.0, 0.004, 0.0], [50e3, 0.005, 50.0], [600e3, 0.0065, 950.0]])
LEVERAGE = 10


class DecimalLedger:
    """Lots are kept one by one and closed at their average; nothing is shared with the code under test."""

    def __init__(self, cash, isolated):
        self.cash, self.isolated = Decimal(cash), isolated
        self.size = self.cost = self.margin = Decimal(0)

    def equity(self, price):
        return self.cash + self.size * price - self.cost

    def trade(self, size, price, fee):
        left = size
        if self.size * size < 0:
            closing = min(abs(size), abs(self.size)).copy_sign(size)
            share = -closing / self.size
            self.cash += -closing * price - share * self.cost
            self.cost -= share * self.cost
            self.margin -= share * self.margin
            self.size += closing
            left -= closing
            if self.size == 0:
                self.cost = self.margin = Decimal(0)
        if left:
            self.size += left
            self.cost += left * price
            self.margin += abs(left) * price / LEVERAGE if self.isolated else 0
        self.cash -= fee

    def funding(self, rate, mark):
        paid = self.size * mark * rate
        self.cash -= paid
        self.margin -= paid if self.isolated else 0

    def maintenance(self, price):
        notional, total, previous = abs(self.size) * price, Decimal(0), Decimal(0)
        for (floor, rate), (ceiling, _) in zip(TIERS, [*TIERS[1:], (Decimal("Infinity"), 0)], strict=True):
            inside = min(notional, ceiling) - floor
            if inside > 0:
                total += inside * rate  # each slice of the notional at its own rate: continuous by construction
            previous = rate
        del previous
        return total

    def behind(self):
        return self.margin if self.isolated else self.cash

    def room(self, price):
        """Equity of the position over its maintenance margin: negative means liquidated."""
        return self.behind() + self.size * price - self.cost - self.maintenance(price)

    def force(self, price, fee_rate):
        left = self.behind() + self.size * price - self.cost
        fee = min(fee_rate * abs(self.size) * price, max(left, Decimal(0)))
        self.cash += self.size * price - self.cost - fee + max(-left, Decimal(0))
        self.size = self.cost = self.margin = Decimal(0)


amounts = st.decimals("0.001", "20", places=3)
prices = st.decimals("500", "40000", places=1)


class Ledgers(RuleBasedStateMachine):
    @initialize(isolated=st.booleans())
    def open(self, isolated):
        self.isolated = isolated
        self.ours, self.theirs = open_account(1e6), DecimalLedger(1_000_000, isolated)
        self.price = Decimal(10_000)

    @rule(size=amounts, buy=st.booleans(), price=prices, rate=st.sampled_from(["0", "0.0002", "0.0005"]))
    def trade(self, size, buy, price, rate):
        size, fee = size if buy else -size, Decimal(rate) * size * price
        if self.theirs.room(price) < 0:
            return  # it would have been liquidated on the way
        self.price = price
        apply_fill(self.ours[0], float(size), float(price), float(fee), self.isolated, float(LEVERAGE))
        self.theirs.trade(size, price, fee)

    @rule(mark=prices, rate=st.decimals("-0.005", "0.005", places=6))
    def funding(self, mark, rate):
        if self.theirs.size:
            settle_funding(self.ours[0], float(rate), float(mark), self.isolated)
            self.theirs.funding(rate, mark)

    @rule(price=prices, gap=st.decimals("0", "0.3", places=2))
    def adverse_move(self, price, gap):
        """The price goes somewhere; where it passes the trigger, the position is forced there or further (a gap)."""
        if not self.theirs.size or self.theirs.room(price) >= 0:
            return
        trigger = liquidation_trigger(self.ours[0], self.isolated, TABLE)
        side = 1 if self.theirs.size > 0 else -1
        if 0.0 < trigger < float("inf"):
            room = self.theirs.room(Decimal(trigger))
            assert abs(room) <= Decimal("1e-6") * (
                abs(self.theirs.size) * Decimal(trigger) + abs(self.theirs.behind()) + 1
            )
        price = price * (1 - side * gap)
        before = float(self.theirs.behind()), float(self.ours["wallet"][0])
        liquidate(self.ours[0], float(price), 0.0125, False, self.isolated)
        self.theirs.force(price, Decimal("0.0125"))
        assert before[1] - self.ours["wallet"][0] <= max(before[0], 0.0) + 1e-6
        self.price = price

    @invariant()
    def the_ledgers_agree(self):
        if not hasattr(self, "ours"):
            return
        held = self.ours[0]
        scale = 1e6 + abs(float(self.theirs.size * self.price)) + abs(float(self.theirs.cost))
        for mine, exact in (
            (held["wallet"], self.theirs.cash),
            (held["margin"], self.theirs.margin),
            (equity_at(held, float(self.price)), self.theirs.equity(self.price)),
        ):
            assert abs(float(mine) - float(exact)) <= 1e-9 * scale
        assert abs(float(held["size"]) - float(self.theirs.size)) <= 1e-9 * (1.0 + abs(float(self.theirs.size)))
        totals = (
            held["start"]
            + held["realised"]
            - held["fees"]
            - held["funding"]
            - held["liquidation_fees"]
            + held["insurance_fund"]
        )
        assert abs(float(held["wallet"]) - float(totals)) <= 1e-9 * scale


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)
