"""Files: the real data reports exactly its known defects, and no damaged file gives anything but a sentence."""

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv as arrow_csv

from datafeeds import parquet_size
from datafeeds.errors import MarketError
from datafeeds.files import read_market
from datafeeds.mapped_files.mapping import read_mapping
from datafeeds.mapped_files.read import read_foreign
from datafeeds.quality import open_interest_breaks
from datafeeds.simulated.market import simulate

# The README of the data names every defect there is: kind, column, count, day of the first.
KNOWN = {
    "bybit_1h/BTCUSDT": {
        ("missing", "open_interest", 359, "2020-07-20 08:00"),
        ("level shift", "open_interest", 1, "2020-08-04 07:00"),
        ("suspected break", "open_interest", 1, "2021-05-19 14:00"),
        ("suspected break", "open_interest", 1, "2021-05-19 15:00"),
    },
    "bybit_1h/ETHUSDT": {("suspected break", "open_interest", 1, "2021-05-19 14:00")},
    "binance_1h/BTCUSDT": {
        ("zero volume", "volume", 1, "2024-10-28 20:00"),
        ("missing", "mark_close", 6, "2020-01-01 00:00"),
        ("missing", "spot_close", 31, "2020-02-09 02:00"),
        ("missing", "spot_volume", 31, "2020-02-09 02:00"),
    },
    "binance_1h_liquidations/BTCUSDT": {("missing", "long_short_ratio", 2, "2024-07-19 08:00")},
    "binance_15m/BTCUSDT": set(),
    "binance_5m/BTCUSDT": {("zero volume", "volume", 21, "2023-09-12 08:35")},
}
KNOWN["binance_1h/ETHUSDT"] = KNOWN["binance_1h/BTCUSDT"]
LOWS = {  # known lows to check a loader against
    "binance_1h/BTCUSDT": {"2021-05-19": 28_688.0, "2022-11-09": 15_462.6, "2024-08-05": 48_888.0},
    "bybit_1h/BTCUSDT": {"2021-05-19": 28_801.0, "2022-11-09": 15_460.5, "2024-08-05": 48_914.0},
}
ROWS = {
    "bybit_1h/BTCUSDT": 43_361,
    "bybit_1h/ETHUSDT": 37_656,
    "binance_15m/BTCUSDT": 14_442,
    "binance_5m/BTCUSDT": 236_448,
}


@pytest.mark.parametrize("name", KNOWN)
def test_real_data_reports_exactly_its_known_defects(market_data, name):
    market = read_market(market_data / f"{name}.parquet")
    found = {(d.kind, d.column, d.count, f"{d.first:%Y-%m-%d %H:%M}") for d in market.quality.defects}
    assert found == KNOWN[name]
    assert len(market) == ROWS.get(name, len(market))


@pytest.mark.parametrize("name", ["bybit_1h/BTCUSDT", "bybit_1h/ETHUSDT"])
def test_open_interest_counted_once_or_twice_has_the_same_breaks(market_data, name):
    frame = pd.read_parquet(market_data / f"{name}.parquet")  # Bybit counts both sides of a contract
    once = frame.assign(open_interest=0.5 * frame["open_interest"])
    assert (open_interest_breaks(once) == open_interest_breaks(frame)).all()


@pytest.mark.parametrize("name", LOWS)
def test_known_lows(market_data, name):
    frame = read_market(market_data / f"{name}.parquet").frame.set_index("ts")
    for day, low in LOWS[name].items():
        assert frame.loc[day, "low"].min() == pytest.approx(low, abs=0.5)  # they are quoted rounded


@pytest.fixture
def market_file(tmp_path):
    path = tmp_path / "folder" / "market.parquet"
    path.parent.mkdir()
    market = simulate(4, bars=60)
    market.frame.drop(columns="open_interest_break").to_parquet(path)
    return path, market


def test_parquet_and_csv_are_the_same_market(market_file, tmp_path):
    path, market = market_file
    csv = tmp_path / "market.csv"
    pd.read_parquet(path).to_csv(csv, index=False)
    assert read_market(path).fingerprint() == market.fingerprint() == read_market(csv).fingerprint()
    assert read_market(path).name == "folder/market"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.parquet", b"", "the file is empty"),
        ("a.csv", b"", "the file is empty"),
        ("a.parquet", b"PAR1 but not really", "cannot be read"),
        ("a.csv", b"ts,open\n1,2\n", "missing column"),
        ("a.csv", b"\x00\xff\xfe", "missing column|cannot be read"),
        ("a.txt", b"hello", "unknown kind of file"),
    ],
)
def test_a_foreign_file_gets_one_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MarketError, match=sentence) as caught:
        read_market(path)
    assert "\n" not in str(caught.value)


