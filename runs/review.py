"""Look over a folder of results: one page with all its runs, or the same at a local address."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from runs.commandline.command import Command, InputError, as_input_error, run_command, suggest, typed
from runs.commandline.output import print_json, print_lines, wide_console
from runs.commandline.progress import ProgressBars
from runs.outcome.writing import replace_file
from runs.reports.review import review_page
from runs.reviews.gathering import gather
from runs.reviews.notes import change_note, note
from runs.reviews.serving import HOST, ReviewServer
from runs.reviews.state import Review, read_review

PAGE = "review.html"

_TOP = 10


@click.command(
    cls=Command,
    epilog="Example: python -m runs.review results --tag first-run=keep; python -m runs.review --serve --port 8642",
)
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"), metavar="[RESULTS_DIR]")
@click.option(
    "--note", "notes", multiple=True, metavar="RUN=TEXT", help="Keep a note beside a run; no text removes it."
)
@click.option("--tag", "tags", multiple=True, metavar="RUN=TAG", help="Tag a run; may be repeated.")
@click.option("--untag", "untags", multiple=True, metavar="RUN=TAG", help="Take a tag off a run; may be repeated.")
@click.option("--serve", is_flag=True, help="Show it at a local address that follows the folder; Ctrl-C ends it.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8642, show_default=True, help="Of --serve; 0: any free one."
)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON on stdout.")
def command(
    results: Path, notes: tuple[str, ...], tags: tuple[str, ...], untags: tuple[str, ...], serve: bool, port: int,
    as_json: bool,
) -> int:  # fmt: skip
    """Write review.html into RESULTS_DIR (default results): a table of its runs and sweeps, curves, fills and notes."""
    if serve and as_json:
        raise click.UsageError("--serve and --json: give one of them")
    _check(results)
    as_input_error(_write_notes, results, notes, tags, untags)
    if serve:
        return _serve(results, port)
    review = _read(results)
    try:
        replace_file(results / PAGE, review_page(review.content))
    except OSError as error:
        raise InputError(f"{results / PAGE}: cannot be written ({error.strerror})") from None
    if as_json:
        print_json(review.table)
    else:
        _print_table(review.table, results)
    return 0


def _check(results: Path) -> None:
    if not results.is_dir():
        raise InputError(f"{results}: there is no such folder; name the one that holds the results")
    if (results / "run.json").exists():
        raise InputError(f"{results}: is itself a run; name the folder that holds it")
    try:
        if not any(item.is_dir() for item in results.iterdir()):
            raise InputError(f"{results}: there is nothing in it to review; {typed('backtest')} makes a run")
    except OSError as error:
        raise InputError(f"{results}: cannot be read ({error.strerror})") from None


def _write_notes(results: Path, notes: Sequence[str], tags: Sequence[str], untags: Sequence[str]) -> None:
    if not (notes or tags or untags):
        return
    names = {entry.name for entry in gather(results)}
    asked = [
        (option, *_addressed(option, text, names)) for option, texts in _options(notes, tags, untags) for text in texts
    ]
    for option, _, said in asked:  # all of them before the first is written
        note(said if option == "--note" else "", [said] if option == "--tag" else [])
    changes: dict[str, Callable[[str], dict[str, Any]]] = {
        "--note": lambda said: {"text": said},
        "--tag": lambda said: {"add": [said]},
        "--untag": lambda said: {"remove": [said]},
    }
    for option, run, said in asked:
        change_note(results, run, **changes[option](said))


def _options(notes: Sequence[str], tags: Sequence[str], untags: Sequence[str]) -> tuple[tuple[str, Sequence[str]], ...]:
    return ("--note", notes), ("--tag", tags), ("--untag", untags)


def _addressed(option: str, text: str, names: set[str]) -> tuple[str, str]:
    """Return the run and what is said of it; a run's own name may hold an equals sign."""
    for at, letter in enumerate(text):
        if letter == "=" and text[:at].rstrip("/") in names:
            return text[:at].rstrip("/"), text[at + 1 :].strip()
    if "=" not in text:
        raise ValueError(f"{option} {text!r}: write it as RUN=TEXT")
    raise ValueError(f"{option} {text!r}: there is no run of that name in the folder")


def _read(results: Path) -> Review:
    try:
        with ProgressBars() as bars:
            bars.say("reading")
            return as_input_error(read_review, results, lambda done: bars.say(f"{done:,} runs read"))
    except OSError as error:
        raise InputError(f"{results}: cannot be read ({error.strerror})") from None


def _serve(results: Path, port: int) -> int:
    try:
        server = ReviewServer(results.resolve(), port)
    except OSError as error:
        raise InputError(
            f"--port {port}: cannot be opened ({error.strerror}); name another one, or 0 for any"
        ) from None
    with server:
        sys.stdout.write(f"http://{HOST}:{server.server_port}/\n")
        sys.stdout.flush()
        sys.stderr.write("Ctrl-C ends it.\n")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stderr.write("stopped\n")
    return 0


def _print_table(table: dict[str, Any], results: Path) -> None:
    rows = sorted(table["rows"], key=_rank)[:_TOP]
    shown = Table(title=f"{len(table['rows']):,} results, {table['failed']:,} failed; the first {len(rows)} by Sharpe")
    for title in (
        "name",
        "strategy",
        "data",
        "CAGR",
        "Sharpe",
        "95 % interval",
        "drawdown, bars",
        "trades",
        "verdict",
        "tags",
    ):
        shown.add_column(title, justify="right" if title in ("CAGR", "Sharpe", "drawdown, bars", "trades") else "left")
    for row in rows:
        shown.add_row(*_cells(row))
    wide_console().print(shown, markup=False)
    for row in [row for row in table["rows"] if row["reason"]][:_TOP]:
        print_lines(f"failed: {_printable(row['name'])}: {row['reason']}")
    print_lines(f"Pages: {results / PAGE}")
    suggest("review", {"serve": True}, results)


def _rank(row: dict[str, Any]) -> tuple[bool, float]:
    sharpe = row["figures"].get("sharpe")
    return sharpe is None, -(sharpe or 0.0)


def _cells(row: dict[str, Any]) -> list[Any]:
    figures = row["figures"]
    low, high = figures.get("sharpe_low"), figures.get("sharpe_high")
    interval = f"{low:.2f} .. {high:.2f}" if low is not None and high is not None else "-"
    texts = [
        row["name"],
        row["strategy"] or row["kind"],
        row["data"],
        _shape(figures, "annual_growth_fraction", "+.2%"),
    ]
    texts += [_shape(figures, "sharpe", ".2f"), interval, _shape(figures, "max_bar_drawdown_fraction", ".2%")]
    texts += [_shape(figures, "trades", ",d"), row["verdict"], ", ".join(row["tags"])]
    # Plain text: a name in brackets is no markup.
    return [Text(_printable(text or "-")) for text in texts]


def _printable(text: str) -> str:
    """Return text without what moves a terminal's cursor."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _shape(figures: dict[str, Any], name: str, shape: str) -> str:
    value = figures.get(name)
    return "-" if value is None else format(value, shape)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
