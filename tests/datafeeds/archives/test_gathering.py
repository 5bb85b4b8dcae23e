"""A whole collection from a loopback archive into the catalog."""

import asyncio

import aiohttp
import pytest

from datafeeds.archives.collection import collect, collect_all, plan_archive
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from tests.datafeeds.archives.gathering import FEBRUARY, HASTE, archive, day_candles, metrics, run
from tests.datafeeds.archives.loopback import ArchiveServer
from tests.datafeeds.archives.writing import (
    BYBIT,
    CANDLES,
    DAY,
    DAY_MS,
    FUNDING,
    HEADERS,
    LIQUIDATIONS,
    OPEN_INTEREST,
    RATIO,
    RELABELLED,
    SYMBOL,
    bybit_rows,
    funding_rows,
    lines,
    liquidation_rows,
    metric_rows,
    random_trades,
    trade_rows,
)


def test_a_range_comes_by_months_and_days_and_a_second_run_asks_for_nothing(tmp_path):
    start, end = DAY - 2 * DAY_MS, FEBRUARY + 2 * DAY_MS
    files = archive(CANDLES, start, end, day_candles)
    outcome, server = run(tmp_path, files, CANDLES, start, end)
    assert (outcome.rows, outcome.error, outcome.missing_files, outcome.remarks) == (35 * 24, "", (), ())
    assert len(server.asked) == 2 * 5
    stored = Catalog(tmp_path).read(CANDLES, start, end)
    assert stored["ts"].tolist() == list(range(start, end, 3_600_000))
    assert Catalog(tmp_path).missing(CANDLES, start, end) == []
    again, server = run(tmp_path, files, CANDLES, start, end)
    assert (again.rows, dict(server.asked)) == (0, {})
    assert run(tmp_path, files, CANDLES, start, end, again=True)[0].rows == 35 * 24


@pytest.mark.parametrize(
    ("series", "start", "end", "content", "rows"),
    [
        (FUNDING, DAY, FEBRUARY, lambda file: lines(HEADERS["funding"], funding_rows(file.first_ms)), 93),
        (LIQUIDATIONS, DAY, DAY + 2 * DAY_MS, lambda file: lines("", liquidation_rows(file.first_ms)), 80),
        (
            BYBIT,
            DAY,
            DAY + 2 * DAY_MS,
            lambda file: lines(HEADERS["bybit"], bybit_rows(random_trades(1, 9000, file.first_ms))),
            48,
        ),
    ],
    ids=["funding", "liquidations", "bybit"],
)
def test_every_kind_reaches_the_catalog(tmp_path, series, start, end, content, rows):
    outcome, _ = run(tmp_path, archive(series, start, end, content), series, start, end)
    assert (outcome.rows, outcome.error) == (rows, "")
    assert len(Catalog(tmp_path).read(series, start, end)["ts"]) == rows
    assert all(not holding.defects for holding in inventory(Catalog(tmp_path), check=True))


def test_candles_are_made_of_trades_where_asked(tmp_path):
    files = archive(
        CANDLES,
        DAY,
        DAY + DAY_MS,
        lambda file: lines(HEADERS["aggregated"], trade_rows(random_trades(1, 9000))),
        trades=True,
    )
    outcome, _ = run(tmp_path, files, CANDLES, DAY, DAY + DAY_MS, from_trades=True)
    assert outcome.rows == 24


