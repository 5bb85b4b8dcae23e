"""Collecting through faults, damage and interruption: the catalog ends the same."""

import asyncio

import aiohttp
import numpy as np
import pytest

from datafeeds.archives.collection import collect
from datafeeds.catalog.store import Catalog
from tests.datafeeds.archives.gathering import FEBRUARY, HASTE, archive, day_candles, run
from tests.datafeeds.archives.loopback import ArchiveServer
from tests.datafeeds.archives.writing import (
    BYBIT,
    CANDLES,
    DAY,
    DAY_MS,
    HEADERS,
    bybit_rows,
    lines,
    random_trades,
)

FAULTS = [503, 500, (429, "0"), "cut", "hang", b"short", b""]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("suffix", ["", ".CHECKSUM"])
def test_what_passes_is_waited_for_and_the_catalog_is_the_same(tmp_path, fault, suffix):
    files = archive(CANDLES, DAY, DAY + 2 * DAY_MS, day_candles)
    run(tmp_path / "calm", files, CANDLES, DAY, DAY + 2 * DAY_MS)
    faults = [(path + suffix, fault, fault) for path in files]
    outcome, _ = run(tmp_path / "storm", files, CANDLES, DAY, DAY + 2 * DAY_MS, faults)
    assert outcome.error == ""
    calm, storm = (Catalog(tmp_path / name).read(CANDLES, DAY, FEBRUARY) for name in ("calm", "storm"))
    assert all(calm[name].tobytes() == storm[name].tobytes() for name in calm)


def test_a_checksum_that_stays_wrong_ends_in_a_sentence_that_names_the_file_and_the_rest_is_kept(tmp_path):
    files = archive(CANDLES, DAY, DAY + 2 * DAY_MS, day_candles)
    first = next(iter(files))
    files[first + ".CHECKSUM"] = b"0" * 64 + b"  " + first.rpartition("/")[2].encode()
    outcome, server = run(tmp_path, files, CANDLES, DAY, DAY + 2 * DAY_MS)
    assert outcome.error == "BTCUSDT-1h-2024-01-01.zip: its checksum is wrong"
    assert server.asked[first] == HASTE.attempts
    assert Catalog(tmp_path).missing(CANDLES, DAY, DAY + 2 * DAY_MS) == [(DAY, DAY + DAY_MS)]
    assert outcome.rows == 24


def test_a_damaged_file_whose_checksum_is_right_is_asked_for_once(tmp_path):
    files = archive(CANDLES, DAY, DAY + DAY_MS, lambda file: b"no table")
    outcome, server = run(tmp_path, files, CANDLES, DAY, DAY + DAY_MS)
    assert "though its checksum is right" in outcome.error
    assert max(server.asked.values()) == 1


def test_a_damaged_file_without_a_checksum_is_asked_for_again(tmp_path):
    files = archive(BYBIT, DAY, DAY + DAY_MS, lambda file: lines(HEADERS["bybit"], bybit_rows(random_trades(1, 500))))
    ((path, body),) = files.items()
    outcome, server = run(tmp_path, files, BYBIT, DAY, DAY + DAY_MS, [(path, body[:-9], b"<html>")])
    assert (outcome.error, server.asked[path]) == ("", 3)


def test_an_interrupted_download_goes_on_and_ends_the_same(tmp_path):
    end = DAY + 12 * DAY_MS
    files = archive(CANDLES, DAY, end, day_candles)
    run(tmp_path / "calm", files, CANDLES, DAY, end)

    async def broken():
        async with ArchiveServer(files) as server, aiohttp.ClientSession() as session:
            job = asyncio.create_task(
                collect(session, Catalog(tmp_path / "torn"), CANDLES, DAY, end, HASTE, host=server.url)
            )
            while not Catalog(tmp_path / "torn").covered(CANDLES):
                await asyncio.sleep(0.001)
            job.cancel()
            await asyncio.wait([job])
            assert job.cancelled()

    asyncio.run(broken())
    left = Catalog(tmp_path / "torn").missing(CANDLES, DAY, end)
    assert left
    _, server = run(tmp_path / "torn", files, CANDLES, DAY, end)
    assert len(server.asked) == 2 * sum((last - first) // DAY_MS for first, last in left)
    calm, torn = (Catalog(tmp_path / name).read(CANDLES, DAY, end) for name in ("calm", "torn"))
    assert all(calm[name].tobytes() == torn[name].tobytes() for name in calm)


def test_one_days_refusal_leaves_no_other_day_half_done(tmp_path):
    """Months that come by days: all of them end before the error is told."""
    days = {}
    for day in range(DAY, FEBRUARY, DAY_MS):
        days |= archive(CANDLES, day, day + DAY_MS, day_candles)
    outcome, _ = run(tmp_path, days, CANDLES, DAY, FEBRUARY, [(next(iter(days)), 403)])
    assert "403" in outcome.error
    assert Catalog(tmp_path).missing(CANDLES, DAY, FEBRUARY) == [(DAY, DAY + DAY_MS)]
    assert outcome.rows == 30 * 24


def test_random_faults_lose_and_double_nothing(tmp_path):
    random = np.random.default_rng(11)
    end = DAY + 6 * DAY_MS
    files = archive(CANDLES, DAY, end, day_candles)
    expected = list(range(DAY, end, 3_600_000))
    for turn in range(15):
        root = tmp_path / str(turn)
        for _ in range(20):
            faults = [
                (path + suffix, *(FAULTS[n] for n in random.integers(0, len(FAULTS), random.integers(0, 6))))
                for path in files
                for suffix in ("", ".CHECKSUM")
            ]
            outcome, _ = run(root, files, CANDLES, DAY, end, faults)
            if not outcome.error:
                break
        assert Catalog(root).read(CANDLES, DAY, end)["ts"].tolist() == expected
