"""Sizes summed over venues, against pandas; what a venue lacks makes no sum smaller in silence."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.aggregation import of_venue, sum_of_venues, sum_remarks
from datafeeds.resampling import resample
from datafeeds.schema import market_from_frame
from datafeeds.venue_columns import SUMMED, is_venue_column, venue_column

VENUES = ("binance", "bybit", "okx")
TIMES = pd.date_range("2024-01-01", periods=48, freq="h", tz="UTC")


def part(seed, holes=0.0, columns=SUMMED, times=TIMES):
    """A venue's frame of random sizes; a row depends on the seed and its time alone, `holes` of the values are unknown."""
    random = np.random.default_rng(seed)
    close = 100.0 + random.random(len(times))
    frame = pd.DataFrame({"ts": times, "open": close, "high": close + 1.0, "low": close - 1.0, "close": close})
    for column in dict.fromkeys(("volume", *columns)):
        values = 1000.0 + 50.0 * random.random(len(times))
        if column != "volume":
            values[random.random(len(times)) < holes] = np.nan
        frame[column] = values
    return frame


def three(**changes):
    return {venue: part(number, **changes) for number, venue in enumerate(VENUES)}


def market_of(total, bar_seconds=3600):
    labels = tuple(label for label in total.columns if is_venue_column(label))
    return market_from_frame(total, "three/BTCUSDT", bar_seconds=bar_seconds, parts=labels)


@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_each_sum_is_what_pandas_adds_up_and_unknown_where_one_part_is(holes):
    parts = three(holes=holes)
    total = sum_of_venues(parts).set_index("ts")
    long = pd.concat([frame.assign(venue=venue) for venue, frame in parts.items()])
    for column in SUMMED:
        table = long.pivot(index="ts", columns="venue", values=column)
        pd.testing.assert_series_equal(
            total[column], table.sum(axis=1, min_count=3, skipna=False), check_names=False, check_freq=False
        )
        for venue in VENUES:
            assert np.array_equal(total[venue_column(column, venue)], table[venue], equal_nan=True)
    for column in ("open", "high", "low", "close"):
        assert total[column].tolist() == parts["binance"][column].tolist()


def test_an_hour_that_one_venue_lacks_is_named_and_only_its_volume_is_that_of_the_others():
    parts = three()
    parts["okx"] = parts["okx"].drop(index=[7, 8])
    market = market_of(sum_of_venues(parts))
    frame = market.frame
    for column in SUMMED[1:]:
        assert np.flatnonzero(frame[column].isna()).tolist() == [7, 8]
    both = parts["binance"]["volume"] + parts["bybit"]["volume"]
    assert frame["volume"].iloc[7] == both.iloc[7]
    said = market.quality.sentences()
    for column in SUMMED:
        assert f"2 bars without {column} of okx, in 1 run: 2024-01-01 07:00 .. 2024-01-01 08:00" in said


def test_a_cut_names_what_a_venue_lacks_in_it_even_if_that_is_all():
    parts = three()
    parts["bybit"].loc[parts["bybit"].index < 20, "open_interest"] = np.nan
    market = market_of(sum_of_venues(parts))
    assert "20 bars without open_interest of bybit, in 1 run: 2024-01-01 00:00 .. 2024-01-01 19:00" in (
        market.head(20).quality.sentences()
    )
    assert not any("bybit" in line for line in market[20:].quality.sentences())


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 47), st.sampled_from([0.0, 0.3]))
def test_what_is_summed_up_to_a_bar_depends_on_bars_up_to_it_alone(seed, bars, holes):
    parts = {venue: part([seed, number], holes) for number, venue in enumerate(VENUES)}
    parts["okx"] = parts["okx"].drop(index=np.flatnonzero(np.random.default_rng(seed).random(48) < holes))
    end = TIMES[bars]
    whole = market_of(sum_of_venues(parts))
    cut = market_of(sum_of_venues({venue: frame[frame["ts"] < end] for venue, frame in parts.items()}))
    pd.testing.assert_frame_equal(whole.frame.iloc[:bars], cut.frame)
    assert whole.head(bars).fingerprint() == cut.fingerprint()


def test_liquidations_of_a_venue_without_open_interest_are_not_mixed_with_the_sum():
    parts = three()
    del parts["okx"]["open_interest"]
    total = sum_of_venues(parts)
    assert total["open_interest"].equals(parts["binance"]["open_interest"] + parts["bybit"]["open_interest"])
    assert total["liquidated_long"].equals(parts["binance"]["liquidated_long"] + parts["bybit"]["liquidated_long"])
    assert not {"open_interest of okx", "liquidated_long of okx"} & set(total.columns)
    assert total["volume"].equals(sum(frame["volume"] for frame in parts.values()))
    assert any(
        "no open interest of okx" in line and "liquidations there are left out" in line for line in sum_remarks(total)
    )


