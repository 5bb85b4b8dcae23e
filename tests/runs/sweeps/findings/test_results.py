"""A sweep's rows as arrays."""

import numpy as np
import pytest

from runs.sweeps.findings.results import read_results
from runs.sweeps.rows.objective import best_first
from tests.runs.sweeps.made import noise, results_of, table_of


def test_errors_are_apart_and_the_rest_is_ordered_by_number():
    table = table_of(noise(30, 5, 0), errors=2).sample(frac=1.0, random_state=0)
    results = read_results(table, np.arange(30).astype("datetime64[D]"), "sharpe")
    assert results.table["number"].tolist() == [2, 3, 4, 5, 6]
    assert results.failed["number"].tolist() == [0, 1]
    assert np.array_equal(results.returns, noise(30, 5, 0))
    assert results.parameters == ("rule.min_distance", "rule.hold_bars", "costs.margin_mode", "model.magnet_ratio")


@pytest.mark.parametrize("objective", ["sharpe", "max_bar_drawdown_fraction", "fees_quote"])
def test_the_order_is_the_commands(objective):
    table = table_of(noise(30, 40, 1))
    table.loc[5, objective] = np.nan
    table.loc[8, objective] = table.loc[7, objective]
    results = read_results(table, np.arange(30).astype("datetime64[D]"), objective)
    ours = results.table["number"].to_numpy()[results.order]
    assert ours.tolist() == best_first(table, objective)["number"].tolist()


def test_trials_that_earn_the_same_or_nothing_are_counted():
    returns = noise(30, 6, 2)
    returns[:, 4] = returns[:, 1]
    returns[:, 2] = 0.0
    results = results_of(returns)
    assert results.duplicates == 1
    assert results.best_distinct(9) == [place for place in results.order if place != 4]
    assert results.varies.tolist() == [True, True, False, True, True, True]


def test_a_trial_with_other_days_is_refused():
    with pytest.raises(ValueError, match="trial 0 has 30 daily returns, and the sweep has 31 days"):
        read_results(table_of(noise(30, 2, 0)), np.arange(31).astype("datetime64[D]"), "sharpe")
