"""The simulated market: deterministic, valid, and within the bands of real hourly bitcoin."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated import SimulationParameters, simulate


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    one, again, other = simulate(1, bars=300), simulate(1, bars=300), simulate(2, bars=300)
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_market_is_simulated_and_says_so():
    market = simulate(1, bars=50)
    assert market.simulated
    assert market.facts()[0] == "simulated market: nothing here ever traded"
    assert market.quality.lines() == []


@pytest.mark.parametrize("seed", range(6))
def test_moments_lie_in_the_bands_of_hourly_bitcoin(seed):
    # science notes 4: hourly sd .61 % (BTC 2021-25), excess kurtosis 12-35 hourly, autocorrelation of |r| .25-.35 at one lag
    frame = simulate(seed).frame
    returns = np.log(frame["close"]).diff().dropna()
    assert 0.004 < returns.std() < 0.010
    assert 4.0 < returns.kurt() < 60.0
    assert abs(returns.autocorr(1)) < 0.06
    assert 0.12 < returns.abs().autocorr(1) < 0.45
    assert 0.05 < returns.abs().autocorr(24) < 0.35
    funding = frame["funding_rate"].dropna()
    assert (funding - 1e-4).abs().median() < 1e-9, "mass point at the base rate"
    assert 5e-5 < funding.std() < 5e-4


def test_open_interest_and_liquidations_follow_from_positions():
    frame = simulate(3, bars=3000).frame
    assert (frame["open_interest"] > 0.0).all()
    forced = frame["liquidated_long"] + frame["liquidated_short"]
    assert (forced >= 0.0).all()
    assert (forced <= frame["open_interest"].shift(1).fillna(np.inf) * 2.0).all()
    worst = (frame["low"] / frame["open"] - 1.0).nsmallest(60).index
    best = (frame["high"] / frame["open"] - 1.0).nlargest(60).index
    assert frame.loc[worst, "liquidated_long"].sum() > 4 * frame.loc[worst, "liquidated_short"].sum()
    assert frame.loc[best, "liquidated_short"].sum() > 4 * frame.loc[best, "liquidated_long"].sum()
    assert (frame["volume"] >= forced * (1.0 - 1e-12)).all()


def test_without_impact_the_price_is_the_efficient_one():
    """The knob has an exact zero: then liquidations move nothing, whatever the leverage in the market."""
    calm = dataclasses.replace(SimulationParameters(), impact=0.0)
    one = simulate(5, bars=500, parameters=calm)
    other = simulate(5, bars=500, parameters=dataclasses.replace(calm, turnover=0.02))
    assert (one.frame["close"] == other.frame["close"]).all()
    assert (one.frame["liquidated_long"] != other.frame["liquidated_long"]).any()


def test_settlements_stand_on_the_eight_hour_grid():
    frame = simulate(1, bars=100).frame
    settled = frame["ts"][frame["funding_rate"].notna()]
    assert (settled.dt.hour % 8 == 0).all()
    assert len(settled) == 100 // 8


def test_quarter_hours_work_and_odd_lengths_are_refused():
    assert simulate(1, bars=100, bar_seconds=900).bar_seconds == 900
    with pytest.raises(ValueError, match="must divide 8 hours"):
        simulate(1, bars=100, bar_seconds=1700)
    with pytest.raises(ValueError, match="at least 2"):
        simulate(1, bars=1)


def test_longer_runs_begin_like_shorter_ones_in_kind():
    times = simulate(1, bars=60, start="2023-06-01").frame["ts"]
    assert times.iloc[0] == pd.Timestamp("2023-06-01", tz="UTC")
    assert (times.diff().dropna() == pd.Timedelta(hours=1)).all()
