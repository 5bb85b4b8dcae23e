"""Orders replayed on backtesting.py: its matching of brackets on bars, its trades, its equity."""

import warnings

import numpy as np
import pandas as pd

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from tests.differential.ours import STEP

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what draws its pages, which are not asked for
    from backtesting import Backtest, Strategy

FILL = np.dtype([("bar", "i8"), ("price", "f8"), ("size", "f8")])


def summed(bars, prices, sizes):
    """Return (k,) of `FILL`: sizes added up by bar and price. Trades are cut in pieces where a position is reduced."""
    rows = pd.DataFrame({"bar": bars, "price": prices, "size": sizes}).groupby(["bar", "price"])["size"].sum()
    return np.array([(bar, price, size) for (bar, price), size in rows.items() if size], dtype=FILL)


def strategy_of(run):
    """Return the strategy that sends what a `Run` sent: an entry with the stop and target that wait for it, or one order."""

    class Replay(Strategy):
        def init(self):
            self.entries, self.parents = {}, {}

        def next(self):
            bar = len(self.data) - 2
            for number in run.cancelled(bar):
                if number in self.entries and self.entries[number] in self.orders:
                    self.entries[number].cancel()
                elif number in self.parents:
                    for trade in self.trades:
                        if trade.tag == self.parents[number]:
                            trade.sl = trade.tp = None
            sent = run.sent(bar)
            children = {int(row["parent"]): {} for row in sent if row["parent"] >= 0}
            for row in sent:
                if row["parent"] >= 0:
                    self.parents[int(row["id"])] = int(row["parent"])
                    children[int(row["parent"])]["sl" if row["kind"] == STOP else "tp"] = float(row["price"]) * STEP
            for row in sent:
                if row["parent"] < 0:
                    self.send(row, children.get(int(row["id"]), {}))

        def send(self, row, protection):
            units = float(row["size"]) / STEP
            assert units == round(units)
            kind = {LIMIT: "limit", STOP: "stop"}.get(int(row["kind"]))
            at = {} if row["kind"] == MARKET else {kind: float(row["price"]) * STEP}
            trade = self.buy if units > 0.0 else self.sell
            self.entries[int(row["id"])] = trade(size=abs(units), tag=int(row["id"]), **at, **protection)

    return Replay


def replay(run):
    """Send a run's orders to backtesting.py; return the (k,) of `FILL`, summed, and (n,) equity at the closes.

    It counts whole units: prices are scaled by `STEP`, a power of two, and sizes against it. It has one fee for all.
    """
    assert run.costs["maker_fee"] == run.costs["taker_fee"]
    bars = pd.DataFrame({name.title(): run.prices[name] * STEP for name in ("open", "high", "low", "close")})
    bars = pd.concat([bars.iloc[:1], bars])  # it asks a strategy from the second bar on
    bars.index = pd.date_range("2020-01-01", periods=len(bars), freq="h")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stats = Backtest(
            bars, strategy_of(run), cash=float(run.account["start"][0]), commission=float(run.costs["taker_fee"]),
            margin=0.1, finalize_trades=False,
        ).run()  # fmt: skip
    replayed = stats["_strategy"]
    pieces = [*replayed.trades, *replayed.closed_trades]
    ends = [(trade.entry_bar, trade.entry_price, trade.size) for trade in pieces]
    ends += [(trade.exit_bar, trade.exit_price, -trade.size) for trade in replayed.closed_trades]
    rows = np.array(ends, dtype=float).reshape(-1, 3)
    fills = summed(rows[:, 0].astype(int) - 1, rows[:, 1] / STEP, rows[:, 2] * STEP)
    return fills, stats["_equity_curve"]["Equity"].to_numpy()[1:]
