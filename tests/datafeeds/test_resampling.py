"""Larger bars against a plain recount, and against the venue's own."""

import math
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st

from datafeeds.errors import MarketError
from datafeeds.files import read_market
from datafeeds.resampling import resample
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from tests.conftest import PROJECT

HOUR = 3600
SUMS = ("volume", "taker_buy_volume", "liquidated_long", "liquidated_short")


def recount(frame, old, new):
    """Larger bars by plain loops: one dictionary a bar, in the order of time."""
    groups = {}
    for row in frame.to_dict("records"):
        seconds = int(row["ts"].timestamp())
        shift = 4 * 86_400 if new % (7 * 86_400) == 0 else 0  # weeks from Monday
        groups.setdefault((seconds - shift) // new * new + shift, []).append(row)
    made = []
    for opened, rows in groups.items():
        if len(rows) != new // old:
            continue
        bar = {"ts": opened, "open": rows[0]["open"], "high": max(r["high"] for r in rows), "low": min(r["low"] for r in rows),
               "close": rows[-1]["close"]}  # fmt: skip
        for name in SUMS:
            if name in rows[0]:
                total = 0.0
                for r in rows:
                    total += r[name]
                bar[name] = total
        for name in ("open_interest", "long_short_ratio"):
            if name in rows[0]:
                known = [r[name] for r in rows if not math.isnan(r[name])]
                bar[name] = known[-1] if known else math.nan
        if "funding_rate" in rows[0]:
            bar["funding_rate"] = rows[0]["funding_rate"]
        for name, pick in (("mark_high", max), ("mark_low", min)):
            if name in rows[0]:
                values = [r[name] for r in rows]
                bar[name] = math.nan if any(map(math.isnan, values)) else pick(values)
        if "mark_close" in rows[0]:
            bar["mark_close"] = rows[-1]["mark_close"]
        made.append(bar)
    return pd.DataFrame(made)


def assert_recounted(market, seconds):
    larger, expected = resample(market, seconds), recount(market.frame, market.bar_seconds, seconds)
    assert [int(time.timestamp()) for time in larger.frame["ts"]] == expected["ts"].tolist()
    for name in expected.columns.drop("ts"):
        if expected[name].notna().any():
            assert np.array_equal(larger.frame[name].to_numpy(), expected[name].to_numpy(), equal_nan=True), name


@pytest.mark.parametrize("seconds", [HOUR, 4 * HOUR, 24 * HOUR])
def test_real_quarter_hours_equal_a_recount(market_data, seconds):
    assert_recounted(read_market(market_data / "binance_15m/BTCUSDT.parquet"), seconds)


def test_real_hours_with_marks_and_liquidations_equal_a_recount(market_data):
    for name in ("binance_1h/ETHUSDT", "binance_1h_liquidations/BTCUSDT"):
        assert_recounted(read_market(market_data / f"{name}.parquet"), 8 * HOUR)


def test_hours_made_of_five_minutes_are_the_venues_own(market_data):
    made = resample(read_market(market_data / "binance_5m/BTCUSDT.parquet"), HOUR).frame.set_index("ts")
    own = read_market(market_data / "binance_1h/BTCUSDT.parquet").frame.set_index("ts").loc[made.index]
    assert len(made) == 19_704  # every hour of 2023-01-01 .. 2025-03-31
    for name in ("high", "low", "close"):
        assert (made[name] == own[name]).all(), name
    # The two downloads disagree in themselves: one open, and the volume of seven hours in which the venue revised trades.
    assert made.index[made["open"] != own["open"]].tolist() == [pd.Timestamp("2024-10-28 21:00", tz="UTC")]
    off = np.abs(made["volume"] / own["volume"] - 1.0)
    assert (off > 1e-12).sum() == 7
    assert off[off <= 1e-12].max() < 12 * 2.3e-16  # sums of twelve numbers


@cache
def whole():
    return simulate(seed=3, bars=2000)


@pytest.mark.parametrize("seconds", [2 * HOUR, 8 * HOUR, 24 * HOUR, 48 * HOUR, 7 * 24 * HOUR])
@given(st.sets(st.integers(0, 1999), max_size=30), st.integers(0, 60))
@example({168, 504, 1008, 1344}, 0)  # of the whole weeks that are left most lie two weeks apart
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])  # shrinking two thousand bars takes minutes
def test_with_any_gaps_only_whole_bars_are_made(seconds, lost, offset):
    kept = [row for row in range(offset, 2000) if row not in lost]
    gappy = market_from_frame(whole().frame.iloc[kept].reset_index(drop=True), "folder/GAPPY")
    try:
        larger = resample(gappy, seconds)
    except MarketError as error:  # gaps may leave fewer than two whole weeks
        assume("whole bars" not in str(error))
        raise
    assert_recounted(gappy, seconds)
    left_out = [defect for defect in larger.quality.defects if defect.kind == "resampled"]
    assert sum(defect.count for defect in left_out) <= len(lost)


