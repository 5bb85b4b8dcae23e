"""The figures of a run, against closed forms and an independent recomputation."""

import json
import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.outcome import metrics as m
from runs.outcome.writing import jsonable
from runs.perpetual.accounting import MARKET
from runs.statistics import performance

HOUR = np.timedelta64(1, "h")


def hours(count: int, start: str = "2024-03-01T00") -> np.ndarray:
    return np.datetime64(start, "ns") + np.arange(count) * HOUR


@cache
def result() -> EngineResult:
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=1500))


@cache
def figures() -> dict:
    return m.run_metrics(result())


def test_daily_index_is_naive_and_misses_no_day():
    # bars on the first and the fourth day alone: the days between are flat, not dropped (quantstats#486)
    times = np.array(["2024-03-01T04", "2024-03-01T05", "2024-03-04T23"], dtype="datetime64[ns]")
    daily = m.daily_returns(times, np.array([100.0, 110.0, 99.0]), 100.0)
    assert daily.index.tz is None
    assert list(daily.index.day) == [1, 2, 3, 4]
    assert daily.to_numpy() == pytest.approx([0.1, 0.0, 0.0, -0.1])


def test_leading_flat_days_are_kept():
    daily = m.daily_returns(hours(96), np.r_[np.full(72, 100.0), np.full(24, 105.0)], 100.0)
    assert daily.to_numpy() == pytest.approx([0.0, 0.0, 0.0, 0.05])


@settings(max_examples=100, deadline=None)
@given(
    equity=st.lists(st.floats(1.0, 1e6), min_size=1, max_size=120),
    first=st.integers(0, 23),
    start=st.floats(1.0, 1e6),
)
def test_daily_returns_compound_to_final_over_initial_with_a_partial_first_day(equity, first, start):
    times = hours(len(equity), f"2024-03-01T{first:02d}")
    daily = m.daily_returns(times, np.array(equity), start)
    # A return near -1 keeps fewer digits of 1 + return: the error is at most a rounding, magnified by the fall.
    steps = np.r_[start, equity]
    rounding = np.finfo(float).eps * 4.0 * np.maximum(steps[:-1] / steps[1:], 1.0).sum()
    deepest = max(float((steps[:-1].max() / steps[1:]).max()), 1.0)
    assert float(np.prod(1.0 + daily)) == pytest.approx(equity[-1] / start, rel=rounding * deepest)


def test_growth_takes_365_days_for_a_year():
    assert performance.annual_growth(np.r_[0.3, np.zeros(364)]) == pytest.approx(0.3)
    assert performance.annual_growth(np.r_[0.21, np.zeros(729)]) == pytest.approx(0.1)


def test_volatility_and_sharpe_take_365_days_for_a_year():
    returns = np.array([0.01, -0.01, 0.03, 0.01])
    deviation = float(pd.Series(returns).std())
    assert performance.annual_volatility(returns) == pytest.approx(deviation * math.sqrt(365))
    assert performance.sharpe(returns) == pytest.approx(0.01 / deviation * math.sqrt(365))


def test_sortino_divides_by_the_losses_over_all_days():
    assert performance.sortino(np.array([0.02, -0.01, 0.01, 0.0])) == pytest.approx(0.005 / 0.005 * math.sqrt(365))


@pytest.mark.parametrize(
    "figure", [performance.sharpe, performance.sortino, performance.annual_volatility, performance.annual_growth]
)
def test_a_figure_without_days_is_nan_rather_than_zero(figure):
    assert math.isnan(figure(np.array([])))


def test_no_variance_and_no_loss_are_nan():
    assert math.isnan(performance.sharpe(np.zeros(9)))
    assert math.isnan(performance.sortino(np.full(9, 0.01)))


def test_losing_everything_is_a_growth_of_minus_one():
    assert performance.annual_growth(np.array([0.1, -1.0])) == -1.0


def test_drawdown_counts_the_start_as_a_high():
    assert performance.drawdowns(np.array([80.0, 120.0, 90.0]), 100.0) == pytest.approx([-0.2, 0.0, -0.25])


