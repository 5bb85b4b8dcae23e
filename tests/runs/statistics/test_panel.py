"""A table that cannot be judged is refused in one sentence."""

import numpy as np
import pytest

from runs.statistics.deflation import best_deflated
from runs.statistics.independence import effective_trials
from runs.statistics.overfitting import backtest_overfitting
from runs.statistics.panel import varying_trials
from runs.statistics.reality import superior_predictive_ability

ALL = [best_deflated, effective_trials, backtest_overfitting, superior_predictive_ability]
NOISE = np.random.default_rng(0).standard_normal((64, 5)) * 0.01
BAD = np.arange(NOISE.size).reshape(NOISE.shape) == 7 * 5 + 2


@pytest.mark.parametrize("statistic", ALL)
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (NOISE[:, 0], "give a table"),
        (NOISE[:3], "of 3 days"),
        (np.where(BAD, np.nan, NOISE), "trial 2 on day 7"),
        (np.where(BAD, np.inf, NOISE), "trial 2 on day 7"),
        (NOISE[:, :0], "of 0 trials"),
        (np.zeros((64, 5)), "0 trials vary"),
        (np.full((64, 5), 0.001), "0 trials vary"),
    ],
)
def test_every_statistic_over_trials_refuses_it(statistic, table, words):
    with pytest.raises(ValueError, match=words) as caught:
        statistic(table)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("statistic", [best_deflated, backtest_overfitting])
def test_nothing_was_chosen_from_one_trial(statistic):
    with pytest.raises(ValueError, match="1 trials"):
        statistic(NOISE[:, :1])


def test_trials_that_never_traded_are_named_by_their_absence():
    table = NOISE.copy()
    table[:, 1] = 0.0
    assert varying_trials(table).tolist() == [0, 2, 3, 4]
