"""Market orders replayed on vectorbt: its cash, its fees, its slippage."""

import warnings

import numpy as np
import pandas as pd

from runs.perpetual.accounting import MARKET

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what draws its pages, which are not asked for
    import vectorbt

FILL = np.dtype([("bar", "i8"), ("size", "f8"), ("price", "f8"), ("fee", "f8")])


def replay(run):
    """Send a run's market orders, at most one a bar, to vectorbt at the next open; return (m,) of `FILL` and (n,) equity."""
    sizes = np.full(len(run.prices), np.nan)
    for bar in range(len(run.prices) - 1):
        for row in run.sent(bar):
            assert row["kind"] == MARKET
            assert np.isnan(sizes[bar + 1])
            sizes[bar + 1] = row["size"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        portfolio = vectorbt.Portfolio.from_orders(
            pd.Series(run.prices["close"]), size=sizes, price=run.prices["open"], fees=float(run.costs["taker_fee"]),
            slippage=float(run.costs["slippage"]), init_cash=float(run.account["start"][0]), size_type="amount",
            direction="both", freq="h",
        )  # fmt: skip
        records, equity = portfolio.orders.records, portfolio.value().to_numpy()
    fills = np.zeros(len(records), dtype=FILL)
    fills["bar"], fills["price"], fills["fee"] = records["idx"], records["price"], records["fees"]
    fills["size"] = records["size"] * np.where(records["side"] == 0, 1.0, -1.0)
    return fills, equity
