"""The archives' tables: documented examples, with and without a header, and what is refused."""

import random

import numpy as np
import pytest

from datafeeds.archives.collection import read_file
from datafeeds.archives.layout import archive_files
from datafeeds.availability import as_of
from datafeeds.errors import ReplyError
from tests.datafeeds.archives.writing import (
    CANDLES,
    DAY,
    DAY_MS,
    FUNDING,
    HEADERS,
    LIQUIDATIONS,
    MARK,
    OPEN_INTEREST,
    RATIO,
    RELABELLED,
    candle_rows,
    file_of,
    funding_rows,
    lines,
    liquidation_rows,
    metric_row,
    metric_rows,
    read,
)
from tests.datafeeds.catalog.samples import equal

HOUR_MS, FIVE = 3_600_000, 300_000
HEADED = pytest.mark.parametrize("header", [True, False])
SHARED = dict.fromkeys(("candles", "mark"), "candles") | dict.fromkeys(("open_interest", "long_short_ratio"), "metrics")


def headed(series, rows, header=True):
    return lines(HEADERS[SHARED.get(series.kind, series.kind)] if header else "", rows)


@HEADED
def test_the_documented_candle_is_read(tmp_path, header):
    row = f"{DAY},42314.00,42603.20,42289.60,42503.50,14268.244,{DAY + HOUR_MS - 1},606227026.37,144561,7530.123,319950112.1,0"
    rows = read(tmp_path, CANDLES, headed(CANDLES, [row], header)).rows
    assert {name: values.tolist() for name, values in rows.items()} == {
        "ts": [DAY], "known_at": [DAY + HOUR_MS], "open": [42314.0], "high": [42603.2], "low": [42289.6], "close": [42503.5],
        "volume": [14268.244], "taker_buy_volume": [7530.123],
    }  # fmt: skip


@HEADED
def test_the_documented_mark_candle_is_read(tmp_path, header):
    row = f"{DAY},42313.9,42603.2,42290.0,42500.0,0,{DAY + HOUR_MS - 1},0,720,0,0,0"
    rows = read(tmp_path, MARK, headed(MARK, [row], header)).rows
    assert {name: values.tolist() for name, values in rows.items()} == {
        "ts": [DAY], "known_at": [DAY + HOUR_MS], "open": [42313.9], "high": [42603.2], "low": [42290.0], "close": [42500.0],
    }  # fmt: skip


@HEADED
def test_microseconds_are_told_by_their_size(tmp_path, header):
    milli = read(tmp_path, CANDLES, headed(CANDLES, candle_rows(), header)).rows
    micro = read(tmp_path, CANDLES, headed(CANDLES, candle_rows(unit=1000), header)).rows
    assert all(milli[name].tolist() == micro[name].tolist() for name in milli)
    assert len(milli["ts"]) == 24


def test_a_file_in_two_units_is_refused(tmp_path):
    with pytest.raises(ReplyError, match="milliseconds and in microseconds"):
        read(tmp_path, CANDLES, headed(CANDLES, candle_rows(hours=2) + candle_rows(unit=1000)[2:]))


@HEADED
def test_the_documented_funding_is_read_and_its_jitter_removed(tmp_path, header):
    file = archive_files(FUNDING, DAY, DAY + 1)[0]
    rows = read(
        tmp_path, FUNDING, headed(FUNDING, [f"{DAY + 7},8,0.00037409", f"{DAY + 8 * HOUR_MS},8,-0.0001"], header), file
    ).rows
    assert rows["ts"].tolist() == [DAY, DAY + 8 * HOUR_MS] == rows["known_at"].tolist()
    assert rows["funding_rate"].tolist() == [0.00037409, -0.0001]


def test_settlements_of_other_lengths_are_all_kept(tmp_path):
    file = archive_files(FUNDING, DAY, DAY + 1)[0]
    assert len(read(tmp_path, FUNDING, headed(FUNDING, funding_rows()), file).rows["ts"]) == 93
    hourly = [f"{DAY + n * HOUR_MS + 59_999},1,0.0001" for n in range(5)]
    assert read(tmp_path, FUNDING, headed(FUNDING, hourly), file).rows["ts"].tolist() == [
        DAY + n * HOUR_MS for n in range(5)
    ]


