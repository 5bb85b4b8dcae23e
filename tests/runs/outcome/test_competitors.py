"""What a run has to beat: figures found by hand, and the engine's own account of a coin that is held."""

import dataclasses

import backtrader as bt
import numpy as np
import pytest

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.outcome.competitors import competitors, constant_exposure, held_of, perpetual_held
from runs.outcome.metrics import run_metrics

BY_HAND = {"BTCUSDT": (10.6665, 6.7262), "ETHUSDT": (0.3424, -0.3555)}
"""Bybit: return of the price, and less funding (settlements after the first open, each at its bar's open)."""


@pytest.mark.parametrize("symbol", BY_HAND)
def test_a_held_perpetual_pays_the_funding_that_spot_does_not(market_data, symbol):
    found = perpetual_held(held_of(open_market(str(market_data / "bybit_1h" / f"{symbol}.parquet"))), 0.0)
    spot, with_funding = BY_HAND[symbol]
    assert found["price_return_fraction"] == pytest.approx(spot, abs=5e-5)
    assert found["total_return_fraction"] == pytest.approx(with_funding, abs=5e-5)


RISING = simulate(8, bars=900)


class HoldOneCoin(bt.Strategy):
    def next(self):
        if len(self) == 1:
            self.buy(size=1.0)


def test_a_held_perpetual_earns_what_the_engine_books_for_one_coin():
    market = simulate(3, bars=900)
    settings = {"strategy": f"{__name__}:HoldOneCoin", "costs": {"starting_cash": 1e7}}
    run = run_backtest(configuration_from(settings), market)
    entry, opened = run.fills[0], float(market.frame["open"].iloc[1])
    cost = (float(entry["fee"]) + float(entry["price"]) - opened) / opened
    found = perpetual_held(held_of(market[1:]), cost)
    assert found["total_return_fraction"] == pytest.approx((run.equity[-1] - 1e7) / opened, rel=1e-9)
    assert found["funding_paid_fraction"] == pytest.approx(float(run.account["funding"][0]) / opened, rel=1e-9)
    assert found["funding_paid_fraction"] != 0.0


def test_the_parts_of_a_held_perpetuals_return_add_up():
    found = run_metrics(run_backtest(configuration_from({"strategy": "overlay"}), simulate(3, bars=900)))[
        "perpetual_held"
    ]
    parts = found["price_return_fraction"] - found["funding_paid_fraction"] - found["entry_cost_fraction"]
    assert found["total_return_fraction"] == pytest.approx(parts, rel=1e-9)
    assert found["entry_cost_fraction"] == pytest.approx(0.0007, rel=1e-3)  # 5 bps of fee, 2 of slippage


def test_a_coin_whose_funding_eats_its_worth_says_how_much_cash_was_missing():
    market = simulate(3, bars=900)
    rates = np.where(market.frame["funding_rate"].notna(), 0.05, np.nan)
    costly = dataclasses.replace(market, frame=market.frame.assign(funding_rate=rates))
    found = perpetual_held(held_of(costly), 0.0)
    assert found["further_cash_fraction"] > 0.5
    assert found["max_bar_drawdown_fraction"] < -1.0
    assert perpetual_held(held_of(market), 0.0)["further_cash_fraction"] == 0.0


@pytest.mark.parametrize(
    ("extra", "verdict"),
    [
        (lambda days: np.full(days, -0.001), "it loses to simply holding that much"),
        (lambda days: np.full(days, 0.001), "it does better than simply holding that much"),
        (lambda days: np.r_[np.zeros(days - 1), 2.0], "neither is better in both"),  # more, but all of it on one day
    ],
)
def test_the_sentence_says_who_does_better(extra, verdict):
    held = held_of(RISING)
    ours = 0.5 * held.daily_returns + extra(len(held.daily_returns))
    assert verdict in constant_exposure(held, 0.5, ours)["sentence"]


def test_an_account_that_held_nothing_is_compared_with_nothing():
    run = run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=900))
    flat = dataclasses.replace(run, position=np.zeros(900))
    assert "Nothing was held" in competitors(flat)["constant_exposure"]["sentence"]
