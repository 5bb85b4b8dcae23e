"""Reading compressed files from outside: one member, as a stream, up to a bound; no name in them is ever a path."""

import contextlib
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from datafeeds.errors import ReplyError

MOST_BYTES = 4 * 2**30
"""*Assumption*: a day of the busiest contract's trades is below 1 GB."""

MOST_EXPANSION = 200
"""*Assumption*: CSV files of prices shrink five- to fiftyfold; deflate can do a thousandfold."""

_SMALL = 2**20  # below this size any expansion is harmless
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class BoundedStream(io.RawIOBase):
    """What a compressed stream holds, until it has expanded beyond its bound."""

    def __init__(self, source: IO[bytes], most: int, name: str) -> None:
        super().__init__()
        self._source, self._left, self._name = source, most, name

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read some bytes.

        Raises
        ------
        ReplyError
            If the data is damaged, or expands beyond the bound.
        """
        try:
            block = self._source.read(len(buffer))
        except ReplyError:
            raise
        except _BROKEN as error:
            raise ReplyError(f"{self._name}: damaged ({str(error)[:80] or type(error).__name__})") from None
        self._left -= len(block)
        if self._left < 0:
            raise ReplyError(f"{self._name}: expands beyond its bound")
        buffer[: len(block)] = block
        return len(block)


@contextlib.contextmanager
def unpacked(file: Path) -> Iterator[io.BufferedReader]:
    """Open the content of a ``.zip`` with one member, or of a ``.gz``.

    Raises
    ------
    ReplyError
        If it is damaged, holds another number of members, a link or something encrypted, or expands beyond its bound.
    """
    size = file.stat().st_size
    most = min(MOST_BYTES, max(size * MOST_EXPANSION, _SMALL))
    with contextlib.ExitStack() as stack:
        try:
            if file.name.endswith(".gz"):
                source = cast(IO[bytes], stack.enter_context(gzip.open(file, "rb")))
            else:
                archive = stack.enter_context(zipfile.ZipFile(file))
                source = stack.enter_context(archive.open(_only_member(archive, most, file.name)))
        except ReplyError:
            raise
        except _BROKEN as error:
            raise ReplyError(f"{file.name}: damaged ({str(error)[:80] or type(error).__name__})") from None
        yield io.BufferedReader(BoundedStream(source, most, file.name), 2**18)


def _only_member(archive: zipfile.ZipFile, most: int, name: str) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise ReplyError(f"{name}: holds {len(members)} files where one is expected")
    if stat.S_ISLNK(members[0].external_attr >> 16) or members[0].flag_bits & 1:
        raise ReplyError(f"{name}: holds a link or an encrypted file")
    if members[0].file_size > most:
        raise ReplyError(f"{name}: expands beyond its bound")
    return members[0]
