"""Reading compressed files from outside: one member, as a stream, up to a bound; no name in them is ever a path."""

import contextlib
import gzip
import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from datafeeds.errors import ReplyError
from datafeeds.text import reason

MAX_BYTES = 4 * 2**30
"""*Assumption*: a day of the busiest contract's trades is below 1 GB."""

MAX_EXPANSION = 200
"""*Assumption*: CSV files of prices shrink five- to fiftyfold; deflate can do a thousandfold."""

_SMALL = 2**20  # below this size any expansion is harmless
_MAX_DIRECTORY = 2**20  # bytes; the directory of one member takes some hundred
_BLOCK = 2**18


class _Bounded(io.RawIOBase):
    """What a compressed stream holds, until it has expanded beyond its bound."""

    def __init__(self, source: IO[bytes], most: int, name: str) -> None:
        super().__init__()
        self._source, self._left, self._name = source, most, name

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read some bytes; a `ReplyError` if the data is damaged, or expands beyond the bound."""
        with _damage(self._name):
            block = self._source.read(min(len(buffer), _BLOCK))
        self._left -= len(block)
        if self._left < 0:
            raise ReplyError(f"{self._name}: expands beyond its bound")
        buffer[: len(block)] = block
        return len(block)


class _Directory:
    """A file whose reader cannot take much at once: a zip's directory is read whole, and grows to a hundredfold in memory."""

    def __init__(self, source: IO[bytes], name: str) -> None:
        self._source, self._name = source, name
        self.seek, self.tell, self.seekable, self.close = source.seek, source.tell, source.seekable, source.close

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(min(size, _MAX_DIRECTORY + 1) if size >= 0 else _MAX_DIRECTORY + 1)
        if len(block) > _MAX_DIRECTORY:
            raise ReplyError(f"{self._name}: its directory is larger than that of one file")
        return block


@contextlib.contextmanager
def unpacked(file: Path, name: str = "") -> Iterator[io.BufferedReader]:
    """Open the content of a zip with one member, or of a gzip file.

    Parameters
    ----------
    file
        Where it lies.
    name
        The archive's name of it, if not its own: tells the format (``.gz``, else zip), and what messages call it.

    Raises
    ------
    ReplyError
        If it is damaged, holds anything but one regular file, or expands beyond its bound.
    """
    name = name or file.name
    size = file.stat().st_size
    most = min(MAX_BYTES, max(size * MAX_EXPANSION, _SMALL))
    with contextlib.ExitStack() as stack:
        packed = stack.enter_context(file.open("rb"))
        with _damage(name):
            if name.endswith(".gz"):
                source = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=packed, mode="rb")))
            else:
                archive = stack.enter_context(zipfile.ZipFile(cast(IO[bytes], _Directory(packed, name))))
                source = stack.enter_context(archive.open(_only_member(archive, most, name)))
        yield io.BufferedReader(_Bounded(source, most, name), _BLOCK)


def _only_member(archive: zipfile.ZipFile, most: int, name: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) != 1:
        raise ReplyError(f"{name}: holds {len(members)} members where one is expected")
    member = members[0]
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the writer was no Unix
    if member.is_dir() or kind not in (0, stat.S_IFREG):
        raise ReplyError(f"{name}: holds no regular file")
    if member.flag_bits & 1:
        raise ReplyError(f"{name}: is encrypted")
    # the others' decompressors take no bound
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReplyError(f"{name}: is packed by a method that is not read")
    if member.file_size > most:
        raise ReplyError(f"{name}: expands beyond its bound")
    return member


@contextlib.contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except ReplyError:
        raise
    except Exception as error:  # whatever a torn or foreign file makes a decompressor raise
        raise ReplyError(f"{name}: damaged ({reason(error)})") from None
