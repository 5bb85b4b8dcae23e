"""What a table seems to mean, beside what it says: each doubt is named once, with what mends it, and is silent on sound data."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.catalog.importing import import_doubt, import_market
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.markets import read
from tests.datafeeds.layouts import OHLCV, bars


def local(start, zone="Europe/Berlin", count=72):
    """Return bars whose times are a zone's, as a spreadsheet would write them."""
    times = pd.date_range(start, periods=count, freq="h", tz="UTC")
    return bars(count).drop(columns="ts").assign(time=times.tz_convert(zone).strftime("%Y-%m-%d %H:%M")), times


def written(tmp_path, frame, mapping="", **how):
    frame.to_csv(tmp_path / "a.csv", index=False, **how)
    (tmp_path / "a.toml").write_text(mapping)
    return read(tmp_path / "a.csv", mapping=tmp_path / "a.toml" if mapping else None)


def said(market):
    return " | ".join(market.quality.sentences())


def test_sound_bars_raise_no_doubt():
    sound = bars(200).assign(open_interest=60_000.0, mark_close=lambda f: f["close"] + 1 / 3)
    sound = sound.assign(mark_high=sound["high"] - 0.5, mark_low=sound["low"] + 0.5)
    assert said(read(sound)) == ""


def test_stamps_a_moment_off_the_grid_are_moved_and_named():
    frame, grid = bars(), bars()["ts"]
    moved = grid.copy()
    moved[5] += pd.Timedelta(milliseconds=1)
    moved[9] -= pd.Timedelta(milliseconds=1)
    market = read(frame.assign(ts=moved))
    assert market.times.tolist() == read(frame).times.tolist()
    assert said(market).startswith("2 bars stamped a moment off the grid")


@pytest.mark.parametrize("before", ["1ms", "1s", "60s"])
def test_ends_are_refused_as_opens_and_read_as_closes(tmp_path, before):
    frame = bars()
    late = frame.assign(ts=frame["ts"] + pd.Timedelta(hours=1) - pd.Timedelta(before))
    with pytest.raises(MarketError, match=r'are the ends of bars.*label = "close"'):
        read(late)
    market = written(tmp_path, late, '[time]\nlabel = "close"\n')
    assert market.times.tolist() == read(frame).times.tolist()


def test_bars_off_the_grid_are_not_resampled():
    half = read(bars().assign(ts=lambda frame: frame["ts"] + pd.Timedelta(minutes=30)))
    with pytest.raises(MarketError, match="bars open 30m after the grid of 1h"):
        read(half, timeframe="4h")


@pytest.mark.parametrize(
    ("start", "zone"),
    [("2024-03-30", "Europe/Berlin"), ("2024-03-30", "Europe/London"), ("2024-03-09", "America/New_York")],
)
def test_an_hour_that_summer_time_skips_is_a_doubt_that_names_the_zone(tmp_path, start, zone):
    frame, times = local(start, zone)
    assert f'[time] zone = "{zone}"' in said(written(tmp_path, frame))
    market = written(tmp_path, frame, f'[time]\nzone = "{zone}"\n')
    assert market.times.tolist() == times.tz_convert(None).to_numpy().astype("datetime64[ns]").tolist()
    assert said(market) == ""


def test_an_hour_that_stands_twice_is_refused_until_the_zone_is_named(tmp_path):
    frame, times = local("2024-10-26")
    with pytest.raises(MarketError, match=r'duplicate time.*clocks change there.*zone = "Europe/Berlin"'):
        written(tmp_path, frame)
    market = written(tmp_path, frame, '[time]\nzone = "Europe/Berlin"\n')
    assert market.times.tolist() == times.tz_convert(None).to_numpy().astype("datetime64[ns]").tolist()


def test_a_gap_on_any_other_night_is_a_gap():
    assert "clocks" not in said(read(bars().drop(index=[26])))


