"""numba's files of compiled code, each behind a checksum: what is damaged is thrown away, and compiled anew."""

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator

_CHECKSUM = hashlib.sha256


def keep_on_disk(dispatcher: Any) -> None:
    """Keep a compiled function's machine code in numba's configured folder; where none can be written, in memory alone."""
    with contextlib.suppress(RuntimeError):  # what numba raises for want of a folder
        dispatcher._cache = _Cache(dispatcher.py_func)


class _Files(IndexDataCacheFile):
    """The index of a function's signatures, and a file of code for each."""

    def _load_index(self) -> dict[Any, str]:
        found = self._read(self._index_path)
        return found[1] if found is not None and found[0] == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))  # type: ignore[no-untyped-call]

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)  # type: ignore[no-untyped-call]

    def _read(self, path: str) -> Any:
        try:
            content = memoryview(Path(path).read_bytes())
        except OSError:
            return None
        size = _CHECKSUM().digest_size
        if _CHECKSUM(content[size:]).digest() == content[:size]:
            return pickle.loads(content[size:])  # noqa: S301 - numba's format, from a folder that nobody else can write
        _say(f"damaged compiled code in {os.path.dirname(self._cache_path)} is thrown away and compiled anew")
        with contextlib.suppress(OSError):
            os.unlink(path)
        return None

    def _write(self, path: str, value: Any) -> None:
        content = self._dump(value)  # type: ignore[no-untyped-call]
        with self._open_for_write(path) as file:
            file.write(_CHECKSUM(content).digest() + content)


class _OneFolder(CompileResultCacheImpl):
    # numba's other locators ask nobody who can write there.
    _locator_classes = [UserProvidedCacheLocator]  # type: ignore[assignment]  # noqa: RUF012


class _Cache(FunctionCache):
    _impl_class = _OneFolder

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, stamp)  # type: ignore[no-untyped-call]

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            _say(f"compiled code cannot be kept in {os.path.dirname(self._cache_path)} ({error.strerror})")


@cache
def _say(sentence: str) -> None:
    sys.stderr.write(f"note: {sentence}\n")
