"""Which files answer a range."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.archives.layout import archive_files, archive_symbol, days_of
from datafeeds.errors import MarketError
from datafeeds.series import Series
from tests.datafeeds.archives.samples import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, MARCH_MS

CANDLES = Series("binance", "BTC/USDT:USDT", "candles", "1h")


@pytest.mark.parametrize(
    ("kind", "timeframe", "path"),
    [
        ("candles", "1h", "data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-03-01.zip"),
        ("mark", "1m", "data/futures/um/daily/markPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2024-03-01.zip"),
        ("open_interest", "5m", "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-03-01.zip"),
        ("long_short_ratio", "5m", "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-03-01.zip"),
        ("funding", "", "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-03.zip"),
        (
            "liquidations",
            "",
            "data/futures/um/daily/liquidationSnapshot/BTCUSDT/BTCUSDT-liquidationSnapshot-2024-03-01.zip",
        ),
    ],
)
def test_a_files_path_is_the_documented_one(kind, timeframe, path):
    series = Series("binance", "BTC/USDT:USDT", kind, timeframe)
    files = archive_files(series, MARCH_MS + HOUR_MS, MARCH_MS + 2 * HOUR_MS)
    assert [(file.path, file.checksum) for file in files] == [(path, True)]


def test_trades_have_paths_of_their_own():
    aggregated = archive_files(CANDLES, MARCH_MS, MARCH_MS + 1, from_trades=True)
    bybit = archive_files(Series("bybit", "BTC/USDT:USDT", "candles", "1h"), MARCH_MS, MARCH_MS + 1)
    assert aggregated[0].path == "data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-03-01.zip"
    assert (bybit[0].path, bybit[0].checksum) == ("trading/BTCUSDT/BTCUSDT2024-03-01.csv.gz", False)


def test_whole_months_come_by_the_month_and_edges_by_the_day():
    files = archive_files(CANDLES, MARCH_MS - DAY_MS, MARCH_MS + 32 * DAY_MS)
    names = [file.path.rpartition("-1h-")[2] for file in files]
    assert names == ["2024-02-29.zip", "2024-03.zip", "2024-04-01.zip"]
    days = list(days_of(CANDLES, files[1]))
    assert (len(days), days[0].start_ms, days[-1].end_ms) == (31, files[1].start_ms, files[1].end_ms)


@pytest.mark.parametrize("kind", ["candles", "open_interest", "funding", "liquidations"])
@given(st.integers(0, 400), st.integers(1, 100), st.integers(0, 23))
def test_files_answer_the_whole_range_without_overlap(kind, day, length, hour):
    series = Series("binance", "BTC/USDT:USDT", kind, {"candles": "1h", "open_interest": "5m"}.get(kind, ""))
    start = MARCH_MS + day * DAY_MS + hour * HOUR_MS
    end = start + length * HOUR_MS * 7
    files = archive_files(series, start, end)
    assert files[0].start_ms <= start
    assert files[-1].end_ms >= end
    assert all(one.end_ms == two.start_ms for one, two in itertools.pairwise(files))


def test_a_days_metrics_answer_up_to_the_next_midnight():
    series = Series("binance", "BTC/USDT:USDT", "open_interest", "5m")
    files = archive_files(series, MARCH_MS + DAY_MS, MARCH_MS + DAY_MS + 1)  # the snapshot of midnight
    assert files[0].path.endswith("2024-03-01.zip")
    assert (files[0].start_ms, files[0].end_ms) == (MARCH_MS + FIVE_MINUTES_MS, MARCH_MS + DAY_MS + FIVE_MINUTES_MS)


@pytest.mark.parametrize("symbol", ["BTC/USD:BTC", "BTCUSDT", "../x/USDT:USDT", "BTC/USDT:USDT-240329", "a/b:b/..", ""])
def test_what_is_no_linear_perpetual_is_refused(symbol):
    with pytest.raises(MarketError, match="linear perpetuals"):
        archive_symbol(symbol)


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (Series("okx", "BTC/USDT:USDT", "candles", "1h"), "no archive"),
        (Series("bybit", "BTC/USDT:USDT", "funding"), "has no funding"),
        (Series("binance", "BTC/USDT:USDT", "open_interest", "1h"), "every 5m"),
    ],
)
def test_what_an_archive_lacks_is_refused(series, reason):
    with pytest.raises(MarketError, match=reason):
        archive_files(series, MARCH_MS, MARCH_MS + 1)