def test_a_parquet_file_is_asked_for_its_size_before_its_rows(market_file, monkeypatch):
    def read(*_, **__):
        raise AssertionError("its rows were read")

    path, market = market_file
    monkeypatch.setattr(parquet_size, "MAX_VALUES", len(market) * 5)
    monkeypatch.setattr(pq.ParquetFile, "read", read)
    with pytest.raises(MarketError, match=f"{path}: it holds more than 300 values; read a part of it"):
        read_market(path)


def test_no_file_and_a_folder_get_one_sentence(tmp_path):
    with pytest.raises(MarketError, match="no such file"):
        read_market(tmp_path / "nothing.parquet")
    with pytest.raises(MarketError, match="not a file"):
        read_market(tmp_path)


def test_a_truncated_parquet_gets_one_sentence(market_file):
    path, _ = market_file
    content = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(MarketError, match="cannot be read"):
            read_market(path)


def test_mutated_files_raise_nothing_but_market_errors(market_file, tmp_path):
    path, market = market_file
    csv = tmp_path / "market.csv"
    market.frame.drop(columns="open_interest_break").to_csv(csv, index=False)
    chance = random.Random(1)
    for source in (path, csv):
        content = source.read_bytes()
        for _ in range(150):
            mutated = bytearray(content)
            for _ in range(chance.randint(1, 30)):
                mutated[chance.randrange(len(mutated))] = chance.randrange(256)
            source.write_bytes(mutated)
            try:
                read = read_market(source)
            except MarketError:
                continue
            prices = read.frame[["open", "high", "low", "close"]].to_numpy()
            assert np.isfinite(prices).all()
            assert (prices > 0.0).all()


MAPPED = "\n".join(["[columns]", *(f'{name} = "{name}"' for name in ("ts", "open", "high", "low", "close", "volume"))])


def with_more(market, folder, ending, mapped, *names):
    """Read a market's file with further columns, which pandas would rename; return what was read."""
    table = pa.Table.from_pandas(market.frame[["ts", "open", "high", "low", "close", "volume"]], preserve_index=False)
    for place, name in enumerate(names):
        table = table.append_column(name, pa.array([None, *np.full(len(market) - 1, float(place))]))
    write = pq.write_table if ending == "parquet" else arrow_csv.write_csv
    write(table, folder / f"m.{ending}")
    (folder / "m.toml").write_text(MAPPED)
    return (
        read_foreign(folder / f"m.{ending}", read_mapping(folder / "m.toml"))
        if mapped
        else read_market(folder / f"m.{ending}")
    )


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_of_one_name_load_where_nobody_needs_them(tmp_path, ending, mapped):
    market = simulate(4, bars=60)
    plain = with_more(market, tmp_path, ending, mapped)
    for names in (("Plot", "Plot"), ("Volume", "volume ", "volume.1", "Volume"), ("Plot", "Plot", "Plot")):
        read = with_more(market, tmp_path, ending, mapped, *names)
        assert read.fingerprint() == plain.fingerprint()
        lacking = [defect.column for defect in read.quality.defects if defect.kind == "missing"]
        assert lacking == ([] if mapped else list(names))  # a mapping leaves out what it does not name


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["ts", "volume"])
def test_columns_of_one_name_are_refused_where_one_is_needed(tmp_path, ending, mapped, name):
    with pytest.raises(MarketError, match=f"^{tmp_path.name}/m: 2 columns are called '{name}'; keep one"):
        with_more(simulate(4, bars=60), tmp_path, ending, mapped, name)


def test_an_optional_column_of_ours_is_needed_unless_a_mapping_leaves_it_out(tmp_path):
    names = ("funding_rate", "funding_rate", "funding_rate")
    with pytest.raises(MarketError, match="3 columns are called 'funding_rate'"):
        with_more(simulate(4, bars=60), tmp_path, "csv", False, *names)
    assert not with_more(simulate(4, bars=60), tmp_path, "csv", True, *names).has("funding_rate")


def test_the_outside_cases_of_columns_of_one_name(cases):
    files = cases / "files"
    rows = (files / "duplicate-unneeded.csv").read_text().splitlines()[1:]
    assert len(read_market(files / "duplicate-unneeded.csv")) == len(rows)
    with pytest.raises(MarketError, match="2 columns are called 'Volume'"):
        read_foreign(files / "duplicate-needed.csv", read_mapping(files / "duplicate-needed.toml"))
