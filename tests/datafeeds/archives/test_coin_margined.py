"""COIN-M liquidations, the ones of Binance that its archive still holds: contracts, doubled rows, a span that ended."""

import asyncio

import numpy as np
import pytest

from datafeeds.archives.collection import collect_all, plan_archive
from datafeeds.archives.layout import archive_files
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.exchanges.session import bounded_session
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series
from tests.datafeeds.archives.samples import DAY_MS, LIQUIDATION_HEADER, MARCH_MS, zipped
from tests.datafeeds.archives.server import ArchiveServer
from tests.datafeeds.catalog.samples import equal

BITCOIN = Series("binance", "BTC/USD:BTC", "liquidations")
FOLDER = "data/futures/cm/daily/liquidationSnapshot"
FIRST_DAY = "BTCUSD_PERP/BTCUSD_PERP-liquidationSnapshot-2023-06-25.zip"
JUNE_25_MS = 1_687_651_200_000


def run(files, root, start_ms, end_ms, symbol="BTC/USD:BTC", faults=()):
    async def sleep(_):
        pass

    async def job():
        async with ArchiveServer(files, faults) as server, bounded_session() as session:
            planned = plan_archive("binance", symbol, "1h")
            patience = RetryPolicy(sleep=sleep)
            result = await collect_all(session, Catalog(root), planned, start_ms, end_ms, patience, host=server.url)
            return result, server.asked

    return asyncio.run(job())


def test_the_captured_day_is_read_each_row_once_in_base_coin(tmp_path, cases):
    content = (cases / "venues" / "archive" / "BTCUSDT-liquidationSnapshot-2023-06-25.zip").read_bytes()
    (result,), asked = run({f"{FOLDER}/{FIRST_DAY}": content}, tmp_path, JUNE_25_MS - 3 * DAY_MS, JUNE_25_MS + DAY_MS)
    assert set(asked) == {f"{FOLDER}/{FIRST_DAY}", f"{FOLDER}/{FIRST_DAY}.CHECKSUM", ""}
    assert (result.series, result.rows, result.duplicates, result.error) == (BITCOIN, 2, 1, "")
    assert any("2023-06-25 .. 2024-10-14 only" in remark for remark in result.remarks)
    rows = Catalog(tmp_path).read(BITCOIN, 0, 2**53)
    assert rows["ts"].tolist() == [1687656471926, 1687656473356]
    assert rows["side"].tolist() == [-1.0, -1.0]  # bought back: shorts
    assert rows["price"].tolist() == [30631.6, 30631.6]
    assert rows["limit_price"].tolist() == [30741.3, 30756.6]
    assert rows["size"].tolist() == [700 / 30631.6, 4300 / 30631.6]
    assert Catalog(tmp_path).covered(BITCOIN) == [(JUNE_25_MS, JUNE_25_MS + DAY_MS)]


def day(seed, contracts):
    random, lines = np.random.default_rng(seed), [LIQUIDATION_HEADER]
    for ts in np.sort(random.integers(0, DAY_MS, 30)) + MARCH_MS + seed * DAY_MS:
        lines += [f"{ts},SELL,LIMIT,IOC,{contracts},3000,3010.5,FILLED,1,{contracts}"] * 2
    return zipped("\n".join(lines) + "\n")


def ether_days(count):
    name = "ETHUSD_PERP/ETHUSD_PERP-liquidationSnapshot-2024-03-{:02d}.zip"
    return {f"{FOLDER}/{name.format(number + 1)}": day(number, 5) for number in range(count)}


def test_faults_and_pieces_leave_the_rows_of_an_undisturbed_download(tmp_path):
    files, ether = ether_days(6), Series("binance", "ETH/USD:ETH", "liquidations")
    run(files, tmp_path / "one", MARCH_MS, MARCH_MS + 6 * DAY_MS, "ETH/USD:ETH")
    whole = Catalog(tmp_path / "one").read(ether, 0, 2**53)
    assert whole["size"].tolist() == [50 / 3010.5] * 180
    faults = ["500", "cut", "", "damaged", "html", "", "", "gone", "429"]
    for first, last in ((3, 5), (0, 4), (0, 6)):
        (result,), _ = run(
            files, tmp_path / "two", MARCH_MS + first * DAY_MS, MARCH_MS + last * DAY_MS, "ETH/USD:ETH", faults
        )
        assert result.error == ""
    assert equal(Catalog(tmp_path / "two").read(ether, 0, 2**53), whole)
    contents = [[file.read_bytes() for file in (tmp_path / name).rglob("*.parquet")] for name in ("one", "two")]
    assert contents[0] == contents[1]


def test_no_day_outside_the_archive_s_span_is_asked_for(tmp_path):
    (result,), asked = run({}, tmp_path, MARCH_MS + 400 * DAY_MS, MARCH_MS + 500 * DAY_MS)
    assert set(asked) == {""}
    assert any("2023-06-25 .. 2024-10-14 only" in remark for remark in result.remarks)
    assert len(archive_files(BITCOIN, 0, 2**42)) == 478


def test_nothing_else_is_read_of_inverse_contracts():
    assert plan_archive("binance", "BTC/USD:BTC", "1h") == [BITCOIN]
    with pytest.raises(MarketError, match="linear perpetuals"):
        plan_archive("binance", "BTC/USD:BTC", "1h", ("candles",))
    with pytest.raises(MarketError, match="linear perpetuals"):
        plan_archive("binance", "BTC/USD:ETH", "1h")
