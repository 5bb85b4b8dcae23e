"""The append-only record of one symbol's liquidations: a file a UTC day, which a kill can only leave without its last lines."""

import os
import re
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock, Timeout

from datafeeds.catalog.coverage import Intervals, union, within
from datafeeds.catalog.rows import EARLIEST_MS, LATEST_MS, complete
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.live.journal_lines import LIMIT, Alive, Event, Session, alive_line, event_line, read_line
from datafeeds.live.liquidation import Liquidation
from datafeeds.parquet_size import check_plain
from datafeeds.series import Rows, Series

DAY_MS = 86_400_000
_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl")


def journal_folder(catalog: Catalog, venue: str, symbol: str) -> Path:
    """Return where a symbol's liquidations are recorded: ``live`` within the series' folder."""
    return catalog.folder(Series(venue, symbol, "liquidations")) / "live"


class Journal:
    """Appends to the record of one symbol; use as ``with Journal(folder, session) as journal``.

    Lines wait until `flush`, which writes and syncs them. Only one recorder at a time: the folder is locked while it is open.

    Raises
    ------
    MarketError
        On entry if another recorder has it, and wherever the folder cannot be written.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder, self._session = folder, session
        self._lock = FileLock(folder / ".lock", timeout=0)
        self._waiting: dict[str, list[str]] = {}
        self._day = ""
        self._broken = False

    def __enter__(self) -> "Journal":
        """Lock the folder."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            what = f"{self._session.symbol} of {self._session.venue}"
            raise MarketError(f"{self._folder}: {what} is being recorded already: stop the other recorder") from None
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Unlock it; what waits is not written."""
        self._lock.release()

    def event(self, event: Liquidation, now_ms: int) -> None:
        """Add a liquidation that was received now."""
        self._add(now_ms, event_line(event))

    def alive(self, from_ms: int, to_ms: int) -> None:
        """Add a time over which the feed was heard."""
        for start in range(from_ms - from_ms % DAY_MS, to_ms, DAY_MS):
            first, last = max(from_ms, start), min(to_ms, start + DAY_MS)
            self._add(first, alive_line(first, last))

    def _add(self, now_ms: int, line: str) -> None:
        day = _day(now_ms)
        lines = self._waiting.setdefault(day, [])
        if day != self._day:
            lines.append(self._session.line())
            self._day = day
        lines.append(line)

    def flush(self) -> None:
        """Write what waits, so that neither a kill nor a crash of the machine can take it.

        Raises
        ------
        MarketError
            If it cannot be written. What waited is lost, and nothing more is written, lest a later line claims its times.
        """
        waiting, self._waiting = self._waiting, {}
        for day in sorted(waiting):
            if self._broken:
                return
            try:
                _append(self._folder / f"{day}.jsonl", "".join(waiting[day]).encode())
            except OSError as error:
                self._broken = True
                raise _unwritable(self._folder, error) from None


def read_journal(folder: Path, start_ms: int, end_ms: int) -> tuple[Rows, Intervals, str]:
    """Return what was recorded of liquidations that became known in ``[start_ms, end_ms)``.

    Parameters
    ----------
    folder
        As `journal_folder` returns it; it need not exist.

    Returns
    -------
    tuple[Rows, Intervals, str]
        Rows of the kind ``liquidations``, sorted by `ts`; the times within the range over which the feed was heard, on the
        clock of `known_at`: outside of them nothing is known, which is not zero; and how complete the feed was: ``full``,
        ``throttled`` if any part was, empty if nothing was recorded.

    Raises
    ------
    MarketError
        If a file cannot be read, or holds a damaged line that is not its last.
    """
    events: list[tuple[Event, bool]] = []
    heard: Intervals = []
    complete: set[str] = set()
    # known_at may be up to an hour later than the receipt that names the file: a venue's clock may be ahead of ours
    first, last = _day(max(start_ms - DAY_MS, EARLIEST_MS)), _day(min(end_ms, LATEST_MS))
    for file in sorted(folder.glob("*.jsonl")):
        if not _NAME.fullmatch(file.name) or not first <= file.stem <= last:
            continue
        session: Session | None = None
        for number, line in enumerate(_whole_lines(file), 1):
            said = _read(file, number, line)
            session = said if isinstance(said, Session) else session
            if session is None:
                raise MarketError(f"{file} line {number}: no session begins before it; set the file aside")
            if isinstance(said, Event) and start_ms <= said.known_at < end_ms:
                events.append((said, session.price == LIMIT))
                complete.add(session.completeness)
            elif isinstance(said, Alive) and within([(said.from_ms, said.to_ms)], start_ms, end_ms):
                heard.append((said.from_ms, said.to_ms))
                complete.add(session.completeness)
    completeness = "throttled" if "throttled" in complete else "".join(complete)
    return _rows(events), within(union(heard), start_ms, end_ms), completeness


def _day(time_ms: int) -> str:
    return str(np.datetime64(time_ms, "ms").astype("datetime64[D]"))


def _rows(events: list[tuple[Event, bool]]) -> Rows:
    """Return events as rows; each with whether its price is the order's limit."""
    events.sort(key=lambda pair: pair[0].ts)
    rows = {name: np.array([getattr(event, name) for event, _ in events], np.int64) for name in ("ts", "known_at")}
    rows |= {name: np.array([getattr(event, name) for event, _ in events], np.float64) for name in ("side", "size")}
    price, is_limit = (
        np.array([event.price for event, _ in events], np.float64),
        np.array([limit for _, limit in events], bool),
    )
    prices = {"price": np.where(is_limit, np.nan, price), "limit_price": np.where(is_limit, price, np.nan)}
    return complete(Series("", "", "liquidations"), rows | prices)


def _read(file: Path, number: int, line: bytes) -> Session | Event | Alive:
    try:
        return read_line(line)
    except ValueError as error:
        raise MarketError(f"{file} line {number} is damaged: {error}; set the file aside or remove the line") from None


def _whole_lines(file: Path) -> list[bytes]:
    """Return a file's lines without a torn last one."""
    try:
        check_plain(file)
        return file.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise MarketError(f"{file}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise MarketError(f"{file}: {error}; set it aside") from None


def _append(file: Path, content: bytes) -> None:
    with open(file, "ab+") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            if stream.read(1) != b"\n":  # killed while it wrote: back to the last whole line
                stream.seek(0)
                stream.truncate(stream.read().rfind(b"\n") + 1)
                stream.seek(0, os.SEEK_END)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _unwritable(folder: Path, error: OSError) -> MarketError:
    return MarketError(f"{folder}: cannot be written ({error.strerror or error}); free it or name another --catalog")