@pytest.mark.parametrize("series", [OPEN_INTEREST, RATIO])
def test_metrics_join_across_the_change_of_labels_without_a_gap_or_a_double(tmp_path, series):
    start, end = RELABELLED - 2 * DAY_MS, RELABELLED + 2 * DAY_MS
    outcome, _ = run(tmp_path, archive(series, start, end, metrics), series, start, end)
    stored = Catalog(tmp_path).read(series, start, end)
    assert stored["ts"].tolist() == list(range(start, end, 300_000)) == stored["known_at"].tolist()
    if series == OPEN_INTEREST:
        assert stored["open_interest"].tolist() == (stored["ts"] // 300_000).tolist()
    assert (outcome.missing_files, outcome.incomplete, outcome.duplicates) == ((), 0, 0)


def test_a_missing_day_stays_missing_and_is_named_and_what_is_there_is_kept(tmp_path):
    end = DAY + 3 * DAY_MS
    files = archive(CANDLES, DAY, end, day_candles)
    (absent,) = (path for path in files if "01-02" in path)
    outcome, _ = run(tmp_path, {path: body for path, body in files.items() if path != absent}, CANDLES, DAY, end)
    assert outcome.missing_files == (absent.rpartition("/")[2],)
    assert (outcome.rows, outcome.error) == (48, "")
    assert "1 files are not in the archive" in outcome.remarks[0]
    assert Catalog(tmp_path).missing(CANDLES, DAY, end) == [(DAY + DAY_MS, DAY + 2 * DAY_MS)]
    later, server = run(tmp_path, files, CANDLES, DAY, end)
    assert (later.rows, later.missing_files, server.asked[absent]) == (24, (), 1)
    assert len(server.asked) == 2
    assert Catalog(tmp_path).missing(CANDLES, DAY, end) == []


def test_a_month_that_is_not_there_yet_comes_by_days(tmp_path):
    days = {}
    for day in range(DAY, DAY + 10 * DAY_MS, DAY_MS):
        days |= archive(CANDLES, day, day + DAY_MS, day_candles)
    reports = []
    outcome, _ = run(tmp_path, days, CANDLES, DAY, FEBRUARY, report=lambda *report: reports.append(report))
    assert outcome.rows == 240
    assert outcome.missing_files == tuple(f"BTCUSDT-1h-2024-01-{day}.zip" for day in range(11, 32))
    assert Catalog(tmp_path).missing(CANDLES, DAY, FEBRUARY) == [(DAY + 10 * DAY_MS, FEBRUARY)]
    assert {report[3] for report in reports} == {FEBRUARY - DAY} == {sum(report[2] for report in reports)}
    again, server = run(tmp_path, days, CANDLES, DAY, FEBRUARY)
    assert not any("-01-05" in path for path in server.asked)  # what is there is not asked for again
    assert again.rows == 0


def test_an_archive_that_has_none_of_the_files_is_an_error_but_not_where_the_rest_was_there_before(tmp_path):
    end = DAY + 3 * DAY_MS
    nothing, _ = run(tmp_path / "none", {}, CANDLES, DAY, end)
    assert (
        nothing.error
        == f"{CANDLES}: none of the 3 files asked for is in the archive (BTCUSDT-1h-2024-01-01.zip the first)"
    )
    files = archive(CANDLES, DAY, DAY + 2 * DAY_MS, day_candles)
    assert run(tmp_path / "some", files, CANDLES, DAY, DAY + 2 * DAY_MS)[0].error == ""
    later, _ = run(tmp_path / "some", files, CANDLES, DAY, end)
    assert (later.rows, later.error, later.missing_files) == (0, "", ("BTCUSDT-1h-2024-01-03.zip",))


def test_absent_periods_and_doubled_rows_are_counted(tmp_path):
    def content(file):
        rows = metric_rows(file.first_ms)
        return lines(HEADERS["metrics"], rows[:100] + rows[105:] + rows[:7])

    start = DAY + 300_000
    outcome, _ = run(tmp_path, archive(OPEN_INTEREST, start, start + 1, content), OPEN_INTEREST, start, start + DAY_MS)
    assert (outcome.rows, outcome.incomplete, outcome.duplicates, outcome.error) == (283, 5, 7, "")
    assert Catalog(tmp_path).missing(OPEN_INTEREST, start, start + DAY_MS) == []
    assert sorted(remark.split(": ")[1].split(" ", 1)[0] for remark in outcome.remarks) == ["5", "7"]


def test_no_more_than_four_files_are_under_way_at_once_over_all_series(tmp_path):
    start, end = DAY + 300_000, DAY + 12 * DAY_MS
    files = archive(OPEN_INTEREST, start, end, metrics)

    async def whole():
        async with ArchiveServer(files) as server, aiohttp.ClientSession() as session:
            planned = [OPEN_INTEREST, RATIO]
            outcomes = await collect_all(session, Catalog(tmp_path), planned, start, end, HASTE, host=server.url)
            return outcomes, server

    outcomes, server = asyncio.run(whole())
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert 1 < server.most_together <= 4


def test_an_archive_that_cannot_be_reached_is_told_in_a_line_for_each_series(tmp_path):
    async def whole():
        async with aiohttp.ClientSession() as session:
            planned = [CANDLES, FUNDING]
            return await collect_all(
                session, Catalog(tmp_path), planned, DAY, FEBRUARY, HASTE, host="http://127.0.0.1:1"
            )

    outcomes = asyncio.run(whole())
    assert all("127.0.0.1:1 cannot be reached" in outcome.error for outcome in outcomes)
    assert len(outcomes) == 2


@pytest.mark.parametrize("host", ["ftp://x", "data.binance.vision", "http://", "https://a b/"])
def test_a_mirror_is_an_address(tmp_path, host):
    async def whole():
        async with aiohttp.ClientSession() as session:
            await collect(session, Catalog(tmp_path), CANDLES, DAY, FEBRUARY, HASTE, host=host)

    with pytest.raises(MarketError, match="no address of an archive"):
        asyncio.run(whole())


def test_a_plan_names_all_there_is_or_what_is_asked_for():
    assert [str(series) for series in plan_archive("binance", SYMBOL, "1h")] == [
        f"binance {SYMBOL} {rest}"
        for rest in ("candles 1h", "mark 1h", "open_interest 5m", "long_short_ratio 5m", "funding")
    ]
    assert [series.kind for series in plan_archive("binance", SYMBOL, "1h", ("funding",))] == ["funding"]
    assert [series.kind for series in plan_archive("binance", SYMBOL, "7200s", (), from_trades=True)] == ["candles"]
    with pytest.raises(MarketError, match="no liquidations of USD-M contracts any more"):
        plan_archive("binance", SYMBOL, "1h", ("liquidations",))
    with pytest.raises(MarketError, match="has no 'funding'"):
        plan_archive("bybit", SYMBOL, "1h", ("funding",))
    with pytest.raises(MarketError, match="okx has no archive"):
        plan_archive("okx", SYMBOL, "1h")