def test_where_no_venue_has_open_interest_all_liquidations_are_summed():
    parts = three(columns=("liquidated_long", "liquidated_short"))
    total = sum_of_venues(parts)
    assert "open_interest" not in total
    assert total["liquidated_long"].equals(sum(frame["liquidated_long"] for frame in parts.values()))


def test_liquidations_that_a_venue_never_reports_make_their_sum_a_part_and_it_is_named():
    parts = three()
    parts["bybit"] = parts["bybit"].drop(columns=["liquidated_long", "liquidated_short"])
    total = sum_of_venues(parts)
    assert total["liquidated_short"].equals(parts["binance"]["liquidated_short"] + parts["okx"]["liquidated_short"])
    assert any("no liquidations of bybit" in line and "that of binance and okx" in line for line in sum_remarks(total))


def test_purchases_of_takers_are_a_sum_only_where_all_venues_tell_them():
    parts = three()
    for venue in ("binance", "bybit"):
        parts[venue]["taker_buy_volume"] = parts[venue]["volume"] / 2.0
    assert "taker_buy_volume" not in sum_of_venues(parts)
    parts["okx"]["taker_buy_volume"] = parts["okx"]["volume"] / 4.0
    expected = (parts["binance"]["volume"] + parts["bybit"]["volume"]) / 2.0 + parts["okx"]["volume"] / 4.0
    np.testing.assert_allclose(sum_of_venues(parts)["taker_buy_volume"], expected)


def test_prices_marks_and_funding_are_those_of_the_first_venue():
    parts = three()
    for number, frame in enumerate(parts.values()):
        frame["mark_close"], frame["funding_rate"] = frame["close"] + number, 1e-4 * (number + 1)
    total = sum_of_venues({venue: parts[venue] for venue in ("okx", "binance", "bybit")})
    for column in ("open", "close", "mark_close", "funding_rate"):
        assert total[column].equals(parts["okx"][column])


def test_a_break_of_one_venues_open_interest_is_one_of_the_sum():
    parts = three()
    parts["okx"]["open_interest"] *= np.where(parts["okx"].index < 30, 0.02, 0.01)  # too small to move the sum
    market = market_of(sum_of_venues(parts))
    assert np.flatnonzero(market.frame["open_interest_break"]).tolist() == []
    parts["okx"]["open_interest"] *= np.where(parts["okx"].index < 30, 1.0, 20.0)
    market = market_of(sum_of_venues(parts))
    assert np.flatnonzero(market.frame["open_interest_break"]).tolist() == [30]
    assert any("suspected break of open_interest of okx at 2024-01-02 06:00" in s for s in market.quality.sentences())


def test_larger_bars_of_a_sum_are_the_sum_of_larger_bars():
    parts = three()
    summed = resample(market_of(sum_of_venues(parts)), 4 * 3600)
    larger = {venue: resample(market_from_frame(frame, venue), 4 * 3600).frame for venue, frame in parts.items()}
    expected = sum_of_venues(larger)
    for column in expected.columns.drop("ts"):
        np.testing.assert_allclose(summed.frame[column], expected[column], rtol=1e-12, err_msg=column)


def test_the_largest_of_a_larger_bar_is_the_largest_known_of_its_parts():
    label = venue_column("largest_liquidated_long", "okx")
    frame = part(1).assign(**{label: np.arange(48.0)})
    frame.loc[[3, 8, 9, 10, 11], label] = np.nan
    market = market_from_frame(frame, "okx", parts=(label,))
    assert resample(market, 4 * 3600).frame[label].fillna(-1.0).tolist()[:4] == [2.0, 7.0, -1.0, 15.0]


def test_a_column_of_a_foreign_table_that_is_called_alike_is_no_part_of_a_sum():
    frame = part(1).assign(**{"volume of trades": 1.0})
    market = market_from_frame(frame, "file")
    assert market.venues == ()
    assert "volume of trades" not in market.frame


def test_a_venues_own_market_has_its_sizes_at_the_traded_prices():
    parts = three()
    parts["okx"] = parts["okx"].drop(index=[7])
    market = market_of(sum_of_venues(parts))
    own = of_venue(market, "okx").frame
    assert own["close"].equals(market.frame["close"])
    expected = parts["okx"].set_index("ts").reindex(TIMES)
    for column in SUMMED[1:]:
        assert np.array_equal(own[column], expected[column], equal_nan=True)
    assert own["volume"].tolist() == expected["volume"].fillna(0.0).tolist()
    assert not any(is_venue_column(label) for label in own.columns)
