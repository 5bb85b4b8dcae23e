"""The breakdown of trades: each group counted again, trade by trade, in plain Python."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from datafeeds.simulated.market import simulate
from indicators.liquidation.cascade_phase import PHASES
from indicators.liquidation.snapshot import SNAPSHOT
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.outcome.breakdown import breakdown
from runs.outcome.metrics import run_metrics, trades_of

KEYS = ("cluster_distance", "signal_strength", "phase", "cascade_side")


@cache
def result():
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=2400))


def labels(row):
    """Return the group of one trade in each list, read off the bar before its entry."""
    before = [view for time, view in zip(result().times, result().snapshots, strict=True) if time < row["entry_time"]]
    if not before:
        return ("no cluster that way", "a cluster on one side at most", "before the first close", "no cascade")
    view, up = before[-1], row["side"] == "long"
    gap = (view["cluster_above_price"] - view["close"] if up else view["close"] - view["cluster_below_price"]) / view[
        "close"
    ]
    ratio = view["cluster_above_usd"] / view["cluster_below_usd"]
    ratio = ratio if up else 1.0 / ratio
    distance = "no cluster that way"
    for edge, label in (
        (0.0, "below 1%"),
        (0.01, "1% to 2%"),
        (0.02, "2% to 5%"),
        (0.05, "5% to 10%"),
        (0.1, "10% and more"),
    ):
        distance = label if gap >= edge else distance
    strength = "a cluster on one side at most"
    for edge, label in (
        (0.0, "below 1 x"),
        (1.0, "1 x to 2 x"),
        (2.0, "2 x to 3 x"),
        (3.0, "3 x to 5 x"),
        (5.0, "5 x and more"),
    ):
        strength = label if ratio >= edge else strength
    falls = {-1.0: not up, 1.0: up}.get(view["phase_direction"])
    leg = {True: "with the cascade", False: "against it", None: "no cascade"}[falls]
    return distance, strength, PHASES[int(view["phase"])], leg


@pytest.mark.parametrize("place", range(4))
def test_every_group_is_what_counting_its_trades_gives(place):
    trades = trades_of(result())
    closed = [row for _, row in trades.iterrows() if not row["open"]]
    assert len(closed) > 20
    by_hand = {}
    for row in closed:
        by_hand.setdefault(labels(row)[place], []).append(row)
    groups = breakdown(trades, result().times, result().snapshots)[KEYS[place]]
    assert set(by_hand) <= {group["group"] for group in groups}
    for group in groups:
        rows = by_hand.get(group["group"], [])
        assert group["trades"] == len(rows)
        assert group["wins"] == sum(row["net_pnl"] > 0.0 for row in rows)
        assert group["net_pnl_quote"] == pytest.approx(sum(row["net_pnl"] for row in rows))
        if rows:
            test = stats.binomtest(group["wins"], len(rows)).proportion_ci(0.95, method="wilson")
            assert group["hit_rate_fraction"] == pytest.approx(group["wins"] / len(rows))
            assert (group["hit_rate_low_fraction"], group["hit_rate_high_fraction"]) == pytest.approx(
                (test.low, test.high)
            )
            returns = [row["net_pnl"] / row["notional"] for row in rows]
            assert group["mean_net_return_on_notional_fraction"] == pytest.approx(sum(returns) / len(returns))
        else:
            assert math.isnan(group["hit_rate_fraction"])


def test_each_closed_trade_is_in_one_group_of_each_list():
    trades = trades_of(result())
    for groups in breakdown(trades, result().times, result().snapshots).values():
        assert sum(group["trades"] for group in groups) == int((~trades["open"].astype(bool)).sum())


def test_a_trade_still_open_has_no_outcome_and_one_at_the_first_bar_no_signal():
    times = np.array(["2024-01-01T00", "2024-01-01T01"], dtype="datetime64[ns]")
    rows = {
        "entry_time": times,
        "side": ["long"] * 2,
        "net_pnl": [5.0, 7.0],
        "notional": [100.0] * 2,
        "open": [False, True],
    }
    found = breakdown(pd.DataFrame(rows), times, np.zeros(2, dtype=SNAPSHOT))
    for groups in found.values():
        assert [group["trades"] for group in groups] == [0] * (len(groups) - 1) + [1]
        assert groups[-1]["net_pnl_quote"] == 5.0


def test_without_a_trade_all_groups_are_there_and_empty():
    none = trades_of(result()).iloc[:0]
    found = breakdown(none, result().times, result().snapshots)
    assert [len(found[key]) for key in KEYS] == [6, 6, 6, 3]
    assert all(group["trades"] == 0 for groups in found.values() for group in groups)


def test_the_metrics_hold_it():
    found = breakdown(trades_of(result()), result().times, result().snapshots)
    np.testing.assert_equal(run_metrics(result())["breakdown"], found)
