"""How far a command is: bars on stderr if that is a terminal, else nothing."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class ProgressBars:
    """Bars by name; a context, which draws on a terminal only.

    Parameters
    ----------
    unit
        What is counted.
    transient
        Whether the bars are taken away at the end.
    """

    def __init__(self, unit: str = "", transient: bool = True) -> None:
        self._unit = unit
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=self._console, transient=transient)
        self._tasks: dict[str, TaskID] = {}
        self._came: dict[str, int] = {}

    def advance(self, name: str, done: int, total: int, count: int | None = None) -> None:
        """Let a bar go on by `done` of `total`; `count` is what came with it, if it is not counted in the same unit."""
        if not self._console.is_terminal:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, count="")
        came = self._came[name] = self._came.get(name, 0) + (done if count is None else count)
        share = f"/{total:,}" if count is None else ""
        self._bars.update(self._tasks[name], advance=done, count=f"{came:,}{share} {self._unit}".rstrip())

    def say(self, doing: str) -> None:
        """Say what is being done where nobody knows how long it takes; it takes the place of what was said before."""
        if not self._console.is_terminal:
            return
        if "" not in self._tasks:
            self._tasks[""] = self._bars.add_task(doing, total=None, count="")
        self._bars.update(self._tasks[""], description=doing)

    def __enter__(self) -> "ProgressBars":
        """Begin to draw."""
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End drawing."""
        if self._console.is_terminal:
            self._bars.stop()


ShowProgress = Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]
"""What shows one bar: given what is done and how much there is, it is a context as `progress` and `silent` are."""


def silent(doing: str, total: int) -> contextlib.AbstractContextManager[Callable[[int], None]]:
    """Show nothing."""
    return contextlib.nullcontext(lambda done: None)


@contextlib.contextmanager
def progress(doing: str, total: int, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show one bar; as a context it gives the function to report the number of newly done to."""
    with ProgressBars(unit) as bars:
        yield lambda done: bars.advance(doing, done, total)
