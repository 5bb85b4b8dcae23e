"""What is refused, what is named, and what leaves a market's identity alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.errors import MarketError
from datafeeds.quality import open_interest_breaks
from datafeeds.schema import market_from_frame


def frame(count=50, **columns):
    ts = pd.date_range("2024-01-01", periods=count, freq="h", tz="UTC")
    close = 100.0 + np.arange(count) * 0.1
    made = {
        "ts": ts,
        "open": close,
        "high": close + 1.0,
        "low": close - 1.0,
        "close": close,
        "volume": np.full(count, 10.0),
    }
    return pd.DataFrame(made | columns)


def changed(column, row, value, **columns):
    made = frame(**columns)
    made[column] = made[column].astype(object) if isinstance(value, str) else made[column]
    made.loc[row, column] = value
    return made


REFUSED = {
    "empty": (frame().iloc[:0], "0 bars"),
    "one bar": (frame().iloc[:1], "1 bars; at least 2"),
    "missing column": (frame().drop(columns="volume"), "missing column volume"),
    "no time": (frame().drop(columns="ts"), "missing column ts"),
    "missing price": (changed("close", 7, np.nan), "close is missing at 2024-01-01 07:00"),
    "negative price": (changed("low", 7, -1.0), "low is not positive at 2024-01-01 07:00"),
    "zero price": (changed("open", 7, 0.0), "open is not positive"),
    "infinite price": (changed("high", 7, np.inf), "high is infinite"),
    "high below low": (changed("high", 7, 1.0), "high is below low at 2024-01-01 07:00"),
    "close outside": (changed("close", 7, 150.0), "open or close lies outside"),
    "negative volume": (changed("volume", 7, -1.0), "volume is negative"),
    "missing volume": (changed("volume", 7, np.nan), "volume is missing"),
    "text for a number": (changed("close", 7, "abc"), "column close holds 'abc'"),
    "unsorted": (frame().iloc[::-1].reset_index(drop=True), "times go backwards"),
    "duplicate": (pd.concat([frame(), frame().tail(1)], ignore_index=True), "duplicate time"),
    "no number in a time": (changed("ts", 7, pd.NaT), "ts has no time in row 7"),
    "time out of this century": (frame(ts=np.arange(50) * 3600), "must lie between 2009 and 2100"),
    "uneven": (
        frame(ts=pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.cumsum(range(50)), "min")),
        "not evenly",
    ),
    "negative open interest": (frame(open_interest=-1.0), "open_interest is negative"),
    "funding in percent": (frame(funding_rate=5.0), "funding_rate above 1"),
    "zero mark": (frame(mark_close=0.0), "mark_close is zero"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_spoil_every_number_is_refused_in_one_sentence(name):
    bad, sentence = REFUSED[name]
    with pytest.raises(MarketError, match=sentence) as caught:
        market_from_frame(bad, "test")
    assert "\n" not in str(caught.value)


def test_a_good_frame_has_nothing_to_report():
    market = market_from_frame(frame(open_interest=100.0, funding_rate=np.nan), "test")
    assert market.quality.sentences() == []
    assert market.bar_seconds == 3600


def test_the_given_frame_is_left_alone():
    given_frame = frame(open_interest=100.0)
    before = given_frame.copy(deep=True)
    market_from_frame(given_frame, "test")
    pd.testing.assert_frame_equal(given_frame, before)


def test_gaps_are_counted():
    market = market_from_frame(frame().drop(index=[10, 11, 30]).reset_index(drop=True), "test")
    assert market.quality.sentences() == ["2 gaps in time, 3 bars missing; the longest after 2024-01-01 09:00 (2 bars)"]


@pytest.mark.parametrize(
    "ts",
    [
        pd.date_range("2024-01-01", periods=50, freq="h", tz="UTC").tz_convert("Asia/Tokyo"),
        pd.date_range("2024-01-01", periods=50, freq="h").astype("datetime64[ms]"),
        1_704_067_200 + 3600 * np.arange(50),
        (1_704_067_200 + 3600 * np.arange(50)) * 1_000,
        (1_704_067_200 + 3600 * np.arange(50)) * 1_000_000,
        (1_704_067_200 + 3600 * np.arange(50)) * 1_000_000_000,
        [f"{t:%Y-%m-%d %H:%M}" for t in pd.date_range("2024-01-01", periods=50, freq="h")],
    ],
    ids=["zoned", "naive", "s", "ms", "us", "ns", "text"],
)
def test_any_honest_way_to_write_time_is_the_same_market(ts):
    market = market_from_frame(frame(ts=ts), "test")
    assert market.fingerprint() == market_from_frame(frame(), "test").fingerprint()


def test_naive_times_are_named():
    market = market_from_frame(frame(ts=pd.date_range("2024-01-01", periods=50, freq="h")), "test")
    assert market.quality.sentences() == ["times without a zone are taken as UTC"]


def test_the_fingerprint_is_of_the_content():
    one = market_from_frame(frame(open_interest=1.0), "a")
    assert one.fingerprint() == market_from_frame(frame(open_interest=1.0)[::1].copy(), "b").fingerprint()
    assert one.fingerprint() != market_from_frame(frame(open_interest=2.0), "a").fingerprint()
    reordered = frame(open_interest=1.0)[["volume", "close", "ts", "open_interest", "low", "high", "open"]]
    assert one.fingerprint() == market_from_frame(reordered, "a").fingerprint()


def test_a_range_is_cut_by_bar_opens():
    market = market_from_frame(frame(), "test").between("2024-01-01T05:00", "2024-01-01T09:00")
    assert [f"{t:%H}" for t in market.frame["ts"]] == ["05", "06", "07", "08"]


@pytest.mark.parametrize(
    ("start", "end", "sentence"), [("2030-01-01", None, "leaves 0 bars"), ("soon", None, "cannot read")]
)
def test_a_bad_range_is_refused(start, end, sentence):
    with pytest.raises(MarketError, match=sentence):
        market_from_frame(frame(), "test").between(start, end)


def test_facts_name_what_stands_in():
    facts = " ".join(market_from_frame(frame(), "test").caveats())
    for word in ("no open interest", "no mark high and low", "no funding", "no reported liquidations"):
        assert word in facts


series = st.lists(st.one_of(st.floats(100.0, 10_000.0), st.just(np.nan)), min_size=5, max_size=60)


@settings(max_examples=100, deadline=None)
@given(series, st.integers(1, 59))
def test_a_break_is_judged_by_no_later_bar(values, cut):
    count = len(values)
    made = pd.DataFrame({"open_interest": values, "volume": np.full(count, 50.0)})
    cut = min(cut, count)
    assert (open_interest_breaks(made)[:cut] == open_interest_breaks(made.iloc[:cut])).all()


def test_the_first_value_after_a_hole_is_a_break():
    made = pd.DataFrame({"open_interest": [1.0, 1.0, np.nan, np.nan, 1.0, 1.0], "volume": 50.0})
    assert open_interest_breaks(made).tolist() == [False, False, False, False, True, False]
