"""Compressed files from outside: one member, as a stream, bounded; nothing is written by a name of theirs."""

import gzip
import io
import os
import zipfile

import pytest

from datafeeds.archives.unpacking import unpacked
from datafeeds.errors import ReplyError
from tests.datafeeds.archives.samples import gzipped, saved, zipped


def read(path):
    with unpacked(path) as content:
        return content.read()


def test_a_zip_and_a_gzip_give_their_content(tmp_path):
    assert read(saved(tmp_path, zipped("a,b\n1,2\n"))) == b"a,b\n1,2\n"
    assert read(saved(tmp_path, gzipped("a,b\n1,2\n"), "file.csv.gz")) == b"a,b\n1,2\n"


@pytest.mark.parametrize("name", ["../../outside.csv", "/etc/outside.csv", "..\\outside.csv", "C:\\outside.csv"])
def test_a_members_name_is_never_a_path(tmp_path, name):
    before = set(tmp_path.parent.rglob("*"))
    path = saved(tmp_path, zipped("1\n", name))
    assert read(path) == b"1\n"
    assert set(tmp_path.parent.rglob("*")) - before == {path}
    assert not os.path.exists("/etc/outside.csv")


def several(count):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.csv", "1\n")
    return packed.getvalue()


def link():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("link.csv")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    return packed.getvalue()


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * (64 * 2**20))
    return packed.getvalue()


def lying_bomb():
    """A bomb whose headers claim ten bytes."""
    content = bomb()
    size = (64 * 2**20).to_bytes(4, "little")
    return content.replace(size, (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", several(0), several(2), link(), bomb(), lying_bomb(), zipped("1\n" * 1000)[:-30], b"not a zip" * 100],
    ids=["empty", "two bytes", "no member", "two members", "link", "bomb", "lying bomb", "torn", "text"],
)
def test_a_zip_that_is_not_as_it_should_be_is_refused(tmp_path, content):
    with pytest.raises(ReplyError):
        read(saved(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        gzipped("1,2\n" * 1000)[:-9],
        gzipped("1\n")[:-4] + b"\0\0\0\0",
        gzip.compress(b"0" * (300 * 2**20)),
        b"plain text",
    ],
    ids=["empty", "torn", "wrong length", "bomb", "text"],
)
def test_a_gzip_that_is_not_as_it_should_be_is_refused(tmp_path, content):
    path = saved(tmp_path, content, "file.csv.gz")
    if content == b"":
        assert read(path) == b""  # an empty gzip holds nothing, and a table refuses that
        return
    with pytest.raises(ReplyError):
        read(path)
