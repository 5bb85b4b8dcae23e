"""Funding that is doubted, each kind planted; and funding as venues pay it, which is not."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.funding import funding_doubts
from datafeeds.markets import open_market
from datafeeds.resampling import resample
from datafeeds.schema import Market, market_from_frame
from datafeeds.simulated.market import simulate

HOUR = 3600


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(7, bars=24 * 40)


def with_rates(market: Market, rates) -> Market:
    columns = ["ts", "open", "high", "low", "close", "volume"]
    return market_from_frame(market.frame[columns].assign(funding_rate=rates), "made")


def doubts(market: Market) -> list[str]:
    return [defect.text for defect in market.quality.defects if defect.kind == "funding"]


def settled(market: Market) -> pd.Series:
    return market.frame["funding_rate"]


def hourly(count: int, seed: int = 1) -> np.ndarray:
    """Return rates as an hourly venue pays them: clamped to an eighth of the base rate most of the time."""
    drawn = np.random.default_rng(seed).normal(1e-5, 2e-5, count)
    return np.where(np.abs(drawn) < 2e-5, 1.25e-5, drawn)


def test_settled_rates_raise_no_doubt(market):
    assert doubts(market) == []


@pytest.mark.parametrize("count", [48, 200, 24 * 40])
def test_rates_that_settle_every_hour_raise_no_doubt(market, count):
    assert doubts(with_rates(market.head(count), hourly(count))) == []


def test_zeros_between_settlements_raise_no_doubt(market):
    assert doubts(with_rates(market, settled(market).fillna(0.0))) == []


@pytest.mark.parametrize("hours", [2, 4, 8])
def test_a_rate_that_is_filled_forward_is_doubted_and_how_to_mend_it_is_said(market, hours):
    rates = pd.Series(np.random.default_rng(3).normal(1e-5, 2e-5, len(market)))
    rates[market.frame["ts"].dt.hour % hours != 0] = np.nan
    (found,) = doubts(with_rates(market, rates.ffill()))
    assert found.startswith("funding_rate seems filled forward")
    assert f'every = "{hours}h"' in found
    assert f"{len(market) * (hours - 1) // hours} bars" in found


def test_filling_forward_is_seen_at_any_hour_of_the_grid_and_through_holes(market):
    rates = pd.Series(settled(market).dropna().to_numpy().repeat(8)).shift(3)
    rates[50:61] = np.nan
    (found,) = doubts(with_rates(market, rates.to_numpy()))
    assert "filled forward" in found


def test_one_rate_on_every_hour_is_that_of_eight_hours(market):
    (found,) = doubts(with_rates(market, 1e-4))
    assert "seems to be that of 8 hours" in found
    assert 'every = "8h"' in found


def test_rates_of_eight_hours_that_vary_by_the_hour_are_doubted(market):
    drawn = np.random.default_rng(4).normal(1.5e-4, 5e-5, len(market))
    (found,) = doubts(with_rates(market, drawn))
    assert "charged every 1 h" in found


@pytest.mark.parametrize("scale", [100.0, 1e4 / 1.001e4 * 1095.0])
def test_rates_in_percent_or_of_a_year_are_doubted(market, scale):
    (found,) = doubts(with_rates(market, settled(market) * scale))
    assert "in percent" in found
    assert "scale = 0.01" in found


def test_both_faults_are_named(market):
    found = doubts(with_rates(market, settled(market).ffill() * 100.0))
    assert ["filled forward" in found[0], "in percent" in found[1]] == [True, True]


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_missing_settlements_are_counted_on_any_cadence(market, hours):
    rates = pd.Series(hourly(len(market)) * hours)
    rates[market.frame["ts"].dt.hour % hours != 0] = np.nan
    whole = with_rates(market, rates)
    assert doubts(whole) == []
    due = np.flatnonzero(rates.notna())
    rates[due[[20, 21, 60, -1]]] = np.nan
    (found,) = doubts(with_rates(market, rates))
    first = market.frame["ts"].iloc[due[20]]
    assert found.startswith(f"4 settlements of funding_rate missing where one is due every {hours} h")
    assert f"{first:%Y-%m-%d %H:%M}" in found


def test_every_second_settlement_missing_is_no_longer_interval(market):
    rates = settled(market).where(market.frame["ts"].dt.hour % 16 == 0)
    (found,) = doubts(with_rates(market, rates))
    assert "due every 8 h" in found


def test_an_interval_that_the_venue_changes_misses_nothing(market):
    day = np.arange(len(market)) // 24
    hours = np.where(day < 15, 8, np.where(day < 25, 4, 1))
    due = market.frame["ts"].dt.hour.to_numpy() % hours == 0
    rates = np.where(due, np.random.default_rng(5).normal(1e-5, 1e-5, len(market)) * hours, np.nan)
    assert doubts(with_rates(market, rates)) == []


def test_a_gap_in_time_is_no_missing_settlement(market):
    frame = market.frame.drop(index=range(100, 130))
    assert not [d for d in market_from_frame(frame, "gap").quality.defects if d.kind == "funding"]


def test_nothing_before_the_first_rate_is_missing(market):
    rates = settled(market).copy()
    rates[:100] = np.nan
    assert doubts(with_rates(market, rates)) == []


def test_larger_bars_keep_the_doubts_of_their_parts(market):
    filled = with_rates(market, settled(market).ffill())
    assert doubts(resample(filled, 24 * HOUR)) == doubts(filled) != []


def test_long_bars_that_tell_one_settlement_are_doubted_and_those_that_tell_all_are_not(market):
    daily = resample(market, 24 * HOUR)
    assert doubts(daily) == []
    (found,) = doubts(market_from_frame(daily.frame.drop(columns="funding_rate_within"), "daily"))
    assert "funding_rate_within" in found
    half = resample(market, 12 * HOUR)  # of every second bar nothing settles at the open
    assert doubts(market_from_frame(half.frame, "twelve hours")) == []


def test_no_rate_raises_no_doubt():
    assert funding_doubts(np.arange(5) * HOUR, np.full(5, np.nan), HOUR) == []


@pytest.mark.parametrize(("name", "said"), [("ffill", "8 hours"), ("percent", "in percent"), ("settled", None)])
def test_files_from_outside_are_doubted_where_they_are_wrong(cases, name, said):
    found = doubts(open_market(str(cases / "files" / f"funding-{name}.csv")))
    assert [said in text for text in found] == ([True] if said else [])


@pytest.mark.parametrize("name", ["bybit_1h/BTCUSDT", "bybit_1h/ETHUSDT", "binance_1h/BTCUSDT", "binance_15m/BTCUSDT"])
def test_real_funding_raises_no_doubt(market_data, name):
    assert doubts(open_market(str(market_data / f"{name}.parquet"))) == []