def test_seconds_and_milliseconds_in_one_file_are_read_and_named():
    frame = bars()
    stamps = frame["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    market = read(frame.assign(ts=np.where(np.arange(len(frame)) < 30, stamps // 1000, stamps)))
    assert market.times.tolist() == read(frame).times.tolist()
    assert "counted in s and ms" in said(market)


def test_volume_and_open_interest_in_quote_currency_are_doubted():
    frame = bars()
    quote = frame["volume"] * frame["close"]
    assert 'volume = {column = "...", unit = "quote"}' in said(read(frame.assign(volume=quote)))
    both = said(read(frame.assign(volume=quote, open_interest=60_000.0 * frame["close"])))
    assert both.count("seems to be in quote currency") == 2


def test_mark_and_last_exchanged_are_doubted_by_range_and_by_ticks():
    frame = bars()
    wide = frame.assign(mark_high=frame["high"] + 20.0, mark_low=frame["low"] - 20.0, mark_close=frame["close"])
    assert "the mark ranges further than the last price" in said(read(wide))
    fine = frame.assign(close=(frame["high"] + frame["low"]) / 2 + 1 / 3, mark_close=frame["close"])
    assert "the mark keeps to 2 decimals" in said(read(fine))


@pytest.mark.parametrize("mapping", ["open_interest_sides = 2\n", "[open_interest]\nsides = 2\n", "preset:bybit"])
def test_open_interest_of_both_sides_is_halved_where_a_mapping_or_preset_says_so(tmp_path, mapping):
    frame = bars().assign(open_interest=60_000.0)
    if mapping.startswith("preset"):
        market = read(frame, mapping=mapping)
    else:
        market = written(tmp_path, frame, mapping)
    assert set(market.frame["open_interest"]) == {30_000.0}
    folder = tmp_path / "bybit_1h"  # nothing is guessed from a path
    folder.mkdir()
    assert set(written(folder, frame).frame["open_interest"]) == {60_000.0}


@pytest.mark.parametrize(("factor", "named"), [(2.0, "this source counts"), (0.5, "stored before counts"), (1.1, "")])
def test_two_sources_of_one_venue_that_differ_by_two_are_doubted(tmp_path, factor, named):
    level = 60_000.0 + np.arange(72.0)
    catalog = Catalog(tmp_path)
    import_market(catalog, read(bars().assign(open_interest=level)), "mine", "BTC/USDT:USDT")
    doubt = import_doubt(catalog, read(bars().assign(open_interest=level * factor)), "mine", "BTC/USDT:USDT")
    assert (named in doubt) if named else (doubt == "")
    assert import_doubt(catalog, read(bars().assign(open_interest=level * factor)), "other", "BTC/USDT:USDT") == ""


def test_a_comma_that_may_be_either_mark_is_asked_for(tmp_path):
    frame = bars().assign(time=lambda f: f["ts"].dt.strftime("%Y-%m-%d %H:%M")).drop(columns="ts")
    frame = frame.assign(open=100.125, high=101.125, low=99.125, close=100.125, volume=500.125)
    with pytest.raises(MarketError, match="100,125 may be a thousand or a fraction"):
        written(tmp_path, frame, sep=";", decimal=",")
    market = written(tmp_path, frame, '[csv]\ndecimal = ","\n', sep=";", decimal=",")
    assert market.frame[OHLCV].iloc[0].tolist() == [100.125, 101.125, 99.125, 100.125, 500.125]


def test_a_day_that_may_be_a_month_is_told_by_even_steps_or_asked_for(tmp_path):
    days = bars(10).assign(ts=pd.date_range("2024-01-01", periods=10, tz="UTC"))
    frame = days.assign(ts=days["ts"].dt.strftime("%d/%m/%Y")).rename(columns={"ts": "Date"})
    assert written(tmp_path, frame).times.tolist() == read(days).times.tolist()
    with pytest.raises(MarketError, match="may name the day or the month first"):
        written(tmp_path, frame.head(2).assign(Date=["01/05/2024", "01/06/2024"]))


def test_columns_in_another_order_are_asked_for_with_the_mapping_that_loads(tmp_path):
    stamps = bars()["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    kucoin = bars().assign(ts=stamps)[["ts", "open", "close", "high", "low", "volume"]]
    with pytest.raises(MarketError, match="first rows: 1705104000") as caught:
        written(tmp_path, kucoin, header=False)
    pasted = str(caught.value)
    market = written(tmp_path, kucoin, pasted[pasted.index("columns = {") :], header=False)
    assert market.fingerprint() == read(bars()).fingerprint()
