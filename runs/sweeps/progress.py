"""How far a sweep is, on stderr if that is a terminal, else nothing."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    """Combinations a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class progress:  # noqa: N801 - used like a function
    """A bar; as a context it gives the function to report the number of newly done to."""

    def __init__(self, doing: str, total: int) -> None:
        self._doing, self._total = doing, total
        self._bar: Progress | None = None

    def __enter__(self) -> Callable[[int], None]:
        """Show the bar, if anybody looks."""
        console = Console(stderr=True)
        if not console.is_terminal:
            return lambda done: None
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
        bar = self._bar = Progress(*columns, _Rate(), TimeRemainingColumn(), console=console, transient=True)
        task = bar.add_task(self._doing, total=self._total)
        bar.start()
        return lambda done: bar.update(task, advance=done)

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
