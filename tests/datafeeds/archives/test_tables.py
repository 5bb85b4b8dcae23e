"""The archives' tables: documented forms read, everything else refused."""

import contextlib
import random
import time

import numpy as np
import pytest

from datafeeds.archives.collection import parse_file
from datafeeds.archives.layout import archive_files
from datafeeds.availability import as_of
from datafeeds.catalog.rows import check_rows
from datafeeds.errors import ReplyError
from datafeeds.series import Series
from datafeeds.stamps import BINANCE_RELABELLED_MS
from tests.datafeeds.archives.samples import (
    DAY_MS,
    FIVE_MINUTES_MS,
    HOUR_MS,
    LIQUIDATION_HEADER,
    MARCH_MS,
    klines,
    metrics,
    saved,
    zipped,
)

CANDLES = Series("binance", "BTC/USDT:USDT", "candles", "1h")
MARK = Series("binance", "BTC/USDT:USDT", "mark", "1h")
INTEREST = Series("binance", "BTC/USDT:USDT", "open_interest", "5m")
RATIO = Series("binance", "BTC/USDT:USDT", "long_short_ratio", "5m")
FUNDING = Series("binance", "BTC/USDT:USDT", "funding")
LIQUIDATIONS = Series("binance", "BTC/USDT:USDT", "liquidations")


def parsed(tmp_path, series, text, first_ms=MARCH_MS):
    late = FIVE_MINUTES_MS if "5m" in series.timeframe else 0
    file = archive_files(series, first_ms + late, first_ms + late + 1)[0]
    return parse_file(series, file, saved(tmp_path, zipped(text)))


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("factor", [1, 1000])
def test_candles_are_read_with_or_without_header_in_milli_or_microseconds(tmp_path, header, factor):
    rows = parsed(tmp_path, CANDLES, klines(MARCH_MS, 24, header=header, factor=factor))
    plain = parsed(tmp_path, CANDLES, klines(MARCH_MS, 24))
    assert rows["ts"].tolist() == [MARCH_MS + hour * HOUR_MS for hour in range(24)]
    assert rows["close"].tolist() == plain["close"].tolist()
    assert (rows["known_at"] == rows["ts"] + HOUR_MS).all()
    assert (rows["taker_buy_volume"] <= rows["volume"]).all()


def test_a_documented_line_gives_its_numbers(tmp_path):
    # the form of binance-public-data's README
    prices, sizes = "2.74140000,2.74490000,2.74040000,2.74200000,3234.70000000", "8867.0,122,1604.3,4399.1,0"
    line = f"{MARCH_MS},{prices},{MARCH_MS + HOUR_MS - 1},{sizes}\n"
    rows = parsed(tmp_path, CANDLES, line)
    assert [rows[name][0] for name in ("open", "high", "low", "close")] == [2.7414, 2.7449, 2.7404, 2.742]
    assert (rows["volume"][0], rows["taker_buy_volume"][0]) == (3234.7, 1604.3)
    assert "volume" not in parsed(tmp_path, MARK, line)


def test_repeated_rows_collapse_and_contradictions_are_refused(tmp_path):
    text = klines(MARCH_MS, 24, header=False)
    lines = text.splitlines(keepends=True)
    once, doubled = parsed(tmp_path, CANDLES, text), parsed(tmp_path, CANDLES, "".join(lines + lines[5:9]))
    assert all((once[name] == doubled[name]).all() for name in once)
    with pytest.raises(ReplyError, match="two different rows"):
        parsed(tmp_path, CANDLES, text + klines(MARCH_MS, 1, header=False, seed=2))


def test_both_units_in_one_file_and_rows_of_another_day_are_refused(tmp_path):
    with pytest.raises(ReplyError, match="milliseconds and in microseconds"):
        parsed(
            tmp_path,
            CANDLES,
            klines(MARCH_MS, 3, header=False) + klines(MARCH_MS + 3 * HOUR_MS, 3, header=False, factor=1000),
        )
    with pytest.raises(ReplyError, match="does not say"):
        parsed(tmp_path, CANDLES, klines(MARCH_MS, 25))


def joined(rows, opens):
    return as_of(rows["known_at"], rows["open_interest"], opens + FIVE_MINUTES_MS, FIVE_MINUTES_MS)


def test_until_the_relabelling_a_stamp_is_the_instant_and_from_then_on_the_periods_open(tmp_path):
    """Value k + 1000.5 stood at the k-th five minutes after midnight; a join a bar early or late fails here."""
    day = BINANCE_RELABELLED_MS - DAY_MS
    opens = np.arange(288) * FIVE_MINUTES_MS
    truth = np.arange(1, 289) + 1000.5  # what stood at each bar's close
    before = parsed(tmp_path, INTEREST, metrics(day + FIVE_MINUTES_MS, first_value=1001), day)
    after = parsed(tmp_path, INTEREST, metrics(BINANCE_RELABELLED_MS, first_value=1001), BINANCE_RELABELLED_MS)
    assert joined(before, day + opens).tolist() == truth.tolist()
    assert joined(after, BINANCE_RELABELLED_MS + opens).tolist() == truth.tolist()
    # the label that both files hold means two instants, and none is lost or doubled
    instants = np.concatenate([before["ts"], after["ts"]])
    assert (np.diff(instants) == FIVE_MINUTES_MS).all()


