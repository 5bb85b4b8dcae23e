"""The sentence that a tearsheet begins with, and its table of months."""

import numpy as np
import pandas as pd
import pytest

from runs.reports.first_screen import verdict_sentence
from runs.reports.monthly import monthly_returns, monthly_table


def figures(ours=0.1, theirs=-0.2, trades=3, **more):
    sides = {"performance": {"total_return_fraction": ours}, "buy_and_hold": {"total_return_fraction": theirs}}
    return {**sides, "trading": {"trades": trades}, **more}


@pytest.mark.parametrize("verdict", ["validated", "not validated", "too little data", "mixed", "not examined", None])
def test_the_verdict_is_one_short_sentence_and_speaks_of_luck_unless_the_signal_is_validated(verdict):
    said = verdict_sentence(figures(evidence={"verdict": verdict}))
    assert said.startswith("It earned 10.00% where buy and hold lost 20.00%, ")
    assert len(said.split()) <= 25
    assert said.count(". ") == 0
    assert ("may be luck" in said) == (verdict != "validated")


def test_a_run_that_was_not_examined_or_never_traded_says_so():
    assert "no test of its signal" in verdict_sentence(figures())
    assert verdict_sentence(figures(trades=0)) == "It made no trade; buy and hold lost 20.00%."


def test_months_and_years_compound_to_the_whole():
    days = pd.date_range("2022-11-15", "2024-02-03")
    daily = pd.Series(np.random.default_rng(1).normal(0.0, 0.03, len(days)), index=days)
    table = monthly_returns(daily)
    assert list(table) == [2022, 2023, 2024]
    whole = (1.0 + daily).prod()
    months = [1.0 + value for row in table.values() for value in row[:12] if value is not None]
    assert len(months) == 16
    assert np.prod(months) == pytest.approx(whole)
    assert np.prod([1.0 + row[12] for row in table.values()]) == pytest.approx(whole)
    assert table[2023][1] == pytest.approx((1.0 + daily["2023-02"]).prod() - 1.0)
    assert f"{table[2023][1]:+.1%}" in monthly_table(daily)
