"""The simulated market as a market: deterministic, valid, on the clock, and refusing what it cannot be."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate, simulate_with_truth
from datafeeds.simulated.parameters import REPORTS, SimulationParameters


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    one, again, other = (simulate_with_truth(seed, bars=300) for seed in (1, 1, 2))
    assert one.market.fingerprint() == again.market.fingerprint() != other.market.fingerprint()
    assert one.ledger.tobytes() == again.ledger.tobytes()
    assert one.prints.tobytes() == again.prints.tobytes()


def test_the_time_zone_of_the_machine_changes_nothing(monkeypatch):
    here = simulate(1, bars=100).fingerprint()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert simulate(1, bars=100).fingerprint() == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_longer_run_begins_with_the_shorter_one():
    short, long = simulate(4, bars=150).frame, simulate(4, bars=400).frame
    pd.testing.assert_frame_equal(short, long.iloc[:150])


def test_a_market_is_simulated_says_so_and_has_no_defect():
    market = simulate(1, bars=500)
    assert market.simulated
    assert market.caveats()[0] == "simulated market: nothing here ever traded"
    assert market.quality.sentences() == []
    assert market.frame.drop(columns="funding_rate").notna().all(axis=None)


def test_bars_are_stamped_by_their_open():
    times = simulate(1, bars=60, start="2023-06-01").frame["ts"]
    assert times.iloc[0] == pd.Timestamp("2023-06-01", tz="UTC")
    assert (times.diff().dropna() == pd.Timedelta(hours=1)).all()


@pytest.mark.parametrize(
    ("start", "bar_seconds"), [("2024-01-01", 3600), ("2024-01-01T05:00", 3600), ("2024-03-02", 900)]
)
def test_funding_settles_every_eight_hours_of_the_clock_and_nowhere_else(start, bar_seconds):
    frame = simulate(1, bars=100, bar_seconds=bar_seconds, start=start).frame
    on_grid = (frame["ts"].dt.hour % 8 == 0) & (frame["ts"].dt.minute == 0)
    assert (frame["funding_rate"].notna() == on_grid).all()


def test_each_bar_opens_where_the_last_one_closed_and_holds_its_marks():
    frame = simulate(3, bars=300).frame
    assert (frame["open"].iloc[1:].to_numpy() == frame["close"].iloc[:-1].to_numpy()).all()
    assert (frame["mark_low"] <= frame["mark_close"]).all()
    assert (frame["mark_close"] <= frame["mark_high"]).all()


@pytest.mark.parametrize("bar_seconds", [60, 900, 28_800])
def test_other_lengths_of_bars_keep_the_market_in_kind(bar_seconds):
    market = simulate(1, bars=200, bar_seconds=bar_seconds, parameters=SimulationParameters(burn_in_hours=100.0))
    assert market.bar_seconds == bar_seconds
    moves = np.log(market.frame["close"]).diff().std() / np.sqrt(bar_seconds / 3600.0)
    assert 0.001 < moves < 0.02
    assert 0.2 < market.frame["open_interest"].mean() / 60_000.0 < 2.0


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="must divide 8 hours"):
        simulate(1, bars=100, bar_seconds=1700)
    with pytest.raises(ValueError, match="at least 2"):
        simulate(1, bars=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"turnover": 2.0}, r"turnover = 2.0 is outside \[1e-06, 1\]"),
        ({"turnover": float("nan")}, "turnover = nan is outside"),
        ({"leverages": (10.0, 500.0), "leverage_weights": (0.5, 0.5)}, "leverages = .* is outside"),
        ({"leverages": (10.0, 5.0), "leverage_weights": (0.5, 0.5)}, "must ascend"),
        ({"leverages": (5.0, 10.0)}, "2 leverages need as many leverage_weights, not 8"),
        ({"leverages": (5.0, 10.0), "leverage_weights": (0.5, 0.6)}, "sum to 1.1 and must sum to 1"),
        ({"volatility_spreads": (0.1,)}, "of one length"),
        ({"report": "some"}, "report = 'some' is none of full, "),
    ],
)
def test_a_parameter_outside_its_domain_is_refused_in_a_sentence(change, message):
    with pytest.raises(ValueError, match=message):
        SimulationParameters(**change)


def test_every_parameter_is_documented():
    for field in dataclasses.fields(SimulationParameters):
        assert field.name in (SimulationParameters.__doc__ or "")


@pytest.mark.parametrize("report", REPORTS)
def test_a_parameter_set_comes_back_with_the_market(report):
    parameters = SimulationParameters(report=report, accounts_per_hour=5.0)
    assert simulate_with_truth(1, bars=20, parameters=parameters).parameters is parameters
