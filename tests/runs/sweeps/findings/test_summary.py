"""What a sweep says: luck over noise, more than luck over a planted effect, and the same figures wherever they come from."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from runs.statistics.performance import annual_growth, sharpe
from runs.sweeps.findings.statistics import statistics_of, verdict_on
from runs.sweeps.findings.summary import benchmark_returns, summarise
from runs.sweeps.findings.verdict import LUCK, MORE, TOO_LITTLE
from tests.runs.sweeps.made import FACTS, days_of, market_of, noise, results_of

DAYS = 160


@cache
def market():
    return market_of(DAYS)


@cache
def summary() -> dict[str, Any]:
    results = results_of(noise(DAYS, 60, 4), days_of(market()), errors=3)
    return summarise(FACTS, results, market(), np.array([0.1, -0.05, 0.02]), draws=200)


def verdict_of(returns: np.ndarray, draws: int = 200) -> str:
    results = results_of(returns)
    return verdict_on(results, statistics_of(results, np.zeros(len(returns)), None, draws, 0))["verdict"]


def test_over_noise_the_report_says_luck_but_for_its_level():
    verdicts = [verdict_of(noise(250, 30, seed)) for seed in range(40)]
    assert sum(verdict != LUCK for verdict in verdicts) <= binom.ppf(0.99, 40, 0.05)


def test_with_a_planted_effect_the_report_says_more_than_luck():
    verdicts = []
    for seed in range(10):
        returns = noise(250, 30, seed)
        returns[:, 7] += 0.3 * returns[:, 7].std()  # an annual Sharpe ratio of about 5.7
        verdicts.append(verdict_of(returns))
    assert verdicts.count(MORE) >= 9


def test_all_trials_may_be_good_though_their_order_means_nothing():
    returns = noise(250, 30, 0, common=0.95) + 0.003
    assert verdict_of(returns) == MORE


def test_few_days_and_trials_that_never_traded_are_too_little_data():
    assert verdict_of(noise(40, 5, 0)) == TOO_LITTLE
    assert verdict_of(np.zeros((200, 4))) == TOO_LITTLE


def test_the_sentence_leads_and_all_is_plain_json():
    assert summary()["sentence"] == summary()["verdict"]["sentence"]
    assert json.loads(json.dumps(summary(), allow_nan=False)) == summary()


def test_counts_add_up():
    counts = summary()["counts"]
    assert (counts["combinations"], counts["evaluated"], counts["errors"]) == (63, 60, 3)
    assert summary()["errors"] == [{"error": "bad", "trials": 3, "first": 0}]


def test_the_best_is_the_highest_objective_with_intervals_that_hold_it():
    best, returns = summary()["best"], noise(DAYS, 60, 4)
    ratios = [sharpe(column) for column in returns.T]
    assert best["number"] == int(np.argmax(ratios)) + 3
    assert best["metrics"]["sharpe"] == max(ratios)
    for name in ("sharpe", "annual_growth_fraction"):
        assert best["intervals"][name]["low"] < best["metrics"][name] < best["intervals"][name]["high"]


def test_statistics_name_trials_by_their_number():
    assert summary()["statistics"]["deflation"]["best"] == summary()["best"]["number"]


def test_buy_and_hold_is_the_markets_own_return():
    frame, days = market().frame, days_of(market())
    whole = benchmark_returns(market(), days)
    assert np.prod(1.0 + whole) == pytest.approx(frame["close"].iloc[-1] / frame["open"].iloc[0])
    part = benchmark_returns(market(), days[40:90])
    assert np.prod(1.0 + part) == pytest.approx(frame["close"].iloc[90 * 24 - 1] / frame["open"].iloc[40 * 24])
    assert summary()["best"]["buy_and_hold"]["annual_growth_fraction"] == pytest.approx(annual_growth(whole))


def test_without_any_result_there_is_a_summary_all_the_same():
    found = summarise(FACTS, results_of(np.zeros((DAYS, 0)), days_of(market()), errors=2), market(), draws=50)
    assert found["best"] is None
    assert found["verdict"]["verdict"] == TOO_LITTLE
