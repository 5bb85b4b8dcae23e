"""Random orders on a market that is a fair game: a walk of single ticks, on whose grid all orders lie."""

from dataclasses import dataclass

import numpy as np

from runs.perpetual.accounting import FILL, LIMIT, MARKET, STOP, equity_at, open_account
from runs.perpetual.contract import default_listing
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import ADDS, CLOSES, ORDER, PLAIN, PRICES, REDUCES, STOP_LIMIT, WORKING, order_row

STEPS = 64
"""Ticks that the price takes inside a bar, each up or down by one: no level between two prices is ever jumped over."""

KINDS = (MARKET, LIMIT, STOP, STOP_LIMIT)
CHILDREN = (STOP, LIMIT, MARKET)
_ROOM = 256


@dataclass(frozen=True)
class Stream:
    """What an account did: (n,) of `PRICES`, (n,) equity at the closes, (n,) position then, ledger and account."""

    prices: np.ndarray
    equity: np.ndarray
    position: np.ndarray
    fills: np.ndarray
    account: np.ndarray

    @property
    def gain(self):
        """What was gained before all costs, in parts of the start, without what the insurance fund paid and makers' rebates."""
        account = self.account[0]
        costs = account["fees"] + account["liquidation_fees"] - account["insurance_fund"]
        return (self.equity[-1] + costs) / account["start"] - 1.0

    @property
    def edge(self):
        """What the fills earned by the close of their own bar, as `gain` counts it, in parts of the equity before it; summed."""
        before = np.r_[self.account["start"], self.equity[:-1]]
        held, close = np.r_[0.0, self.position[:-1]], self.prices["close"]
        earned = self.equity - before - held * np.diff(close, prepend=close[0])
        for name, sign in (("fee", 1.0), ("liquidation_fee", 1.0), ("insurance_fund", -1.0)):
            np.add.at(earned, self.fills["bar"], sign * self.fills[name])
        return float((earned[before > 0.0] / before[before > 0.0]).sum())


def fair_bars(random, bars, start=1_000.0):
    """Return (bars,) of `PRICES`: after a jump of up to 8 ticks at every other open, `STEPS` steps of a tick.

    The expected price at any later moment is the present one, whatever is known. A tick is 1.
    """
    jumps = random.integers(-8, 9, bars) * random.integers(0, 2, bars)
    steps = np.column_stack([jumps, random.choice([-1, 1], (bars, STEPS))]).ravel().cumsum() + start
    path = steps.reshape(bars, STEPS + 1)  # the first is the open
    prices = np.full(bars * len(PRICES), np.nan).view(PRICES)
    prices["open"], prices["close"] = path[:, 0], path[:, -1]
    prices["high"], prices["low"] = path.max(axis=1), path.min(axis=1)
    return prices


def _moving(random, way, near):
    """Return the fields of a stop that moves: with a trail, or armed for the entry price."""
    if random.random() < 0.5:
        return {"trail": float(random.integers(1, 20))}
    return {"arms_at": near + way * float(random.integers(1, 20))}


def _batch(random, bar, close, size, number, kinds, children):
    """Return the rows of a random order, or of a bracket, and of what else is sent with it."""
    way = random.choice([-1.0, 1.0])
    kind, away = random.choice(kinds), float(random.integers(-6, 16))
    price = close - way * away if kind == LIMIT else close + way * away
    limit = price + float(random.integers(-4, 5))
    # What is sent by itself may also wait for a bar, be of a role, post only, expire or trail; what waits for it, move or reduce.
    more = {
        "role": int(random.choice([PLAIN, PLAIN, REDUCES, CLOSES, ADDS])),
        "expires": int(random.choice([0, bar + 9])),
    }
    more |= {"post_only": int(random.integers(0, 2))} if kind in (LIMIT, STOP_LIMIT) else {}
    more |= {"trail": float(random.integers(1, 20))} if kind == STOP and random.random() < 0.3 else {}
    batch = [order_row(number, kind, way * size, price if kind != MARKET else np.nan, limit=limit, **more)]
    near = price if kind != MARKET else close
    reducing = random.random() < 0.5
    for child, distance in ((STOP, -1.0), (LIMIT, 1.0), (LIMIT, 1.0), (MARKET, 0.0)):
        if child in children and random.random() < 0.5:
            level = near + way * distance * float(random.integers(-3, 20))
            role = {STOP: CLOSES, LIMIT: REDUCES, MARKET: CLOSES}[child] if reducing or child == MARKET else PLAIN
            more = _moving(random, way, near) if child == STOP and random.random() < 0.5 else {}
            more |= {"starts": int(random.integers(1, 9))} if child == MARKET else {}
            share = random.choice([0.25, 0.5, 1.0]) if role == REDUCES else 1.0
            batch.append(
                order_row(number + len(batch), child, -way * size * share, level, parent=number, role=role, **more)
            )
    return batch


def random_orders(seed, costs, tiers, bars=150, price_scale=1.0, kinds=KINDS, children=CHILDREN, instrument=None):
    """Send random orders: market, limit, stop, stop-limit, of any role, with stops that may move, targets and times to leave.

    Near and far, and on the wrong side.

    Parameters
    ----------
    seed, bars
        Of the orders and of the market, and its length.
    costs, tiers
        `CostParameters`, and maintenance tiers.
    price_scale
        All prices are multiplied by it.
    kinds, children
        Of what is sent by itself, and of what waits for its fill.
    instrument
        Whose fees and way of liquidation hold; by default those of a broker that no contract is named to.
    """
    random = np.random.default_rng(seed)
    prices = fair_bars(random, bars)
    record, account = costs.records([instrument or default_listing().newest]), open_account(costs.starting_cash)
    for name in PRICES.names:
        prices[name] *= price_scale
    prices["terms"] = 0.0
    orders, count, sent = np.zeros(_ROOM, dtype=ORDER), 0, 0
    fills, lines = np.zeros(64 * bars, dtype=FILL), 0
    equity, position = np.empty(bars), np.empty(bars)
    for bar in range(bars):
        assert lines + count + MAX_EVENTS <= len(fills)
        lines, over, equity[bar] = process_bar(
            account, orders, count, bar, prices, bar, record, tiers[None], fills, lines
        )
        position[bar] = account["size"][0]
        if over or random.random() < 0.05:
            kept = orders[:count][orders["state"][:count] <= WORKING].copy()
            kept = kept[:0] if random.random() < 0.05 or len(kept) > _ROOM // 2 else kept
            orders[: len(kept)], count = kept, len(kept)
        if random.random() < 0.4 and equity[bar] > 0.0:
            close = float(prices["close"][bar])
            share = random.uniform(0.05, 0.6)
            size = share * equity[bar] * costs.leverage / close
            batch = _batch(random, bar, close / price_scale, size, sent, kinds, children)
            sent += len(batch)
            for row in batch:
                orders[count] = row
                for name in ("price", "limit", "trail", "arms_at"):
                    orders[name][count] *= price_scale
                count += 1
    assert np.isclose(equity[-1], equity_at(account[0], prices["close"][-1]))
    return Stream(prices, equity, position, fills[:lines], account)
