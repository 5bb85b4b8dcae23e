"""The progress of a download on a terminal: a line a series, with rows and time left."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from datafeeds.series import Series


class Transfer:
    """Progress bars on stderr if that is a terminal, else nothing; a context whose `advance` takes reports."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"))
        self._bars = Progress(*columns, TimeRemainingColumn(), console=self._console)
        self._tasks: dict[Series, TaskID] = {}
        self._rows: dict[Series, int] = {}

    def advance(self, series: Series, rows: int, done_ms: int, total_ms: int) -> None:
        """Take in that a stretch of a series has come."""
        if not self._console.is_terminal:
            return
        if series not in self._tasks:
            self._tasks[series] = self._bars.add_task(str(series), total=total_ms, rows=0)
        self._rows[series] = self._rows.get(series, 0) + rows
        self._bars.update(self._tasks[series], advance=done_ms, rows=self._rows[series])

    def __enter__(self) -> "Transfer":
        """Begin to draw, on a terminal."""
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End drawing."""
        if self._console.is_terminal:
            self._bars.stop()
