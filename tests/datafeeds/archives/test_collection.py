"""From an archive into the catalog: verified, resumed, and honest about what is not there."""

import asyncio
import random

import pytest

from datafeeds.archives.collection import collect, collect_all, plan_archive
from datafeeds.archives.layout import archive_files
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.exchanges.session import bounded_session
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series
from tests.datafeeds.archives.samples import DAY_MS, HOUR_MS, MARCH_MS, klines, zipped
from tests.datafeeds.archives.server import ArchiveServer

CANDLES = Series("binance", "BTC/USDT:USDT", "candles", "1h")
DAYS = 6
FAULTS = ["500", "429", "503", "damaged", "html", "cut", "gone"]


def days(count=DAYS, without=()):
    made = {}
    for day in range(count):
        start = MARCH_MS + day * DAY_MS
        if day not in without:
            made[archive_files(CANDLES, start, start + 1)[0].path] = zipped(klines(start, 24, seed=day))
    return made


def run(files, root, faults=(), span=(0, DAYS), attempts=8, again=False, waits=None):
    async def sleep(seconds):
        if waits is not None:
            waits.append(seconds)

    async def job():
        patience = RetryPolicy(attempts=attempts, sleep=sleep)
        async with ArchiveServer(files, faults) as server, bounded_session() as session:
            start, end = (MARCH_MS + day * DAY_MS for day in span)
            result = await collect(session, Catalog(root), CANDLES, start, end, patience, host=server.url, again=again)
            return result, server.asked

    return asyncio.run(job())


def test_days_come_whole_and_are_not_fetched_twice(tmp_path):
    result, asked = run(days(), tmp_path)
    assert (result.rows, result.error, result.remarks) == (DAYS * 24, "", ())
    assert set(asked.values()) == {1}
    _, again = run(days(), tmp_path)
    assert not again
    _, wished = run(days(), tmp_path, again=True)
    assert len(wished) == 2 * DAYS


def test_a_month_that_is_not_there_comes_by_its_days(tmp_path):
    result, asked = run(days(31), tmp_path, span=(0, 31))
    assert result.rows == 31 * 24
    assert any("monthly" in path for path in asked)


@pytest.mark.parametrize("seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 40))])
def test_random_faults_leave_the_same_bytes(tmp_path, seed):
    chance = random.Random(seed)
    run(days(), tmp_path / "clean")
    result, _ = run(
        days(), tmp_path / "faulty", [chance.choice([*FAULTS, ""]) for _ in range(chance.randrange(1, 14))], attempts=20
    )
    assert result.error == ""
    files = [
        [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.parquet"))] for name in ("clean", "faulty")
    ]
    assert files[0] == files[1]
    assert not list((tmp_path / "faulty" / ".downloads").iterdir())


def test_a_source_that_says_how_long_to_wait_is_obeyed(tmp_path):
    waits = []
    run(days(1), tmp_path, ["429"], span=(0, 1), waits=waits)
    assert len(waits) == 1
    assert 7.0 <= waits[0] < 14.0


def test_a_wrong_checksum_ends_in_an_error_that_names_the_file_and_stores_nothing_of_it(tmp_path):
    result, _ = run(days(1), tmp_path, ["", "damaged"] * 4, span=(0, 1), attempts=4)
    assert "BTCUSDT-1h-2024-03-01.zip: its checksum is wrong" in result.error
    assert Catalog(tmp_path).series() == []


def test_a_failed_day_does_not_cost_the_others_and_a_second_run_ends_the_work(tmp_path):
    result, _ = run(days(), tmp_path, ["404", *["500"] * 6], attempts=2)
    assert result.error
    assert 0 < result.rows < DAYS * 24
    result, _ = run(days(), tmp_path)
    assert Catalog(tmp_path).missing(CANDLES, MARCH_MS, MARCH_MS + DAYS * DAY_MS) == []


def test_a_day_that_is_not_there_stays_missing_and_is_told(tmp_path):
    result, _ = run(days(without=(2,)), tmp_path)
    assert "1 files are not in the archive" in result.remarks[0]
    gap = (MARCH_MS + 2 * DAY_MS, MARCH_MS + 3 * DAY_MS)
    assert Catalog(tmp_path).missing(CANDLES, MARCH_MS, MARCH_MS + DAYS * DAY_MS) == [gap]
    assert inventory(Catalog(tmp_path))[0].not_downloaded == [gap]


def test_a_short_day_is_answered_and_its_absent_hours_are_counted(tmp_path):
    files = days(1)
    files[next(iter(files))] = zipped(klines(MARCH_MS, 20))
    run(files, tmp_path, span=(0, 1))
    held = inventory(Catalog(tmp_path))[0]
    assert (held.rows, held.absent, held.not_downloaded) == (20, 4, [])
    assert Catalog(tmp_path).missing(CANDLES, MARCH_MS, MARCH_MS + 24 * HOUR_MS) == []


def test_an_unreachable_archive_is_told_soon():
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    async def job():
        async with bounded_session() as session:
            plan = plan_archive("binance", "BTC/USDT:USDT", "1h")
            return await collect_all(
                session, Catalog("/nowhere"), plan, 0, 1, RetryPolicy(sleep=sleep), host="http://127.0.0.1:9"
            )

    results = asyncio.run(job())
    assert {result.error.partition(" (")[0] for result in results} == {"127.0.0.1:9 cannot be reached"}
    assert len(waits) < 5


def test_kinds_that_an_archive_lacks_are_refused():
    with pytest.raises(MarketError, match="has no 'trades'"):
        plan_archive("binance", "BTC/USDT:USDT", "1h", ("trades",))
    with pytest.raises(MarketError, match="linear"):
        plan_archive("binance", "BTC/USD:BTC", "1h", ("candles",))
    assert [series.timeframe for series in plan_archive("binance", "BTC/USDT:USDT", "1h")] == [
        "1h",
        "1h",
        "5m",
        "5m",
        "",
    ]
