"""Hand-made bars and orders, taken through `process_bar` alone."""

import numpy as np

from runs.perpetual.accounting import FILL, open_account
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import ORDER, PRICES, WORKING, order_row
from runs.venues.instruments import tier_table
from tests.differential.ours import Run

TIERS = tier_table([[0.0, 0.005]])[None]


def order(number, kind, size, price=np.nan, **more):
    """Return a row of `ORDER`; one with a parent waits for it."""
    return order_row(number, kind, size, price, **more).item()


def scene(bars, sent, **costs):
    """Take (n, 4) bars of open, high, low and close, and the orders sent at each bar's close, through ours; return a `Run`."""
    settings = CostParameters(**{"slippage_bps": 0.0, "starting_cash": 1e4, **costs})
    record = settings.records([default_listing().newest])
    prices = np.full(len(bars) * len(PRICES.names), np.nan).view(PRICES)
    for name, values in zip(("open", "high", "low", "close"), np.transpose(bars), strict=True):
        prices[name] = values
    prices["terms"] = 0.0
    account, rows, fills, done = open_account(settings.starting_cash), np.zeros(0, ORDER), np.zeros(64, FILL), 0
    books, alive, equity, position = [], [], [], []
    for bar in range(len(bars)):
        books.append(rows.copy())
        assert done + len(rows) + MAX_EVENTS <= len(fills)
        done, _, worth = process_bar(account, rows, len(rows), bar, prices, bar, record, TIERS, fills, done)
        rows = rows[rows["state"] <= WORKING]
        alive.append(set(rows["id"].tolist()))
        equity.append(worth)
        position.append(float(account["size"][0]))
        rows = np.concatenate([rows, np.array(sent.get(bar, []), ORDER)])
    return Run(prices, books, alive, fills[:done], np.array(equity), np.array(position), account, record[0])
