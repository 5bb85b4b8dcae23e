"""Compressed files from outside: read within bounds, whatever they claim."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import pytest

from datafeeds.archives.unpacking import unpacked
from datafeeds.errors import ReplyError
from tests.datafeeds.archives.writing import zipped

CONTENT = b"1,2,3\n" * 1000


def content_of(folder, data, name="a.zip"):
    (folder / "file").write_bytes(data)
    with unpacked(folder / "file", name) as stream:
        return stream.read()


def with_members(*members, method=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, body, mode in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, mode << 16
            archive.writestr(info, body)
    return target.getvalue()


def test_one_member_is_read_whole(tmp_path):
    assert content_of(tmp_path, zipped(CONTENT)) == CONTENT
    assert content_of(tmp_path, gzip.compress(CONTENT), "a.csv.gz") == CONTENT


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../escape.csv", "..\\escape.csv", "C:\\escape.csv", "a/b/c.csv", "con"]
)
def test_a_members_name_is_never_a_path(tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    assert content_of(inside, with_members((name, CONTENT, 0))) == CONTENT
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "file"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (with_members(), "holds 0 members"),
        (with_members(("a.csv", CONTENT, 0), ("b.csv", CONTENT, 0)), "holds 2 members"),
        (with_members(*((f"{n}.csv", b"", 0) for n in range(500))), "holds 500 members"),
        (with_members(*((f"{n}" * 100, b"", 0) for n in range(5000))), "directory is larger"),
        (with_members(("folder/", b"", 0)), "no regular file"),
        (with_members(("a.csv", b"/etc/passwd", 0o120777)), "no regular file"),
        (with_members(("a.csv", CONTENT, 0o010644)), "no regular file"),
        (with_members(("a.csv", CONTENT, 0), method=zipfile.ZIP_BZIP2), "method that is not read"),
        (with_members(("a.csv", CONTENT, 0), method=zipfile.ZIP_LZMA), "method that is not read"),
        (b"", "damaged"),
        (b"<html>maintenance</html>", "damaged"),
        (gzip.compress(CONTENT), "damaged"),
        (zipped(CONTENT)[:-30], "damaged"),
    ],
    ids=["empty", "two", "many", "crowd", "folder", "link", "pipe", "bzip2", "lzma", "no bytes", "page", "gzip", "cut"],
)
def test_anything_but_one_regular_file_is_refused(tmp_path, data, reason):
    with pytest.raises(ReplyError, match=reason):
        content_of(tmp_path, data)


def test_an_encrypted_member_is_refused(tmp_path):
    data = bytearray(zipped(CONTENT))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReplyError, match="encrypted"):
        content_of(tmp_path, bytes(data))


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz"])
def test_a_bomb_is_left_at_its_bound(tmp_path, name):
    bomb = zipped(b"0" * 30_000_000) if name.endswith("zip") else gzip.compress(b"0" * 30_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ReplyError, match="beyond its bound"):
            content_of(tmp_path, bomb, name)
        assert tracemalloc.get_traced_memory()[1] < 15_000_000  # bound of this one: 200 times 30 kB, and buffers
    finally:
        tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_left_too(tmp_path):
    data = bytearray(zipped(b"0" * 30_000_000))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.rindex(signature) + at, 1000)
    with pytest.raises(ReplyError):
        content_of(tmp_path, bytes(data))


def test_an_archive_in_an_archive_stays_packed(tmp_path):
    inner = zipped(b"0" * 30_000_000)
    assert content_of(tmp_path, zipped(inner)) == inner


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(CONTENT)[:-1],
        gzip.compress(CONTENT)[:40],
        gzip.compress(CONTENT) + b"garbage",
        zipped(CONTENT),
        CONTENT,
    ],
    ids=["last byte", "half", "garbage", "zip", "text"],
)
def test_a_gzip_file_that_is_cut_or_goes_on_is_refused(tmp_path, data):
    with pytest.raises(ReplyError, match=r"a\.csv\.gz: damaged"):
        content_of(tmp_path, data, "a.csv.gz")


def test_a_member_whose_content_was_changed_is_refused(tmp_path):
    data = bytearray(with_members(("a.csv", CONTENT, 0), method=zipfile.ZIP_STORED))
    data[data.index(b"1,2,3")] = ord("9")
    with pytest.raises(ReplyError, match="CRC"):
        content_of(tmp_path, bytes(data))