@HEADED
def test_a_sale_liquidates_a_long_and_a_purchase_a_short(tmp_path, header):
    rows = [
        f"{DAY + 1234},SELL,LIMIT,IOC,0.014,42120.53,42279.40,FILLED,0.004,0.014",
        f"{DAY + 9000},BUY,LIMIT,IOC,0.5,42500.1,42400.0,FILLED,0.5,0.5",
    ]
    found = read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, rows, header)).rows
    assert found["side"].tolist() == [1.0, -1.0]
    assert found["price"].tolist() == [42279.4, 42400.0]
    assert found["size"].tolist() == [0.014, 0.5]
    assert found["ts"].tolist() == [DAY + 1234, DAY + 9000]
    assert (found["known_at"] > found["ts"]).all()


def test_liquidations_that_stand_there_twice_are_taken_once_and_counted(tmp_path):
    once = read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, liquidation_rows()))
    twice = read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, [row for row in liquidation_rows() for _ in (0, 1)]))
    assert (once.duplicates, twice.duplicates) == (0, 40)
    assert equal(once.rows, twice.rows)


def test_liquidations_of_one_instant_that_differ_are_all_kept(tmp_path):
    rows = [f"{DAY},SELL,LIMIT,IOC,1,40000,40001,FILLED,1,{size}" for size in (1, 2, 3)]
    assert sorted(read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, rows)).rows["size"]) == [1.0, 2.0, 3.0]


def test_an_order_of_which_nothing_was_filled_is_no_liquidation_and_a_fill_without_a_price_is_refused(tmp_path):
    empty = f"{DAY + 5},SELL,LIMIT,IOC,1,40000,0,NEW,0,0"
    assert len(read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, [*liquidation_rows(), empty])).rows["ts"]) == 40
    with pytest.raises(ReplyError, match="without a price"):
        read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, [f"{DAY + 5},SELL,LIMIT,IOC,1,40000,0,FILLED,1,1"]))


def test_a_day_without_liquidations_is_answered(tmp_path):
    assert len(read(tmp_path, LIQUIDATIONS, headed(LIQUIDATIONS, [])).rows["ts"]) == 0


@HEADED
@pytest.mark.parametrize("day", [DAY, RELABELLED - DAY_MS, RELABELLED, RELABELLED + 5 * DAY_MS])
def test_a_day_of_metrics_holds_what_stood_at_each_of_its_instants(tmp_path, day, header):
    for series, value in ((OPEN_INTEREST, lambda stood: stood // FIVE), (RATIO, lambda stood: stood % 7 / 4.0 + 0.1)):
        parsed = read(tmp_path, series, headed(series, metric_rows(day), header), file_of(series, day))
        stood = day + np.arange(1, 289) * FIVE
        assert parsed.rows["ts"].tolist() == stood.tolist() == parsed.rows["known_at"].tolist()
        assert parsed.rows[series.kind].tolist() == value(stood).tolist()
        assert (parsed.duplicates, parsed.incomplete) == (0, 0)


def test_across_the_change_of_labels_a_join_takes_the_value_of_each_bars_close_and_no_other(tmp_path):
    """The value is the number of its five minutes, so a shift by one period either way changes every bar."""
    days = [RELABELLED - DAY_MS, RELABELLED]
    parts = [
        read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, metric_rows(day)), file_of(OPEN_INTEREST, day))
        for day in days
    ]
    known_at = np.concatenate([part.rows["known_at"] for part in parts])
    values = np.concatenate([part.rows["open_interest"] for part in parts])
    assert (
        np.diff(known_at).tolist() == [FIVE] * 575
    )  # no instant is lost or doubled where the labels are: 00:00 stands in both
    closes = RELABELLED + np.arange(-12, 13) * FIVE
    assert as_of(known_at, values, closes, FIVE).tolist() == (closes // FIVE).tolist()


@pytest.mark.parametrize(("day", "label_of_first"), [(RELABELLED - DAY_MS, FIVE), (RELABELLED, 0)])
def test_the_label_of_the_first_value_is_the_documented_one(tmp_path, day, label_of_first):
    row = metric_row(day + label_of_first, 7.0)
    rows = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, [row]), file_of(OPEN_INTEREST, day)).rows
    assert (rows["known_at"].tolist(), rows["open_interest"].tolist()) == ([day + FIVE], [7.0])


@pytest.mark.parametrize(("day", "double"), [(DAY, DAY), (RELABELLED, RELABELLED + DAY_MS)])
def test_the_documented_double_midnight_is_left_to_the_neighbours_file(tmp_path, day, double):
    plain = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, metric_rows(day)), file_of(OPEN_INTEREST, day))
    with_double = [*metric_rows(day), metric_row(double, 1.0)]
    found = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, with_double), file_of(OPEN_INTEREST, day))
    assert found.rows["open_interest"].tolist() == plain.rows["open_interest"].tolist()


