"""Files: the real data reports exactly its known defects, and no damaged file gives anything but a sentence."""

import random

import numpy as np
import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.files import read_market
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
