"""Marks lie on the bars and prices of the run: trades with their orders, own liquidations, levels, phases."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.cascade_phase import BUILDING
from indicators.liquidation.snapshot import SNAPSHOT
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.outcome.metrics import trades_of
from runs.perpetual.accounting import FILL, LIQUIDATION
from runs.reports.heatmap.marks import level_marks, liquidation_marks, phase_marks, trade_marks

BARS = 1500


@cache
def result():
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=BARS))


def each_bar():
    return np.arange(BARS)


def test_each_trade_has_the_stop_and_target_that_its_entry_was_sent_with():
    run, trades = result(), trades_of(result())
    marks = trade_marks(trades, run.times, each_bar(), run.orders, run.fills)
    assert len(marks) == len(trades) > 5
    for mark, trade in zip(marks, trades.itertuples(), strict=True):
        assert run.times[mark["from"]] == trade.entry_time
        assert run.times[mark["to"]] == trade.exit_time
        assert (mark["entry"], mark["side"], mark["net"]) == (trade.entry_price, trade.side, trade.net_pnl)
        [target] = mark["targets"]
        below, above = (mark["stop"], target) if trade.side == "long" else (target, mark["stop"])
        sent = {order[3] for order in run.orders if order[0] == mark["from"] - 1}
        assert {below, above} <= sent
        assert below < above
        if trade.exit_reason == "target":
            assert mark["exit"] == pytest.approx(target, rel=1e-12)


def test_the_bracket_of_an_entry_that_waited_is_that_of_the_order_that_was_filled():
    market = simulate(11, bars=BARS)
    settings = {"strategy": "tests.runs.planted.every_intent:EveryIntent", "rule": {"seed": 2.0}}
    run = run_backtest(configuration_from(settings), market)
    trades, waited, several = trades_of(run), 0, 0
    for mark, trade in zip(
        trade_marks(trades, run.times, each_bar(), run.orders, run.fills), trades.itertuples(), strict=True
    ):
        sign = 1.0 if trade.side == "long" else -1.0
        sent = next(int(f["order"]) for f in run.fills if f["bar"] == mark["from"] and f["size"] * sign > 0.0)
        bracket = [
            order for order in run.orders[sent + 1 :] if order[0] == run.orders[sent][0] and order[2] * sign < 0.0
        ]
        stops = [order[3] for order in bracket if order[1] in ("Stop", "StopTrail") and order[3] > 0.0]
        targets = [order[3] for order in bracket if order[1] == "Limit"]
        if run.orders[sent][0] < mark["from"] - 1 and mark["to"] > mark["from"]:
            waited += 1
            several += len(targets) > 1
            assert mark["targets"][: len(targets)] == targets
            assert not stops or mark["stop"] == stops[0]
    assert waited > 3
    assert several > 1


def test_without_orders_a_trade_has_neither():
    marks = trade_marks(trades_of(result()), result().times, each_bar())
    assert {(mark["stop"], len(mark["targets"])) for mark in marks} == {(None, 0)}


def test_blocks_move_marks_to_their_column():
    ends = np.arange((BARS - 1) % 10, BARS, 10)
    trades = trades_of(result())
    for single, block in zip(
        trade_marks(trades, result().times, each_bar()), trade_marks(trades, result().times, ends), strict=True
    ):
        assert ends[block["from"]] - 10 < single["from"] <= ends[block["from"]]


def test_a_liquidation_closes_what_was_held():
    fills = np.zeros(2, dtype=FILL)
    fills["bar"], fills["kind"] = (3, 7), (0, LIQUIDATION)
    fills["size"], fills["price"] = (1.5, -1.5), (100.0, 81.0)
    assert liquidation_marks(fills, np.arange(10)) == [{"at": 7, "price": 81.0, "size": 1.5}]


def test_levels_and_phases_cover_exactly_the_bars_that_had_them():
    run, ends = result(), each_bar()
    snapshots = run.snapshots
    for kind in ("support", "resistance"):
        painted = np.full(BARS, np.nan)
        for mark in level_marks(snapshots, run.times, ends):
            if mark["kind"] == kind:
                made = snapshots[f"{kind}_bar"][mark["from"]]
                assert pd.Timestamp(mark["made"], unit="s") == pd.Timestamp(run.times[int(made)])
                assert made <= mark["from"], "no level is painted before the wipe that made it"
                painted[mark["from"] : mark["to"] + 1] = mark["price"]
        assert np.array_equal(painted, snapshots[f"{kind}_price"], equal_nan=True)
    phases = np.full((BARS, 2), [BUILDING, 0.0])
    for first, last, phase, direction in phase_marks(snapshots, ends):
        phases[first : last + 1] = phase, direction
    assert np.array_equal(phases[:, 0], snapshots["phase"])


def test_a_quiet_market_has_no_marks():
    quiet = np.zeros(5, dtype=SNAPSHOT)
    for kind in ("support", "resistance"):
        quiet[f"{kind}_price"] = quiet[f"{kind}_bar"] = np.nan
    times = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]").astype("datetime64[ns]")
    assert level_marks(quiet, times, np.arange(5)) == []
    assert phase_marks(quiet, np.arange(5)) == []