@pytest.mark.parametrize(("day", "first"), [(DAY, 0), (RELABELLED, FIVE)])
def test_a_whole_day_with_the_other_midnight_is_read_as_its_labels_say_and_doubted(tmp_path, day, first):
    """A file published again with the other labels would else be known five minutes early or late."""
    labels = day + first + np.arange(288) * FIVE
    rows = [metric_row(int(label), float(n + 1)) for n, label in enumerate(labels)]
    random.Random(1).shuffle(rows)
    found = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, rows), file_of(OPEN_INTEREST, day))
    assert found.rows["ts"].tolist() == (day + FIVE + np.arange(288) * FIVE).tolist()
    assert found.rows["open_interest"].tolist() == (np.arange(288) + 1.0).tolist()
    assert "as the whole day says" in found.doubt


def test_part_of_a_day_that_fits_neither_convention_is_read_by_its_date_and_doubted(tmp_path):
    rows = [metric_row(DAY, 1.0), metric_row(DAY + FIVE, 2.0)]
    found = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, rows))
    assert found.rows["ts"].tolist() == [DAY, DAY + FIVE]
    assert "as its date says" in found.doubt
    rows = [metric_row(RELABELLED + DAY_MS - FIVE, 1.0), metric_row(RELABELLED + DAY_MS, 2.0)]
    late = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, rows), file_of(OPEN_INTEREST, RELABELLED))
    assert late.rows["ts"].tolist() == [RELABELLED + DAY_MS]  # the later reading, which cannot look ahead
    assert late.doubt


@pytest.mark.parametrize("day", [DAY, RELABELLED])
def test_rows_in_any_order_and_midnights_written_as_a_date_alone_are_read_alike(tmp_path, day):
    rows = metric_rows(day)
    plain = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, rows), file_of(OPEN_INTEREST, day))
    mixed = [row.replace(b" 00:00:00", b"") if isinstance(row, bytes) else row.replace(" 00:00:00", "") for row in rows]
    assert mixed != rows
    random.Random(2).shuffle(mixed)
    found = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, mixed), file_of(OPEN_INTEREST, day))
    assert found.rows["ts"].tolist() == plain.rows["ts"].tolist()
    assert found.rows["open_interest"].tolist() == plain.rows["open_interest"].tolist()
    assert not found.doubt


