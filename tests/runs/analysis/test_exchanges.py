"""The parts of exchanges and the largest single liquidation, against pandas."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from datafeeds.aggregation import sum_of_venues
from datafeeds.schema import market_from_frame
from datafeeds.venue_columns import is_venue_column, venue_column
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.exchanges import exchange_section, largest_section
from runs.analysis.record import analyse
from runs.outcome.writing import jsonable
from runs.reports.analysis.markdown import markdown_report
from runs.reports.analysis.page import analysis_page
from runs.reports.analysis.terminal import terminal_text

VENUES = ("binance", "bybit", "okx")
BARS = 96
TIMES = pd.date_range("2024-01-01", periods=BARS, freq="h", tz="UTC")


def parts(events=False):
    random = np.random.default_rng(3)
    frames = {}
    for venue in VENUES:
        close = 100.0 + random.random(BARS)
        frame = pd.DataFrame({"ts": TIMES, "open": close, "high": close + 1.0, "low": close - 1.0, "close": close})
        for column, size in (
            ("volume", 1e4),
            ("open_interest", 1e5),
            ("liquidated_long", 1e2),
            ("liquidated_short", 1e2),
        ):
            frame[column] = size * (1.0 + 0.2 * random.random(BARS))
        if events:
            for column in ("largest_liquidated_long", "largest_liquidated_short"):
                frame[venue_column(column, venue)] = np.round(1e6 * random.random(BARS))
        frames[venue] = frame
    return frames


def market_of(frames):
    total = sum_of_venues(frames) if len(frames) > 1 else next(iter(frames.values()))
    return market_from_frame(
        total, "x/BTCUSDT", parts=tuple(label for label in total.columns if is_venue_column(label))
    )


def test_the_parts_of_exchanges_are_those_that_pandas_finds():
    frames = parts()
    found = exchange_section(market_of(frames))
    day, close = TIMES[-24:], frames["binance"].set_index("ts")["close"]
    long = pd.concat([frame.assign(venue=venue) for venue, frame in frames.items()]).set_index("ts").loc[day]
    long["usd"] = (long["liquidated_long"] + long["liquidated_short"]) * close.reindex(long.index)
    sums = long.groupby("venue")[["usd", "volume"]].sum()
    held = long.loc[TIMES[-1]].set_index("venue")["open_interest"]
    assert [row["venue"] for row in found["venues"]] == list(VENUES)
    for row in found["venues"]:
        venue = row["venue"]
        assert row["liquidated_usd"] == pytest.approx(sums["usd"][venue])
        assert row["liquidated_fraction"] == pytest.approx(sums["usd"][venue] / sums["usd"].sum())
        assert row["volume_24h_base"] == pytest.approx(sums["volume"][venue])
        assert row["volume_24h_fraction"] == pytest.approx(sums["volume"][venue] / sums["volume"].sum())
        assert row["open_interest_usd"] == pytest.approx(held[venue] * close.iloc[-1])
        assert row["open_interest_fraction"] == pytest.approx(held[venue] / held.sum())
    assert (found["bars"], found["liquidated_bars"], found["volume_bars"]) == (24, 24, 24)


def test_the_parts_add_up_to_what_the_report_says_of_the_day():
    record = analyse(market_of(parts()), ModelParameters())
    rows, day = record["exchanges"]["venues"], record["last_24_hours"]
    assert day["reported"]
    assert sum(row["liquidated_usd"] for row in rows) == pytest.approx(day["liquidated_usd"])
    assert sum(row["volume_24h_base"] for row in rows) == pytest.approx(record["context"]["volume_24h_base"])
    assert sum(row["open_interest_base"] for row in rows) == pytest.approx(record["context"]["open_interest_base"])


def test_exchanges_are_compared_over_bars_that_all_of_them_know():
    frames = parts()
    frames["okx"] = frames["okx"].drop(index=[BARS - 3])
    frames["bybit"].loc[BARS - 5, "liquidated_long"] = np.nan
    found = exchange_section(market_of(frames))
    assert (found["bars"], found["liquidated_bars"], found["volume_bars"]) == (24, 22, 23)
    kept = np.setdiff1d(np.arange(BARS - 24, BARS), [BARS - 3])
    assert found["venues"][0]["volume_24h_base"] == pytest.approx(frames["binance"]["volume"].iloc[kept].sum())
    frames["okx"] = frames["okx"].drop(index=[BARS - 1])
    last = exchange_section(market_of(frames))["venues"]
    assert all(math.isnan(row["open_interest_base"]) and math.isnan(row["open_interest_fraction"]) for row in last)


def test_a_venue_outside_the_sum_of_open_interest_has_a_part_of_the_volume_alone():
    frames = parts(events=True)
    del frames["okx"]["open_interest"]
    frames["okx"]["largest_liquidated_long of okx"] = 9e9
    market = market_of(frames)
    okx = exchange_section(market)["venues"][2]
    assert all(math.isnan(okx[name]) for name in ("liquidated_usd", "liquidated_fraction", "open_interest_fraction"))
    assert 0.3 < okx["volume_24h_fraction"] < 0.37
    assert largest_section(market)["venue"] != "okx"


def test_the_largest_single_liquidation_is_named_with_venue_side_and_bar():
    frames = parts(events=True)
    frames["bybit"].loc[BARS - 30, "largest_liquidated_long of bybit"] = 99e6  # more than a day ago
    frames["okx"].loc[BARS - 4, "largest_liquidated_short of okx"] = 12.5e6
    found = largest_section(market_of(frames))
    assert found == {
        "size_usd": 12.5e6, "type": "short", "venue": "okx", "bar_open": "2024-01-04T20:00:00Z", "whale": True, "bars": 24,
        "bars_known": 24,
    }  # fmt: skip
    assert largest_section(market_of(frames).head(BARS - 7))["venue"] == "bybit"


def test_a_market_of_one_venue_tells_its_largest_too_and_one_without_events_tells_none():
    one = market_of({"binance": parts(events=True)["binance"]})
    assert exchange_section(one) is None
    assert largest_section(one)["venue"] == "binance"
    assert largest_section(market_of(parts())) is None


def test_bars_in_which_no_events_are_known_are_counted():
    frames = parts(events=True)
    for venue, frame in frames.items():
        for column in ("largest_liquidated_long", "largest_liquidated_short"):
            frame.loc[BARS - 6 :, venue_column(column, venue)] = np.nan if venue != "okx" else 0.0
            frame.loc[BARS - 24 : BARS - 7, venue_column(column, venue)] = np.nan if venue == "okx" else 0.0
            frame.loc[BARS - 10, venue_column(column, venue)] = np.nan
    found = largest_section(market_of(frames))
    assert (found["size_usd"], found["bars_known"], found["bars"]) == (0.0, 23, 24)
    for text in forms(market_of(frames)):
        assert "none; events are known of 23 of 24 bars" in text


def forms(market):
    record = analyse(market, ModelParameters())
    return markdown_report(record), analysis_page(jsonable(record)), terminal_text(record, 100)


def test_every_form_of_the_report_has_both_blocks():
    frames = parts(events=True)
    frames["okx"].loc[BARS - 4, "largest_liquidated_short of okx"] = 12.5e6
    for text in forms(market_of(frames)):
        assert "Share by exchange" in text
        assert all(venue in text for venue in VENUES)
        assert "12.50 M USD, a short on okx, a whale, in the bar of 2024-01-04T20:00 UTC" in text
        assert "single liquidations are not in the data" not in text
        assert not re.search(r"\bnan\b", text)


def test_no_form_of_the_report_has_them_for_a_market_of_one_file():
    frame = parts()["binance"]
    for text in forms(market_of({"binance": frame})):
        assert "Share by exchange" not in text
        assert "Largest single liquidation" not in text
        assert "single liquidations are not in the data" in text


def test_what_is_unknown_of_an_exchange_is_called_so_in_every_form():
    frames = parts()
    frames["okx"] = frames["okx"].drop(index=[BARS - 1])
    for text in forms(market_of(frames)):
        assert not re.search(r"\bnan\b", text)
        assert "over the 23 of the last 24 bars" in " ".join(text.split())
