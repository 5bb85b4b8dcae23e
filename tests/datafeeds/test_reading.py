"""A market out of what holds it: a table in memory, a path, a market."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from datafeeds.errors import MarketError
from datafeeds.markets import read
from datafeeds.schema import market_from_frame

CLOSE = 100.0 + np.sin(np.arange(48.0))


def frame(zone: str | None = None, name: str | None = "Date") -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=48, freq="h", name=name, tz=zone)
    return pd.DataFrame(
        {"Open": CLOSE, "HIGH": CLOSE + 1, "low": CLOSE - 1, "Close": CLOSE, "Volume": 1.0}, index=times
    )


def canonical() -> pd.DataFrame:
    return frame(name="ts").rename(columns=str.lower).reset_index()


@pytest.mark.parametrize(("zone", "name"), [(None, "Date"), (None, None), ("UTC", "timestamp"), ("UTC", "ts")])
def test_an_index_of_any_name_and_columns_in_any_case_are_the_same_market(zone, name):
    assert read(frame(zone, name)).fingerprint() == market_from_frame(canonical(), "x").fingerprint()


def test_times_of_another_zone_are_the_same_instants():
    moved = frame("UTC").tz_convert("Asia/Tokyo")
    assert read(moved).fingerprint() == read(frame("UTC")).fingerprint()


def test_the_table_is_left_as_it_is():
    given, kept = frame(), frame()
    read(given)
    pd.testing.assert_frame_equal(given, kept)


def test_a_file_and_its_table_are_the_same_market(tmp_path):
    canonical().to_parquet(tmp_path / "bars.parquet")
    for path in (tmp_path / "bars.parquet", str(tmp_path / "bars.parquet")):
        assert read(path).fingerprint() == read(canonical()).fingerprint()
    assert read(tmp_path / "bars.parquet", name="ETHUSDT").name == "ETHUSDT"


def test_a_range_and_longer_bars_are_cut_the_same_way_from_all():
    cut = read(
        frame(), start="2024-01-01T06:00", end=pd.Timestamp("2024-01-02", tz="UTC"), timeframe="2h", name="ETHUSDT"
    )
    assert (len(cut), cut.bar_seconds, cut.name) == (9, 7200, "ETHUSDT")
    assert (
        read(read(frame()), start="2024-01-01T06:00", end="2024-01-02", timeframe="2h").fingerprint()
        == cut.fingerprint()
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "data is a NoneType"),
        ([1, 2], "data is a list"),
        (frame().reset_index(drop=True), "missing column ts"),
        (frame().drop(columns="Volume"), "missing column volume"),
        (frame().assign(open=1.0), "2 columns are called 'open'"),
        (frame().iloc[::-1], "times go backwards"),
        ("no-such-file.parquet", "no-such-file.parquet"),
        (frame().rename(columns={"Close": datetime.date(2024, 1, 1)}), "missing column close"),
    ],
)
def test_what_is_no_market_is_one_sentence(data, said):
    with pytest.raises(MarketError, match=said) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_a_mapping_is_for_files_and_tables():
    with pytest.raises(MarketError, match="mapping"):
        read(read(frame()), mapping="preset:ccxt")
    assert read(frame(), mapping="preset:ccxt").fingerprint() == read(frame()).fingerprint()


def test_a_table_of_another_library_is_the_same_market():
    frames = [pa.Table.from_pandas(frame("UTC").reset_index()), Exchanged(pa.Table.from_pandas(frame().reset_index()))]
    for table in frames:
        assert read(table).fingerprint() == read(frame()).fingerprint()
    assert read(frame().reset_index()).fingerprint() == read(frame()).fingerprint()


class Exchanged:
    """A table that offers nothing but the dataframe interchange protocol."""

    def __init__(self, table):
        self._table = table

    def __dataframe__(self, **how):
        return self._table.__dataframe__(**how)