@pytest.mark.parametrize(
    ("day", "instants", "values", "doubted"),
    [
        ("2023-01-21", [0], [98666.163], True),
        ("2025-11-02", [5, 10, 15], [76643.191, 76650.817, 76659.282], False),
        ("2026-07-20", [5, 10, 15], [102397.952, 102371.786, 101864.406], False),
    ],
)
def test_metrics_that_others_captured_are_read(cases, day, instants, values, doubted):
    first = int(np.datetime64(day, "ms").astype(np.int64))
    path = cases / "venues" / "archive" / f"BTCUSDT-metrics-{day}.zip"
    found = read_file(OPEN_INTEREST, file_of(OPEN_INTEREST, first), path)
    assert ((found.rows["ts"] - first) // 60_000).tolist() == instants
    assert found.rows["open_interest"].tolist() == values
    assert bool(found.doubt) == doubted


def test_a_blank_is_an_instant_without_a_row(tmp_path):
    rows = [*metric_rows()[:-2], metric_row(DAY + 287 * FIVE, "", 1.5), metric_row(DAY + 288 * FIVE, 5.0, "")]
    interest, ratio = (read(tmp_path, series, headed(series, rows)) for series in (OPEN_INTEREST, RATIO))
    assert interest.rows["ts"][-2:].tolist() == [DAY + 286 * FIVE, DAY + 288 * FIVE]
    assert ratio.rows["ts"][-1] == DAY + 287 * FIVE
    assert (interest.incomplete, ratio.incomplete) == (1, 1)


def test_a_day_with_fewer_rows_than_periods_says_how_many_are_absent(tmp_path):
    parsed = read(tmp_path, OPEN_INTEREST, headed(OPEN_INTEREST, metric_rows()[:162] + metric_rows()[167:]))
    assert (len(parsed.rows["ts"]), parsed.incomplete) == (283, 5)


def test_doubled_rows_collapse_and_are_counted_but_a_time_with_two_truths_is_refused(tmp_path):
    doubled = candle_rows() + candle_rows()[5:9]
    assert read(tmp_path, CANDLES, headed(CANDLES, doubled)).duplicates == 4
    other = candle_rows()[5].replace(",0.5,0", ",0.5,0").split(",")
    other[4] = str(float(other[4]) + 0.01)
    with pytest.raises(ReplyError, match="two different rows of one time"):
        read(tmp_path, CANDLES, headed(CANDLES, [*candle_rows(), ",".join(other)]))


def test_rows_in_disorder_come_in_order(tmp_path):
    assert np.diff(read(tmp_path, CANDLES, headed(CANDLES, candle_rows()[::-1])).rows["ts"]).tolist() == [HOUR_MS] * 23


def test_a_table_with_a_header_is_read_by_its_names(tmp_path):
    names, rows = HEADERS["funding"].split(","), [row.split(",") for row in funding_rows()]
    order = [2, 0, 1]
    turned = lines(",".join(names[n] for n in order), [",".join(row[n] for n in order) for row in rows])
    file = archive_files(FUNDING, DAY, DAY + 1)[0]
    plain = read(tmp_path, FUNDING, headed(FUNDING, funding_rows()), file).rows
    assert read(tmp_path, FUNDING, turned, file).rows["funding_rate"].tolist() == plain["funding_rate"].tolist()


def test_windows_line_ends_and_quotes_do_not_matter(tmp_path):
    plain = headed(CANDLES, candle_rows())
    quoted = b"\r\n".join(b",".join(b'"' + cell + b'"' for cell in row.split(b",")) for row in plain.split(b"\n")[:-1])
    assert (
        read(tmp_path, CANDLES, quoted).rows["close"].tolist() == read(tmp_path, CANDLES, plain).rows["close"].tolist()
    )


@pytest.mark.parametrize(
    ("series", "content", "reason"),
    [
        (CANDLES, b"", "empty"),
        (CANDLES, b"\n\n \n", "empty"),
        (CANDLES, headed(CANDLES, []), "no rows"),
        (CANDLES, headed(CANDLES, candle_rows(DAY + DAY_MS)), "times that its name does not say"),
        (CANDLES, headed(CANDLES, [row.replace(str(DAY)[:6], "999999") for row in candle_rows()]), "times that its name"),
        (CANDLES, headed(FUNDING, funding_rows()), "not the documented ones"),
        (CANDLES, headed(CANDLES, candle_rows()).replace(b"open,high", b"high,high"), "not the documented ones"),
        (CANDLES, lines("", funding_rows()), "fields where 12 are documented"),
        (CANDLES, headed(CANDLES, [candle_rows()[0].replace(str(DAY), str(DAY + 1))]), "grid"),
        (CANDLES, b"<!DOCTYPE html><html>maintenance</html>", "not the documented ones"),
        (CANDLES, headed(CANDLES, candle_rows())[:-40], "damaged"),
        (OPEN_INTEREST, headed(OPEN_INTEREST, [row.replace("BTCUSDT", "ETHUSDT") for row in metric_rows()]), "not of BTCUSDT"),
        (OPEN_INTEREST, headed(OPEN_INTEREST, [metric_row(DAY + FIVE).replace("2024-01-01", "now")]), "damaged"),
        (OPEN_INTEREST, headed(OPEN_INTEREST, [metric_row(DAY + FIVE).replace("00:05:00", "00:05:00+08:00")]), "damaged"),
        (OPEN_INTEREST, headed(OPEN_INTEREST, [metric_row(DAY + FIVE, -1.0)]), "negative"),
        (FUNDING, headed(FUNDING, [f"{DAY},8,1.5"]), "beyond 100 %"),
        (LIQUIDATIONS, headed(LIQUIDATIONS, [liquidation_rows()[0].replace("BUY", "LONG")]), "neither SELL nor BUY"),
        (LIQUIDATIONS, headed(LIQUIDATIONS, [liquidation_rows()[0].replace(",0.1,0.1", ",0.1,")]), "empty cells"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else getattr(value, "kind", None),
)  # fmt: skip
def test_what_is_not_the_documented_table_is_refused(tmp_path, series, content, reason):
    with pytest.raises(ReplyError, match=reason) as caught:
        read(tmp_path, series, content, archive_files(series, DAY + FIVE, DAY + FIVE + 1)[0])
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