@pytest.mark.parametrize("bars", [500, 1000, 1501])
def test_larger_bars_of_a_prefix_are_a_prefix_of_the_larger_bars(bars):
    market = simulate(seed=4, bars=2000)
    start = market_from_frame(market.frame.iloc[:bars].copy(), market.name, simulated=True)
    whole, part = resample(market, 4 * HOUR), resample(start, 4 * HOUR)
    pd.testing.assert_frame_equal(part.frame, whole.frame.iloc[: len(part)], check_exact=True)


def test_twice_is_as_good_as_once_but_for_the_rounding_of_sums():
    market = simulate(seed=5, bars=3000, bar_seconds=300)
    once, twice = resample(market, HOUR), resample(resample(market, 900), HOUR)
    assert once.frame["ts"].tolist() == twice.frame["ts"].tolist()
    for name, values in once.columns().items():
        slack = (
            12 * 2.3e-16 if name in (*SUMS, "funding_rate_within") else 0.0
        )  # a sum of twelve numbers in another order
        assert np.allclose(values, twice.columns()[name], rtol=slack, atol=0.0, equal_nan=True), name


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("hours", [3, 8, 12, 24, 7 * 24])
def test_what_settles_within_a_larger_bar_is_weighed_by_its_own_marks(hours, marked):
    market = simulate(seed=6, bars=24 * 40)
    if not marked:
        market = market_from_frame(market.frame.drop(columns=["mark_high", "mark_low", "mark_close"]), "unmarked")
    larger, opened, parts = resample(market, hours * HOUR), {}, []
    for row in market.frame.to_dict("records"):  # the mark at an hour's open, and what settles there
        mark = parts[-1]["mark_close"] if marked and parts else row["open"]
        parts.append(row | {"mark": mark})
        opened[row["ts"]] = len(parts) - 1
    for bar in larger.frame.to_dict("records")[1:]:
        first = opened[bar["ts"]]
        later = [
            p["funding_rate"] * p["mark"] for p in parts[first + 1 : first + hours] if not math.isnan(p["funding_rate"])
        ]
        within = bar.get("funding_rate_within", math.nan)
        assert math.isnan(within) == (not later)
        assert bar["funding_rate"] == parts[first]["funding_rate"] or hours < 8 or hours == 12
        assert not later or within * parts[first]["mark"] == pytest.approx(sum(later), rel=1e-12)


def test_bars_of_the_interval_or_less_have_nothing_within():
    assert "funding_rate_within" not in resample(simulate(seed=6, bars=24 * 40), 8 * HOUR).frame


def test_a_break_within_a_bar_is_one_of_the_bar(market_data):
    market = read_market(market_data / "bybit_1h/BTCUSDT.parquet")
    flagged = market.frame["ts"][market.frame["open_interest_break"] == 1.0].dt.floor("1D").unique()
    daily = resample(market, 24 * HOUR).frame.set_index("ts")
    assert (daily.loc[[day for day in flagged if day in daily.index], "open_interest_break"] == 1.0).all()


@pytest.mark.parametrize("seconds", [1800, 5400, 5 * HOUR, 7 * HOUR, 36 * HOUR])
def test_lengths_that_cannot_be_made_are_refused(seconds):
    with pytest.raises(MarketError, match="bars of"):
        resample(simulate(bars=200), seconds)


def test_too_few_bars_are_refused_and_the_same_length_is_the_same_market():
    market = simulate(bars=30)
    assert resample(market, HOUR) is market
    with pytest.raises(MarketError, match="at least 2"):
        resample(market, 24 * HOUR)


def test_the_zone_of_the_machine_changes_nothing():
    program = (
        "from datafeeds.simulated.market import simulate\nfrom datafeeds.resampling import resample\n"
        "print(resample(simulate(bars=3000), 86400).fingerprint())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"TZ": zone},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("America/New_York", "Asia/Kolkata")
    }
    assert len(prints) == 1