def test_drawdown_is_taken_from_bars_so_a_dip_inside_a_day_counts():
    # one day: falls by half at noon and is back at its close
    performance = m.performance_figures(hours(24), np.r_[np.full(12, 100.0), 50.0, np.full(11, 100.0)], 100.0)
    assert performance["max_bar_drawdown_fraction"] == -0.5
    assert performance["max_bar_drawdown_time"] == "2024-03-01T12:00:00Z"


def test_the_daily_drawdown_is_given_beside_the_bars():
    performance = m.performance_figures(hours(48), np.r_[np.full(12, 100.0), 50.0, np.full(35, 90.0)], 100.0)
    assert performance["max_bar_drawdown_fraction"] == -0.5
    assert performance["max_daily_drawdown_fraction"] == pytest.approx(-0.1)


def test_no_drawdown_is_named_without_its_basis():
    sides = ("performance", "buy_and_hold", "perpetual_held", "constant_exposure")
    named = [name for side in sides for name in figures()[side] if "drawdown" in name]
    assert len(named) > 10
    assert all(re.match(r"max_(bar|daily)_drawdown_", name) for name in named)


def test_a_drawdown_has_its_start_its_end_and_its_length():
    # peak at hour 2, bottom at 4, recovered at 6
    equity = np.array([100.0, 110.0, 120.0, 100.0, 90.0, 110.0, 125.0, 124.0])
    performance = m.performance_figures(hours(8), equity, 100.0)
    assert performance["max_bar_drawdown_start"] == "2024-03-01T02:00:00Z"
    assert performance["max_bar_drawdown_time"] == "2024-03-01T04:00:00Z"
    assert performance["max_bar_drawdown_end"] == "2024-03-01T06:00:00Z"
    assert performance["max_bar_drawdown_bars"] == 4


def test_a_drawdown_that_has_not_recovered_has_no_end():
    performance = m.performance_figures(hours(3), np.array([100.0, 90.0, 95.0]), 100.0)
    assert performance["max_bar_drawdown_end"] is None
    assert performance["max_bar_drawdown_bars"] == 2


def test_trading_figures_of_a_known_table():
    table = pd.DataFrame(
        {"net_pnl": [30.0, -10.0, 0.0, -20.0], "open": [False] * 4, "bars_held": [1, 2, 3, 4],
         "exit_reason": ["target", "stop", "signal", "stop"], "entry_kind": ["limit", "market", "limit", "stop"]}
    )  # fmt: skip
    trading = m.trading_figures(table)
    assert trading["trades"] == 4
    assert trading["hit_rate_fraction"] == 0.25
    assert trading["profit_factor"] == 1.0
    assert (trading["average_win_quote"], trading["average_loss_quote"]) == (30.0, -15.0)
    assert trading["largest_loss_quote"] == -20.0
    assert trading["entries"] == {"limit": 2, "market": 1, "stop": 1}
    missed = {"entries_expired": 4, "entries_refused_for_post_only": 2}
    assert m.waiting_entries(trading | missed) == {"waiting_entries_unfilled_fraction": 6 / 9}


def test_an_open_position_is_neither_a_hit_nor_a_miss():
    table = pd.DataFrame(
        {"net_pnl": [30.0, -10.0, 500.0], "open": [False, False, True], "bars_held": [1, 2, 3],
         "exit_reason": ["target", "stop", "open"], "entry_kind": ["market"] * 3}
    )  # fmt: skip
    trading = m.trading_figures(table)
    assert (trading["trades"], trading["trades_open"]) == (3, 1)
    assert (trading["hit_rate_fraction"], trading["profit_factor"]) == (0.5, 3.0)
    assert trading["average_win_quote"] == 30.0
    assert math.isnan(m.trading_figures(table[table["open"]])["hit_rate_fraction"])


def test_no_trade_leaves_ratios_undefined():
    trading = m.trading_figures(m.trades_of(result()).iloc[:0])
    assert trading["trades"] == 0
    assert math.isnan(trading["hit_rate_fraction"])
    assert math.isnan(trading["profit_factor"])


