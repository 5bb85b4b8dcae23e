"""Where the archives' files lie: documented addresses, and every instant in just one file."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.archives.layout import archive_files, archive_kinds, archive_symbol, days_of
from datafeeds.errors import MarketError
from datafeeds.series import Series
from tests.datafeeds.archives.writing import (
    BYBIT,
    CANDLES,
    DAY,
    DAY_MS,
    FUNDING,
    LIQUIDATIONS,
    MARK,
    OPEN_INTEREST,
    RATIO,
)

FEBRUARY, MARCH = DAY + 31 * DAY_MS, DAY + 60 * DAY_MS  # 2024 has a 29th of February


def paths(series, start, end, trades=False):
    return [file.path for file in archive_files(series, start, end, trades)]


@pytest.mark.parametrize(
    ("series", "start", "end", "trades", "expected"),
    [
        (CANDLES, DAY, FEBRUARY, False, "data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"),
        (CANDLES, DAY, DAY + 1, False, "data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-01.zip"),
        (MARK, DAY, FEBRUARY, False, "data/futures/um/monthly/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"),
        (OPEN_INTEREST, DAY + 300_000, DAY + DAY_MS, False,
         "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-01.zip"),
        (FUNDING, DAY, DAY + 1, False, "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip"),
        (LIQUIDATIONS, DAY, DAY + 1, False,
         "data/futures/um/daily/liquidationSnapshot/BTCUSDT/BTCUSDT-liquidationSnapshot-2024-01-01.zip"),
        (CANDLES, DAY, DAY + 1, True, "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01-01.zip"),
        (BYBIT, DAY, DAY + 1, False, "trading/BTCUSDT/BTCUSDT2024-01-01.csv.gz"),
    ],
)  # fmt: skip
def test_files_lie_where_the_venues_say(series, start, end, trades, expected):
    assert paths(series, start, end, trades) == [expected]
    assert archive_files(series, start, end, trades)[0].checksum == (series.venue == "binance")


def test_whole_months_come_by_month_and_the_edges_by_day():
    found = paths(CANDLES, FEBRUARY - DAY_MS, MARCH + DAY_MS)
    assert [path.rpartition("1h-")[2] for path in found] == ["2024-01-31.zip", "2024-02.zip", "2024-03-01.zip"]


def test_a_months_days_are_those_of_its_own_file():
    (month,) = archive_files(CANDLES, FEBRUARY, MARCH)
    days = list(days_of(CANDLES, month))
    assert len(days) == 29
    assert days[-1].path.endswith("daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-29.zip")
    assert not list(days_of(FUNDING, archive_files(FUNDING, FEBRUARY, MARCH)[0]))


@given(
    st.sampled_from([CANDLES, MARK, OPEN_INTEREST, RATIO, FUNDING, LIQUIDATIONS, BYBIT]),
    st.integers(DAY - 400 * DAY_MS, DAY + 400 * DAY_MS),
    st.integers(1, 200 * DAY_MS),
)
def test_every_instant_asked_for_lies_in_just_one_file(series, start, length):
    files = archive_files(series, start, start + length)
    edges = [(file.start_ms, file.end_ms) for file in files]
    assert edges[0][0] <= start < edges[0][1]
    assert edges[-1][0] < start + length <= edges[-1][1]
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    assert len({file.path for file in files}) == len(files)


def test_a_file_of_metrics_ends_with_the_next_midnights_snapshot():
    (file,) = archive_files(OPEN_INTEREST, DAY + 300_000, DAY + DAY_MS + 1)
    assert (file.first_ms, file.start_ms, file.end_ms) == (DAY, DAY + 300_000, DAY + DAY_MS + 300_000)


def test_symbols_are_the_venues_own():
    assert archive_symbol("1000SHIB/USDT:USDT", "binance") == "1000SHIBUSDT"
    assert archive_symbol("ETH/USDC:USDC", "bybit") == "ETHPERP"
    assert archive_symbol("ETH/USDC:USDC", "binance") == "ETHUSDC"
    assert archive_symbol("币/USDT:USDT", "binance") == "%E5%B8%81USDT"


@pytest.mark.parametrize(
    "symbol",
    ["BTC/USD:BTC", "BTC/USD:USD", "BTC/USDT", "BTC/USDT:USDT-241227", "../../x/USDT:USDT", "A/B/C:C", "a?b/USDT:USDT", "A#/U:U",
     "BTC/USDT:USDT\n", "", "%2e/USDT:USDT", "A" * 21 + "/USDT:USDT", "BTC\x00/USDT:USDT", "BTC /USDT:USDT"],
)  # fmt: skip
def test_what_is_no_linear_perpetual_is_refused(symbol):
    with pytest.raises(MarketError, match="linear perpetuals"):
        archive_symbol(symbol, "binance")


@given(st.text(max_size=40))
def test_no_symbol_leaves_its_place_in_the_address(text):
    try:
        path = archive_files(Series("binance", f"{text}/USDT:USDT", "funding"), DAY, DAY + 1)[0].path
    except MarketError:
        return
    assert path.count("/") == 6
    assert path.isascii()
    assert not set(path) & set("?#\\ \n\r\t:@")
    assert ".." not in path


@pytest.mark.parametrize(
    ("series", "trades", "what"),
    [
        (Series("okx", "BTC/USDT:USDT", "candles", "1h"), False, "okx has no archive"),
        (Series("bybit", "BTC/USDT:USDT", "funding"), False, "archive has no funding"),
        (Series("bybit", "BTC/EUR:EUR", "candles", "1h"), False, "quoted in USDT or USDC"),
        (Series("binance", "BTC/USDT:USDT", "open_interest", "1h"), False, "every 5m only"),
        (Series("binance", "BTC/USDT:USDT", "candles", "7m"), False, "made of trades"),
        (Series("binance", "BTC/USDT:USDT", "candles", "1w"), False, "made of trades"),
        (Series("binance", "BTC/USDT:USDT", "candles", "7m"), True, "divides a day"),
        (Series("bybit", "BTC/USDT:USDT", "candles", "7m"), False, "divides a day"),
        (Series("binance", "BTC/USDT:USDT", "mark", "1h"), True, "archive has no mark"),
    ],
)
def test_what_an_archive_does_not_have_is_refused_before_anything_is_fetched(series, trades, what):
    with pytest.raises(MarketError, match=what):
        archive_files(series, DAY, DAY + 1, trades)


def test_a_timeframe_is_written_as_the_archive_writes_it():
    assert paths(Series("binance", "BTC/USDT:USDT", "candles", "60m"), DAY, DAY + 1)[0].endswith(
        "/1h/BTCUSDT-1h-2024-01-01.zip"
    )


def test_kinds_are_those_of_the_archive():
    assert archive_kinds("bybit") == ("candles",)
    assert set(archive_kinds("binance")) == {
        "candles",
        "mark",
        "open_interest",
        "long_short_ratio",
        "funding",
        "liquidations",
    }


def test_first_moments_are_midnights():
    for file in archive_files(CANDLES, DAY - 40 * DAY_MS, DAY + 70 * DAY_MS):
        assert np.datetime64(file.first_ms, "ms") == np.datetime64(file.first_ms, "ms").astype("datetime64[D]")
