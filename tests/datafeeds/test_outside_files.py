"""Files as other people have them: each of the captured ones loads with the right values, or one line says what to add."""

import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.markets import read

ROWS = {  # file: first open, its open price, its volume
    "close-time.csv": ("2024-01-01 00:00", 60000.0, 2689.814),
    "semicolon.csv": (
        "2024-01-01 00:00",
        60000.0,
        2689.814,
    ),  # 02:00 in Berlin is the close of the bar that opens at 00:00 UTC
    "indexed.parquet": ("2024-01-01 00:00", 60000.0, 2689.814),
    "duplicate-unneeded.csv": ("2024-01-01 00:00", 60000.0, 2689.814),
}


@pytest.fixture
def files(cases):
    return cases / "files"


def mapping_of(file):
    beside = file.with_suffix(".toml")
    return beside if beside.exists() else None


@pytest.mark.parametrize("name", ROWS)
def test_an_honest_file_loads_with_its_values(files, name):
    first = read(files / name, mapping=mapping_of(files / name)).frame.iloc[0]
    when, price, volume = ROWS[name]
    assert (f"{first['ts']:%Y-%m-%d %H:%M}", first["open"], first["volume"]) == (when, price, volume)


def test_a_link_before_the_header_and_newest_rows_first_load(files):
    market = read(files / "url-line.csv")
    last = market.frame.iloc[-1]
    assert (f"{last['ts']:%Y-%m-%d}", last["close"], last["volume"]) == ("2021-03-19", 57544.83, 355.948451)
    assert market.frame["ts"].is_monotonic_increasing
    assert any("volume is Volume BTC" in remark for remark in market.remarks)


def test_date_and_time_of_two_columns_are_asked_for_and_then_read(files, tmp_path):
    file = files / "two-columns.csv"
    with pytest.raises(MarketError, match=r'map both: ts = \["Date", "Time"\]'):
        read(file, mapping=mapping_of(file))
    both = mapping_of(file).read_text().replace('ts = "Date"', 'ts = ["Date", "Time"]')
    (tmp_path / "both.toml").write_text(both)
    market = read(file, mapping=tmp_path / "both.toml")
    assert market.bar_seconds == 3600
    assert market.frame["open"].iloc[1] == 60000.44
    assert read(file).frame["ts"].tolist() == market.frame["ts"].tolist()


def test_closes_a_millisecond_before_the_hour_are_no_look_ahead(files):
    file = files / "close-time.csv"
    four = read(file, mapping=mapping_of(file), timeframe="4h").until("2024-01-05T04:00")
    assert four.frame["close"].iloc[-1] == 54086.61
    frame = pd.read_csv(file).rename(columns={"close_time": "ts"})
    with pytest.raises(MarketError, match=r'59:59\.999 are the ends of bars.*label = "close"'):
        read(frame)


def test_a_needed_column_that_stands_twice_is_refused(files):
    file = files / "duplicate-needed.csv"
    for mapping in (mapping_of(file), None):
        with pytest.raises(MarketError, match="2 columns are called 'Volume'"):
            read(file, mapping=mapping)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("funding-ffill.csv", 'charged every 1 h.*every = "8h"'),
        ("funding-percent.csv", "in percent.*scale = 0.01"),
        ("open-interest-in-usd.csv", 'open_interest seems to be in quote currency.*unit = "quote"'),
    ],
)
def test_what_the_numbers_cannot_mean_is_named_with_what_mends_it(files, name, said):
    assert pd.Series(read(files / name).quality.sentences()).str.contains(said).sum() == 1


def test_what_settles_as_it_should_raises_no_doubt(files):
    assert read(files / "funding-settled.csv").quality.sentences() == []
    assert read(files / "falling.csv").quality.sentences() == []


def test_a_foreign_language_is_asked_for_with_a_mapping_that_loads(files, tmp_path):
    with pytest.raises(MarketError, match=r"first rows: 01\.01\.2024 02:00") as caught:
        read(files / "semicolon.csv")
    text = str(caught.value)
    assert "\n" not in text
    (tmp_path / "pasted.toml").write_text(text[text.index("columns = {") :])
    assert read(files / "semicolon.csv", mapping=tmp_path / "pasted.toml").frame["close"].iloc[0] == 60000.44
