"""Candles of single trades, against a brute-force twin."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.archives import tables
from datafeeds.archives.layout import archive_files
from datafeeds.errors import ReplyError
from datafeeds.series import Series
from tests.datafeeds.archives.writing import (
    BYBIT,
    DAY,
    DAY_MS,
    HEADERS,
    SYMBOL,
    bybit_rows,
    lines,
    random_trades,
    read,
    trade_rows,
)

VENUES = {"binance": (HEADERS["aggregated"], trade_rows), "bybit": (HEADERS["bybit"], bybit_rows)}


def twin(trades, period):
    """Return candles by the definition, one trade after another: time -> open, high, low, close, volume, bought."""
    candles = {}
    for _, time, price, size, bought in trades:
        start = int(time) // period * period
        opened, high, low, _, volume, buys = candles.get(start, (price, price, price, price, 0.0, 0.0))
        candles[start] = (
            opened,
            max(high, price),
            min(low, price),
            price,
            volume + size,
            buys + (size if bought else 0.0),
        )
    return candles


def made(folder, venue, rows, timeframe, header=True):
    series = Series(venue, SYMBOL, "candles", timeframe)
    file = archive_files(series, DAY, DAY + 1, True)[0]
    return read(folder, series, lines(VENUES[venue][0] if header else "", rows), file, trades=True)


def as_candles(rows):
    names = ("open", "high", "low", "close", "volume", "taker_buy_volume")
    return {int(time): tuple(float(rows[name][place]) for name in names) for place, time in enumerate(rows["ts"])}


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "8h", "1d"])
@pytest.mark.parametrize("venue", VENUES)
def test_candles_equal_the_twin_bit_for_bit(tmp_path, venue, timeframe, header):
    trades = random_trades(3, 2000)
    parsed = made(tmp_path, venue, VENUES[venue][1](trades), timeframe, header)
    period = Series(venue, SYMBOL, "candles", timeframe).period_ms
    assert as_candles(parsed.rows) == twin(trades, period)
    assert (parsed.rows["known_at"] == parsed.rows["ts"] + period).all()
    assert parsed.incomplete == DAY_MS // period - len(parsed.rows["ts"])


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from(["1s", "1m", "4h"]), st.sampled_from(sorted(VENUES)))
def test_any_few_trades_equal_the_twin(tmp_path_factory, seed, count, timeframe, venue):
    trades = random_trades(seed, count, span=600_000)
    parsed = made(tmp_path_factory.mktemp("trades"), venue, VENUES[venue][1](trades), timeframe)
    assert as_candles(parsed.rows) == twin(trades, Series(venue, SYMBOL, "candles", timeframe).period_ms)


@pytest.mark.parametrize("venue", VENUES)
def test_blocks_do_not_change_the_candles(tmp_path, venue, monkeypatch):
    trades = random_trades(4, 3000)
    real = tables.csv.ReadOptions
    monkeypatch.setattr(tables.csv, "ReadOptions", lambda **options: real(**options | {"block_size": 3000}))
    assert as_candles(made(tmp_path, venue, VENUES[venue][1](trades), "1h").rows) == twin(trades, 3_600_000)


@pytest.mark.parametrize("block", [3000, 4_000_000])
def test_older_files_that_begin_with_the_last_trade_give_the_same_open_and_close(tmp_path, monkeypatch, block):
    trades = random_trades(5, 1500)
    trades[:, 1] = trades[:, 1] // 60_000 * 60_000  # many trades of one time: their order is the file's
    assert sum(one == other for one, other in pairwise(trades[:, 1])) > 500
    real = tables.csv.ReadOptions
    monkeypatch.setattr(tables.csv, "ReadOptions", lambda **options: real(**options | {"block_size": block}))
    found, expected = as_candles(made(tmp_path, "bybit", bybit_rows(trades)[::-1], "5m").rows), twin(trades, 300_000)
    assert {time: row[:4] for time, row in found.items()} == {time: row[:4] for time, row in expected.items()}
    sums = (
        np.array([found[time][4:] for time in sorted(expected)]),
        np.array([expected[time][4:] for time in sorted(expected)]),
    )
    np.testing.assert_allclose(*sums, rtol=1e-12)


def test_a_double_is_left_out_however_far_behind_it_stands(tmp_path, monkeypatch):
    trades = random_trades(4, 900)
    real = tables.csv.ReadOptions
    monkeypatch.setattr(tables.csv, "ReadOptions", lambda **options: real(**options | {"block_size": 3000}))
    parsed = made(tmp_path, "binance", trade_rows(trades) + trade_rows(trades[::3]), "1h")
    assert as_candles(parsed.rows) == twin(trades, 3_600_000)
    assert parsed.duplicates == 300


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_binances_trades_are_ordered_by_number_and_taken_once(tmp_path_factory, random):
    trades = random_trades(6, 800, span=DAY_MS // 4)
    trades[:, 1] = trades[:, 1] // 60_000 * 60_000
    again = random.sample(range(800), 100)
    rows = trade_rows(trades) + trade_rows(trades[again])
    random.shuffle(rows)
    parsed = made(tmp_path_factory.mktemp("trades"), "binance", rows, "5m")
    found, expected = as_candles(parsed.rows), twin(trades, 300_000)
    assert {time: row[:4] for time, row in found.items()} == {time: row[:4] for time, row in expected.items()}
    for time, row in expected.items():
        np.testing.assert_allclose(found[time][4:], row[4:], rtol=1e-12)
    assert parsed.duplicates == 100


def test_the_documented_doubles_are_left_out(tmp_path):
    rows = [
        f"1446230265,21820.30,1.614,2815718001,2815718002,{DAY + 166},true",
        f"1446230265,21820.30,1.614,2815718001,2815718002,{DAY + 166},true",
        f"1446230266,21820.40,0.018,2815718003,2815718003,{DAY + 200},false",
        f"1446230266,21820.40,0.018,2815718003,2815718003,{DAY + 200},false",
    ]
    parsed = made(tmp_path, "binance", rows, "1d")
    assert as_candles(parsed.rows) == {DAY: (21820.3, 21820.4, 21820.3, 21820.4, 1.614 + 0.018, 0.018)}
    assert parsed.duplicates == 2


def test_the_documented_bybit_trade_is_read(tmp_path):
    rest = "ZeroMinusTick,224061a0-e105-508c-9696-b53ab4b5bb03,114399000000.0,0.02,1143.99"
    row = f"{DAY // 1000}.8268,BTCUSDT,Buy,0.02,57199.5,{rest}"
    for header, further in ((HEADERS["bybit"], ""), (HEADERS["bybit"] + ",RPI", ",0")):
        found = as_candles(read(tmp_path, BYBIT, lines(header, [row + further])).rows)
        assert found == {DAY: (57199.5, 57199.5, 57199.5, 57199.5, 0.02, 0.02)}


def test_a_trade_on_a_boundary_belongs_to_the_later_candle(tmp_path):
    trades = np.array([[7, DAY + 3_599_999, 10.0, 1.0, 1], [8, DAY + 3_600_000, 11.0, 2.0, 0]])
    for venue, (_, write) in VENUES.items():
        assert sorted(as_candles(made(tmp_path, venue, write(trades), "1h").rows)) == [DAY, DAY + 3_600_000]


TRADE = np.array([[7, DAY, 10.0, 1.0, 1]])


@pytest.mark.parametrize(
    ("venue", "rows", "reason"),
    [
        ("binance", trade_rows(TRADE + np.array([0, DAY_MS, 0, 0, 0])), "another day"),
        ("bybit", bybit_rows(TRADE - np.array([0, 1, 0, 0, 0])), "another day"),
        ("binance", [trade_rows(TRADE)[0].replace("false", "maybe")], "neither true nor false"),
        ("bybit", [bybit_rows(TRADE)[0].replace("Buy", "buy")], "neither Buy nor Sell"),
        ("bybit", [bybit_rows(TRADE)[0].replace("BTCUSDT", "ETHUSDT")], "not of BTCUSDT"),
        ("bybit", [bybit_rows(TRADE)[0].replace("1704067200.", "inf,")], "damaged"),
        ("binance", [trade_rows(TRADE)[0].replace("10.0", "-10.0")], "not above 0"),
        ("binance", [trade_rows(TRADE)[0].replace("10.0", "inf")], "not above 0"),
        ("binance", [trade_rows(TRADE)[0].replace("10.0", "nan")], "empty cells"),
        ("binance", [*trade_rows(TRADE), "9000000000000000000,10,1,1,2,1704067200000,true"], "too far apart"),
        ("binance", ["-9223372036854775808,10,1,1,2,1704067200000,true"], "too far apart"),
        ("bybit", [], "no trades"),
        ("binance", [], "no trades"),
    ],
)
def test_what_is_no_documented_trade_of_the_day_is_refused(tmp_path, venue, rows, reason):
    with pytest.raises(ReplyError, match=reason):
        made(tmp_path, venue, rows, "1h")


def test_an_infinite_volume_is_refused(tmp_path):
    with pytest.raises(ReplyError, match="infinite volume"):
        made(tmp_path, "binance", trade_rows(np.array([[n, DAY, 10.0, 1.5e308, 1] for n in (1, 2)])), "1h")
