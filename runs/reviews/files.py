"""Open a file below a folder by an address from outside, never through a link and never outside of it."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote_to_bytes

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
"""The files that are served, by ending; all others do not exist for a server."""


def parts_of(address: str) -> list[bytes]:
    """Return the names in an address's path.

    Raises
    ------
    FileNotFoundError
        If one of them is empty, hidden, ``..`` or holds what no name of a served file does.
    """
    parts = [unquote_to_bytes(part) for part in address.split("?")[0].lstrip("/").split("/")]
    for part in parts:
        if not part or part.startswith(b".") or any(byte in part for byte in (b"/", b"\\", b"\0")):
            raise FileNotFoundError(address)
    return parts


def read_below(root: Path, address: str) -> tuple[bytes, str]:
    """Return the bytes and the content type of a file.

    Parameters
    ----------
    root
        The folder that nothing leaves.
    address
        Path of a request, percent-encoded.

    Raises
    ------
    OSError
        If there is no such file, it is none of the `KINDS`, no regular file, or a link stands anywhere on its way.
    """
    parts = parts_of(address)
    kind = KINDS.get(os.path.splitext(os.fsdecode(parts[-1]))[1].lower())
    if kind is None:
        raise FileNotFoundError(address)
    # Step by step from an open folder: what is swapped for a link meanwhile is not followed either.
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        # Without O_NONBLOCK a pipe of that name would keep the server waiting for ever.
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    finally:
        os.close(handle)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise FileNotFoundError(address)
        return opened.read(), kind
