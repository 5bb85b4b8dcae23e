"""Fetching a file: verified, whole, and nothing left behind."""

import asyncio
import os

import aiohttp
import pytest

from datafeeds.archives.fetching import fetched, reach
from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from tests.datafeeds.archives.loopback import ArchiveServer

PATH, BODY = "data/BTCUSDT-1h-2024-01.zip", os.urandom(700_000)
CHECKSUM = f"{PATH}.CHECKSUM"


def fetch(folder, files=None, faults=(), path=PATH, checksum=True, most=10**6):
    """Return the file's bytes, None if there is none; and assert that nothing stays in the folder."""

    async def run():
        async with (
            ArchiveServer({PATH: BODY} if files is None else files) as server,
            aiohttp.ClientSession() as session,
        ):
            for where, *what in faults:
                server.disturb(where, *what)
            async with fetched(session, f"{server.url}/{path}", folder, checksum, most) as file:
                return file and file.read_bytes()

    try:
        return asyncio.run(run())
    finally:
        assert not folder.is_dir() or not list(folder.iterdir())


def test_a_file_comes_whole_and_is_gone_afterwards(tmp_path):
    assert fetch(tmp_path / "downloads") == BODY
    assert fetch(tmp_path / "downloads", checksum=False) == BODY


def test_a_file_that_is_not_there_is_none(tmp_path):
    assert fetch(tmp_path, {}) is None
    assert fetch(tmp_path, {}, checksum=False) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"0" * 64 + b"  BTCUSDT-1h-2024-01.zip\n", "its checksum is wrong"),
        (b"0" * 64 + b"  ETHUSDT-1h-2024-01.zip\n", "checksum is none"),
        (b"0" * 63 + b"  BTCUSDT-1h-2024-01.zip\n", "checksum is none"),
        (b"0" * 64, "checksum is none"),
        (b"", "checksum is none"),
        (b"\xff\xfe" * 300, "checksum is none"),
        (b"<html>maintenance</html>" * 10_000, "checksum is none"),
    ],
)
def test_a_file_whose_checksum_does_not_fit_is_refused(tmp_path, text, reason):
    with pytest.raises(ReplyError, match=f"BTCUSDT-1h-2024-01.zip: .*{reason}"):
        fetch(tmp_path, {PATH: BODY, CHECKSUM: text})


def test_a_file_without_a_checksum_is_refused_where_there_should_be_one(tmp_path):
    with pytest.raises(ReplyError, match="its checksum is missing"):
        fetch(tmp_path, faults=[(CHECKSUM, 404)])


def test_other_bytes_than_those_of_the_checksum_are_refused(tmp_path):
    with pytest.raises(ReplyError, match="its checksum is wrong"):
        fetch(tmp_path, faults=[(PATH, BODY[:-1] + b"?")])


@pytest.mark.parametrize("where", [PATH, CHECKSUM])
@pytest.mark.parametrize(
    ("fault", "wish"),
    [
        (503, None),
        (500, None),
        (429, None),
        ((429, "7"), 7.0),
        ((503, "2.5"), 2.5),
        ("cut", None),
        ("hang", None),
        (400, None),
    ],
)
def test_what_may_pass_is_temporary_and_keeps_the_wish(tmp_path, where, fault, wish):
    files = {PATH: BODY, CHECKSUM: b"0" * 64 + b"  BTCUSDT-1h-2024-01.zip"}
    with pytest.raises(TemporaryError) as caught:
        fetch(tmp_path, files, faults=[(where, *[fault] * 5)])  # aiohttp asks again by itself after some cuts
    assert caught.value.retry_after_seconds == wish
    assert not isinstance(caught.value, ReplyError)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refusal_is_final(tmp_path, status):
    with pytest.raises(SourceError, match="does not serve this place") as caught:
        fetch(tmp_path, faults=[(CHECKSUM, status)])
    assert not isinstance(caught.value, TemporaryError)


def test_a_file_beyond_its_bound_is_left(tmp_path):
    with pytest.raises(ReplyError, match="larger than any such file"):
        fetch(tmp_path, most=len(BODY) - 1)
    assert fetch(tmp_path, most=len(BODY)) == BODY


def test_a_folder_that_cannot_be_written_is_no_failure_of_the_archive(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MarketError, match="cannot be written"):
        fetch(tmp_path / "file")


def test_a_file_named_in_another_script_is_verified_by_its_own_name(tmp_path):
    name = "data/%E5%B8%81USDT-1h-2024-01.zip"
    assert fetch(tmp_path, {"data/币USDT-1h-2024-01.zip": BODY}, path=name) == BODY


def test_a_host_that_is_not_there_is_named_without_what_is_secret(tmp_path):
    async def run(action):
        async with aiohttp.ClientSession() as session:
            await action(session)

    async def get(session):
        async with fetched(session, "http://user:secret@127.0.0.1:1/x/" + "y" * 5000, tmp_path, False):
            pass

    for action in (get, lambda session: reach(session, "http://user:secret@127.0.0.1:1/")):
        with pytest.raises(TemporaryError, match=r"127\.0\.0\.1:1 cannot be reached") as caught:
            asyncio.run(run(action))
        assert "secret" not in str(caught.value)
        assert len(str(caught.value)) < 300


def test_any_answer_at_all_shows_that_the_host_is_there():
    async def run():
        async with ArchiveServer({}) as server, aiohttp.ClientSession() as session:
            server.disturb("", 403)
            await reach(session, f"{server.url}/")
            await reach(session, f"{server.url}/")

    asyncio.run(run())