def test_fills_above_a_tenth_of_their_bars_volume_are_counted_and_named():
    run = result()
    fills = run.fills[run.fills["kind"] == MARKET]
    volume = np.full(len(run.market), 1e12)
    for fill, share in zip(fills[:3], (0.09, 0.11, 2.0), strict=True):
        volume[fill["bar"]] = abs(fill["size"]) / share
    frame = run.market.frame.assign(volume=volume)
    trading = m.run_metrics(replace(run, market=replace(run.market, frame=frame)))["trading"]
    assert trading["fills_above_tenth_of_volume"] == 2
    assert trading["largest_volume_share_fraction"] == pytest.approx(2.0)
    assert m.volume_sentence(trading).startswith("2 fills took more than a tenth of the bar's volume")
    volume[fills[3]["bar"]] = 0.0
    trading = m.run_metrics(replace(run, market=replace(run.market, frame=frame.assign(volume=volume))))["trading"]
    assert trading["fills_above_tenth_of_volume"] == 3
    assert math.isnan(trading["largest_volume_share_fraction"])


def test_the_run_reconciles():
    assert figures()["money"]["reconciliation_error"] <= 1e-6


def test_equity_follows_from_the_fills_cash_flows_summed_here():
    run, fills = result(), result().fills
    flows = -fills["size"] * fills["price"] - fills["fee"] - fills["funding"] - fills["liquidation_fee"]
    flows = flows + fills["insurance_fund"]
    start = float(run.account["start"][0])
    equity = math.fsum([start, *flows.tolist(), math.fsum(fills["size"]) * float(run.close[-1])])
    assert figures()["money"]["final_equity_quote"] == pytest.approx(equity, rel=1e-9)


def test_the_trades_net_profits_add_up_to_the_change_of_equity():
    change = float(result().equity[-1]) - float(result().account["start"][0])
    assert math.fsum(m.trades_of(result())["net_pnl"]) == pytest.approx(change, abs=1e-9 * 1e5)


def test_buy_and_hold_is_the_price_from_the_first_open_to_the_last_close():
    frame = result().market.frame
    expected = float(frame["close"].iloc[-1] / frame["open"].iloc[0] - 1.0)
    assert figures()["buy_and_hold"]["total_return_fraction"] == pytest.approx(expected, rel=1e-12)


def test_the_benchmark_against_itself_has_beta_one_and_no_alpha():
    run = result()
    opened = float(run.market.frame["open"].iloc[0])
    account = run.account.copy()
    account["start"] = opened
    mirror = EngineResult(**{**run.__dict__, "equity": run.close.copy(), "account": account})
    against = m.run_metrics(mirror)["against_buy_and_hold"]
    assert against["beta"] == pytest.approx(1.0)
    assert against["correlation"] == pytest.approx(1.0)
    assert against["annual_alpha_fraction"] == pytest.approx(0.0, abs=1e-12)


def test_names_of_sums_and_shares_carry_their_unit():
    for name in figures()["money"]:
        assert name.endswith("_quote") or name in ("liquidations", "reconciliation_error")
    for group in ("performance", "buy_and_hold"):
        for name, value in figures()[group].items():
            if name not in ("sharpe", "sortino", "bar_calmar") and isinstance(value, float):
                assert name.endswith("_fraction"), name


def test_the_data_says_that_it_is_simulated_and_what_it_lacks():
    data = figures()["data"]
    assert data["simulated"] is True
    assert data["bars"] == 1500
    assert data["bar_seconds"] == 3600
    assert any("simulated" in line for line in data["caveats"])


def test_json_has_null_for_what_is_not_a_number():
    text = json.dumps(jsonable({"a": math.nan, "b": [math.inf, np.float64("-inf")], "c": np.int64(3)}), allow_nan=False)
    assert text == '{"a": null, "b": [null, null], "c": 3}'


def test_the_same_run_gives_the_same_json_bytes():
    again = m.run_metrics(run_backtest(result().configuration, simulate(3, bars=1500)))
    first, second = (json.dumps(jsonable(value), indent=2, allow_nan=False) for value in (figures(), again))
    assert first == second
