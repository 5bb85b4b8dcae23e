"""Golden trade ledgers on the simulated market, and a check of every line against bars and signals.

The ledger must not change unseen; and each line of it must be what the rules, worked out here in plain Python, say.
"""

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from strategies.registry import BUILT_IN

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RECIPE = runpy.run_path(str(GOLDEN / "__main__.py"))


def golden(name):
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_ledger_is_the_golden_one(name):
    ours, theirs = RECIPE["ledger"](name), golden(name)
    assert len(ours) == len(theirs)
    for line, kept in zip(ours, theirs, strict=True):
        assert (line["bar"], line["kind"]) == (kept["bar"], kept["kind"])
        for field in ("size", "price", "fee", "realised", "funding", "wallet_after"):
            # To nine digits: the simulated market's exponentials differ in the last bit between machines.
            assert line[field] == pytest.approx(kept[field], rel=1e-9, abs=1e-9), (field, kept)


@pytest.fixture(scope="module")
def market():
    return simulate(RECIPE["SEED"], bars=RECIPE["BARS"])


class MagnetByHand:
    """The magnet in plain Python over the model's readings: orders, margin, fees, funding. Nothing compiled, nothing shared."""

    TAKER, MAKER, SLIPPAGE, STEP = 5e-4, 2e-4, 2e-4, 0.001

    def __init__(self, market, snapshots):
        self.bars, self.views = market.frame, snapshots
        self.wallet, self.size, self.entry, self.stop, self.target, self.since = 100_000.0, 0.0, 0.0, 0.0, 0.0, 0
        self.pending, self.lines = None, []

    def fill(self, bar, kind, size, price, maker=False):
        row = self.bars.iloc[bar]
        fee_extra = 0.0
        if not maker and kind != "limit":
            wanted = price * (1.0 + math.copysign(self.SLIPPAGE, size))
            price = min(max(wanted, row["low"]), row["high"])
            fee_extra = abs(wanted - price)
        fee = abs(size) * (price * (self.MAKER if maker else self.TAKER) + fee_extra)
        realised = self.size * (price - self.entry) if self.size else 0.0
        self.wallet += realised - fee
        self.size, self.entry = (0.0, 0.0) if self.size else (size, price)
        self.lines.append((bar, kind, size, price, fee, realised, 0.0, self.wallet))

    def bar(self, bar):
        row = self.bars.iloc[bar]
        if self.size and not math.isnan(row["funding_rate"]) and row["funding_rate"] != 0.0:
            mark = self.bars["mark_close"].iloc[bar - 1]
            paid = self.size * mark * row["funding_rate"]
            self.wallet -= paid
            self.lines.append((bar, "funding", 0.0, mark, 0.0, 0.0, paid, self.wallet))
        if self.pending is not None:
            size, self.pending = self.pending, None
            self.fill(bar, "market", size, row["open"])
            self.since = bar
        if self.size:
            side = math.copysign(1.0, self.size)
            opened, worst, best = row["open"], *((row["low"], row["high"]) if side > 0 else (row["high"], row["low"]))
            if side * (opened - self.stop) <= 0.0:
                self.fill(bar, "stop", -self.size, opened)
            elif side * (opened - self.target) >= 0.0:
                self.fill(bar, "limit", -self.size, opened)
            elif side * (worst - self.stop) <= 0.0:
                self.fill(bar, "stop", -self.size, self.stop)
            elif side * (best - self.target) >= 0.0:
                self.fill(bar, "limit", -self.size, self.target, maker=True)
        self.decide(bar, row["close"])

    def decide(self, bar, close):
        view = self.views[bar]
        signal = float(view["magnet"])
        if self.size:
            if signal == -math.copysign(1.0, self.size) or bar - self.since >= 48:
                self.pending = -self.size
                self.stop, self.target = (-math.inf, math.inf) if self.size > 0 else (math.inf, -math.inf)
            return
        if math.isnan(signal) or signal == 0.0:
            return
        target = float(view["cluster_above_price" if signal > 0 else "cluster_below_price"])
        if not 0.005 <= signal * (target / close - 1.0) <= 0.05:
            return
        if view["phase"] in (1.0, 2.0, 3.0) and view["phase_direction"] == -signal:
            return
        risky = view["cascade_risk_down" if signal > 0 else "cascade_risk_up"] >= 2.0
        stop = close - signal * 3.0 * (1.5 if risky else 1.0) * float(view["atr"])
        wanted = min(3.0 * self.wallet / close, 0.01 * self.wallet / abs(close - stop))
        size = math.floor(wanted / self.STEP + 1e-9) * self.STEP
        if size:
            self.pending, self.stop, self.target = signal * size, stop, target


def test_every_line_of_the_magnets_ledger_follows_from_the_rules(market):
    snapshots = run_backtest(configuration_from({"strategy": "magnet"}), market).snapshots
    by_hand = MagnetByHand(market, snapshots)
    for bar in range(len(market)):
        by_hand.bar(bar)
    lines = golden("magnet")
    assert len(by_hand.lines) == len(lines) > 100
    for ours, kept in zip(by_hand.lines, lines, strict=True):
        assert ours[:2] == (kept["bar"], kept["kind"])
        numbers = [kept[name] for name in ("size", "price", "fee", "realised", "funding", "wallet_after")]
        assert list(ours[2:]) == pytest.approx(numbers, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_line_reconciles_with_the_one_before(name, market):
    wallet, size, entry = 100_000.0, 0.0, 0.0
    for line in golden(name):
        opened = line["size"] if size * line["size"] >= 0.0 else 0.0
        closed = line["size"] - opened
        row = market.frame.iloc[line["bar"]]
        if line["kind"] != "funding":
            assert row["low"] * (1 - 1e-9) <= line["price"] <= row["high"] * (1 + 1e-9)
        assert line["realised"] == pytest.approx(-closed * (line["price"] - entry), rel=1e-9, abs=1e-7)
        wallet += line["realised"] - line["fee"] - line["funding"]
        assert line["wallet_after"] == pytest.approx(wallet, rel=1e-9)
        if opened:
            entry = (size * entry + opened * line["price"]) / (size + opened)
        size += line["size"]
        if abs(size) < 1e-9:
            size = entry = 0.0
        assert np.isfinite(wallet)