def test_the_double_of_midnight_is_dropped_and_missing_figures_are_absent(tmp_path):
    text = metrics(MARCH_MS, 289)  # 00:00 of this day and of the next
    assert parsed(tmp_path, INTEREST, text)["ts"].tolist() == [MARCH_MS + n * FIVE_MINUTES_MS for n in range(1, 289)]
    gappy = text.replace(",1010.5,", ",,")
    assert len(parsed(tmp_path, INTEREST, gappy)["ts"]) == 287
    assert len(parsed(tmp_path, RATIO, gappy)["ts"]) == 288


def test_the_ratio_is_the_accounts(tmp_path):
    rows = parsed(tmp_path, RATIO, metrics(MARCH_MS + FIVE_MINUTES_MS))
    assert rows["long_short_ratio"][:3].tolist() == [1.0, 1.001, 1.002]


def test_funding_is_stamped_by_its_minute(tmp_path):
    text = f"calc_time,funding_interval_hours,last_funding_rate\n{MARCH_MS + 3},8,0.00012345\n{MARCH_MS + 8 * HOUR_MS},8,-0.0001\n"
    rows = parsed(tmp_path, FUNDING, text)
    assert rows["ts"].tolist() == [MARCH_MS, MARCH_MS + 8 * HOUR_MS]
    assert rows["funding_rate"].tolist() == [0.00012345, -0.0001]


def test_a_sale_liquidates_a_long_and_unfilled_orders_and_doubles_are_left_out(tmp_path):
    lines = [
        f"{MARCH_MS + 5},SELL,LIMIT,IOC,0.5,60000,59990.5,FILLED,0.5,0.5",
        f"{MARCH_MS + 5},SELL,LIMIT,IOC,0.5,60000,59990.5,FILLED,0.5,0.5",
        f"{MARCH_MS + 9},BUY,LIMIT,IOC,2,61000,61010,FILLED,1,2",
        f"{MARCH_MS + 10},BUY,LIMIT,IOC,2,61000,0,NEW,0,0",
    ]
    rows = parsed(tmp_path, LIQUIDATIONS, "\n".join([LIQUIDATION_HEADER, *lines]) + "\n")
    assert rows["side"].tolist() == [1.0, -1.0]
    assert rows["price"].tolist() == [59990.5, 61010.0]
    assert rows["size"].tolist() == [0.5, 2.0]


def mutated(content: bytes, chance: random.Random) -> bytes:
    kind, data = chance.randrange(8), bytearray(content)
    if kind == 0:
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif kind == 1:
        del data[chance.randrange(len(data)) :]
    elif kind == 2:
        at = chance.randrange(len(data))
        data[at:at] = data[: chance.randrange(len(data))]
    else:
        lines = content.split(b"\n")
        row = chance.randrange(len(lines))
        fields = lines[row].split(b",")
        words = [
            b"",
            b"NaN",
            b"inf",
            b"-1",
            b"1e308",
            b"9" * 30,
            b"abc",
            b"\xff\xfe",
            b'"',
            b"0",
            b"1e-320",
            b"\x00",
            b"null",
        ]
        fields[chance.randrange(len(fields))] = chance.choice(words)
        if kind == 4:
            chance.shuffle(fields)
        lines[row] = b",".join(fields)
        data = bytearray(b"\n".join(lines))
    return bytes(data)


SOURCES = {
    "candles": (CANDLES, klines(MARCH_MS, 24)),
    "headless": (CANDLES, klines(MARCH_MS, 24, header=False)),
    "metrics": (INTEREST, metrics(MARCH_MS + FIVE_MINUTES_MS, 40)),
    "funding": (FUNDING, f"{MARCH_MS},8,0.0001\n{MARCH_MS + 8 * HOUR_MS},8,0.0002\n"),
    "liquidations": (LIQUIDATIONS, f"{LIQUIDATION_HEADER}\n{MARCH_MS},SELL,LIMIT,IOC,1,60000,60001,FILLED,1,1\n" * 1),
}


@pytest.mark.parametrize("count", [300, pytest.param(1600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("which", SOURCES)
def test_malformed_tables_give_valid_rows_or_a_typed_error_quickly(tmp_path, which, count):
    series, text = SOURCES[which]
    chance, slowest, longest = random.Random(which), 0.0, 0
    for _ in range(count):
        begin = time.perf_counter()
        content = zipped(mutated(text.encode(), chance).decode("latin-1"))
        try:
            rows = parse_file(series, *_placed(tmp_path, series, content))
        except ReplyError as error:
            longest = max(longest, len(str(error)))
        else:
            assert (np.diff(rows["ts"]) >= 0).all()
        slowest = max(slowest, time.perf_counter() - begin)
    assert longest < 400
    assert slowest < 5.0  # not a claim of speed: nothing hangs


@pytest.mark.parametrize("count", [300, pytest.param(1500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("which", ["candles", "metrics"])
def test_malformed_archives_give_valid_rows_or_a_typed_error(tmp_path, which, count):
    series, text = SOURCES[which]
    chance, whole = random.Random(which), zipped(text)
    for _ in range(count):
        with contextlib.suppress(ReplyError):
            check_rows(series, parse_file(series, *_placed(tmp_path, series, mutated(whole, chance))))


def _placed(tmp_path, series, content):
    late = FIVE_MINUTES_MS if series.timeframe == "5m" else 0
    file = archive_files(series, MARCH_MS + late, MARCH_MS + late + 1)[0]
    return file, saved(tmp_path, content)
