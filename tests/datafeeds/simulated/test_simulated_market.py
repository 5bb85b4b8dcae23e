"""The simulated market: deterministic, valid, within the bands of real hourly bitcoin, and true to its own ledger."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.feed import passed
from datafeeds.simulated.ledger import CHANGED, LIQUIDATED
from datafeeds.simulated.market import simulate, simulate_with_truth
from datafeeds.simulated.parameters import REPORTS, SimulationParameters
from datafeeds.simulated.truth import Truth, true_density, true_mixture

BARS = 1500


@pytest.fixture(scope="module")
def made():
    return simulate_with_truth(11, bars=BARS)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    one, again, other = simulate(1, bars=300), simulate(1, bars=300), simulate(2, bars=300)
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_longer_run_begins_with_the_shorter_one():
    shorter, longer = simulate(4, bars=200).frame, simulate(4, bars=300).frame
    for name in ("open", "high", "low", "close", "mark_close", "open_interest", "liquidated_long"):
        assert (shorter[name].to_numpy() == longer[name].to_numpy()[:200]).all(), name


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


def test_every_contract_has_a_long_and_a_short(made):
    truth, interest = Truth(made.ledger), made.market.frame["open_interest"].to_numpy()
    for bar in range(0, BARS, 7):
        rows = truth.standing(bar)
        longs, shorts = (float(rows["size"][rows["side"] == side].sum()) for side in (0, 1))
        assert longs == pytest.approx(shorts, rel=1e-9)
        assert longs == pytest.approx(interest[bar], rel=1e-9)


def test_what_was_liquidated_was_reached_by_the_mark(made):
    frame, rows = made.market.frame, made.ledger
    forced = rows[(rows["ending"] == LIQUIDATED) & (rows["opened_bar"] < rows["ended_bar"]) & (rows["ended_bar"] >= 0)]
    assert len(forced) > 1000
    low, high = (frame[name].to_numpy()[forced["ended_bar"]] for name in ("mark_low", "mark_high"))
    price, long = forced["liquidation_price"], forced["side"] == 0
    assert (np.where(long, price - low, high - price) >= -1e-9 * price).all()


def test_nothing_stands_on_the_wrong_side_of_the_mark(made):
    truth, mark = Truth(made.ledger), made.market.frame["mark_close"].to_numpy()
    for bar in range(0, BARS, 7):
        rows = truth.standing(bar)
        price = rows["liquidation_price"]
        long = rows["side"] == 0
        assert not (np.where(long, price - mark[bar], mark[bar] - price) > 1e-9 * mark[bar]).any()


def test_prints_are_the_liquidated_rows(made):
    rows = made.ledger[(made.ledger["ending"] == LIQUIDATED) & (made.ledger["ended_bar"] >= 0)]
    for side in (0, 1):
        by_rows = np.bincount(rows["ended_bar"][rows["side"] == side], rows["size"][rows["side"] == side], BARS)
        mine = made.prints[made.prints["side"] == side]
        assert np.bincount(mine["bar"], mine["size"], BARS) == pytest.approx(by_rows, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("report", REPORTS)
def test_columns_are_what_the_throttle_lets_through(report):
    made = simulate_with_truth(5, bars=400, parameters=dataclasses.replace(SimulationParameters(), report=report))
    let, taken = np.zeros(len(made.prints), dtype=bool), {}
    for place, one in enumerate(made.prints):  # slow and obvious
        if report == "full":
            let[place] = True
            continue
        key = (one["bar"], one["side"] if report == "largest_per_bar" else int(one["second"]))
        if key not in taken or report == "latest_per_second" or one["size"] > made.prints[taken[key]]["size"]:
            taken[key] = place
    let[list(taken.values())] = True
    assert (let == passed(made.prints, report)).all()
    assert (let == made.prints["reported"]).all()
    for side, name in enumerate(("liquidated_long", "liquidated_short")):
        mine = made.prints[let & (made.prints["side"] == side)]
        assert np.bincount(mine["bar"], mine["size"], 400) == pytest.approx(
            made.market.frame[name].to_numpy(), abs=1e-9
        )


def test_with_all_knobs_at_zero_the_price_is_the_exogenous_one_whatever_the_accounts_do():
    still = dataclasses.replace(
        SimulationParameters(), cascade_feedback=0.0, magnet_strength=0.0, post_wipe_reversion=0.0
    )
    one = simulate_with_truth(5, bars=500, parameters=still)
    other = simulate_with_truth(5, bars=500, parameters=dataclasses.replace(still, turnover=0.02, long_leverage=1.5))
    assert (one.market.frame["close"] == other.market.frame["close"]).all()
    assert (one.market.frame["close"].to_numpy() == one.exogenous).all()
    assert (one.market.frame["liquidated_long"] != other.market.frame["liquidated_long"]).any()


def test_a_density_is_the_sum_of_the_rows_that_stand(made):
    edges = np.linspace(30_000.0, 120_000.0, 181)
    for bar in (0, 63, 64, 700, BARS - 1):
        slow = np.zeros((2, 180))
        for row in made.ledger[(made.ledger["opened_bar"] <= bar) & (made.ledger["ended_bar"] > bar)]:
            inside = np.flatnonzero((edges[:-1] <= row["liquidation_price"]) & (row["liquidation_price"] < edges[1:]))
            slow[row["side"], inside] += row["size"]
        assert true_density(made.ledger, bar, edges) == pytest.approx(slow, rel=1e-9)


def test_the_mixture_is_near_the_one_the_market_was_made_of(made):
    p = SimulationParameters()
    mixture = true_mixture(made.ledger, np.array(p.leverages))
    assert mixture.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert (
        np.abs(mixture - np.array(p.leverage_weights)).sum(axis=1).max() < 0.25
    )  # size is heavy-tailed, cross margin drifts


def test_accounts_change_and_go_on(made):
    changed = made.ledger[made.ledger["ending"] == CHANGED]
    assert len(changed) > 100
    following = {(row["account"], row["opened_bar"]) for row in made.ledger}
    assert all((row["account"], row["ended_bar"]) in following for row in changed[::50])


def test_settlements_stand_on_the_eight_hour_grid():
    frame = simulate(1, bars=100).frame
    settled = frame["ts"][frame["funding_rate"].notna()]
    assert (settled.dt.hour % 8 == 0).all()
    assert len(settled) == 13  # hours 0, 8, .. 96


def test_quarter_hours_work_and_odd_lengths_are_refused():
    assert simulate(1, bars=100, bar_seconds=900).bar_seconds == 900
    with pytest.raises(ValueError, match="must divide 8 hours"):
        simulate(1, bars=100, bar_seconds=1700)
    with pytest.raises(ValueError, match="at least 2"):
        simulate(1, bars=1)


def test_times_begin_where_they_are_told_to():
    times = simulate(1, bars=60, start="2023-06-01").frame["ts"]
    assert times.iloc[0] == pd.Timestamp("2023-06-01", tz="UTC")
    assert (times.diff().dropna() == pd.Timedelta(hours=1)).all()
