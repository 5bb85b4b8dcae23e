"""The liquidation report in a terminal: the map as a ladder of price levels, longs to the left and shorts to the right.

Side and bar tell long from short without colour: they stand on different sides of an axis and are drawn differently.
"""

import io
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from runs.reports.analysis.statements import (
    CASCADE_TITLES,
    EXCHANGE_TITLES,
    bar_cells,
    cascade_rows,
    caveats,
    cluster_cells,
    context_rows,
    data_lines,
    exchange_note,
    exchange_rows,
    heat_totals,
    implication_lines,
    leverage_note,
    leverage_rows,
    leverage_titles,
    overview_rows,
    summary_lines,
    wipe_lines,
)
from runs.reports.stress import statements as stressed
from runs.reports.text import minute, name, price, usd

_STYLES = {"long": "bright_blue", "short": "yellow"}
"""Blue and yellow stay apart in every common colour blindness (Okabe & Ito 2008)."""

_GLYPHS = {True: {"long": "█", "short": "▒", "cluster": "◆"}, False: {"long": "#", "short": "=", "cluster": "*"}}
"""What is drawn, by whether the terminal can show more than ASCII."""

_CLUSTER_TITLES = ("#", "price", "extent", "type", "base coin", "USD", "distance")
_BESIDE_BARS = 50  # columns of the ladder that are no bar: price, distance, volume, cumulative, clusters, and the gaps
_MIN_BAR, _MAX_BAR = 4, 30


def print_analysis(record: dict[str, Any], console: Console) -> None:
    """Print the report of a record, as wide as the console."""
    fancy = console.encoding.lower().startswith("utf") and not console.is_dumb_terminal
    for part in _parts(record, console.width, fancy):
        console.print(part, markup=False, highlight=False)


def terminal_text(record: dict[str, Any], width: int) -> str:
    """Return what `print_analysis` prints on a terminal of `width` columns, without colour."""
    out = io.StringIO()
    print_analysis(record, Console(file=out, width=width, color_system=None, legacy_windows=False))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parts(record: dict[str, Any], width: int, fancy: bool) -> Iterator[RenderableType]:
    data, at = record["data"], record["at"]
    simulated = " - SIMULATED MARKET, nothing here ever traded" if data["simulated"] else ""
    yield Text(f"Liquidation report: {name(data['name'])}{simulated}", style="bold")
    yield Text(f"At the close of {minute(at['bar_close'])}, price {price(at['price_quote'])}.")
    yield _section("Map by price level", Text(heat_totals(record["heat"])), _ladder(record, width, fancy))
    clusters = [tuple(cell.removesuffix(" USD") for cell in cluster_cells(row)) for row in record["clusters"]]
    none = Text("No significant cluster within the window.")
    yield _section("Key levels", _table(_CLUSTER_TITLES, clusters) if clusters else none)
    if rows := leverage_rows(record):
        parts = _table(leverage_titles(record["leverage"]), rows), Text(leverage_note(record["leverage"]))
        yield _section("Key levels by leverage", *parts)
    yield _section("Heatmap", _lines(summary_lines(record["summary"])))
    yield _section("Cascade risk", _table(CASCADE_TITLES, cascade_rows(record["cascade"])))
    yield _section("Last 24 hours", _pairs(overview_rows(record["last_24_hours"])))
    if rows := exchange_rows(record):
        yield _section("Share by exchange", _table(EXCHANGE_TITLES, rows), Text(exchange_note(record["exchanges"])))
    yield _section("Market", _pairs(context_rows(record["context"])))
    yield _section("After wipes", _lines(wipe_lines(record["after_wipes"])))
    stress = _table(stressed.SUMMARY_TITLES, stressed.summary_rows(record["stress"]))
    yield _section("If price moves", stress, _lines(stressed.summary_lines(record["stress"])))
    yield _section("What follows", _lines(implication_lines(record["implications"])))
    yield _section("Data", _lines(data_lines(data)))
    yield _section("Caveats", _lines(caveats(record)))


def _section(title: str, *parts: RenderableType) -> RenderableType:
    return Group(Text(), Text(title, style="bold"), *parts)


def _lines(lines: list[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column()
    for line in lines:
        table.add_row(Text("-"), Text(line))
    return table


def _pairs(rows: list[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for label, value in rows:
        table.add_row(Text(label), Text(value))
    return table


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for place in range(len(titles)):
        table.add_column(justify="left" if place == 0 else "right", no_wrap=True)
    table.add_row(*(Text(title, style="bold") for title in titles))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _ladder(record: dict[str, Any], width: int, fancy: bool) -> RenderableType:
    """Return the heat table: a row a level, the highest price first, the last price between the sides."""
    room = max(_MIN_BAR, min(_MAX_BAR, (width - _BESIDE_BARS) // 2))
    glyphs, table = _GLYPHS[fancy], Table.grid(padding=(0, 1, 0, 0))
    for justify in ("right", "right", "right", "left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)  # type: ignore[arg-type]
    titles = ("price", "distance", "longs", "shorts", "USD", "sum, USD", "")
    table.add_row(*(Text(title, style="bold") for title in titles))
    before = "short"
    for level in record["heat"]["levels"]:
        if level["side"] != before:
            at = (price(record["at"]["price_quote"]), "price", "-" * room, "-" * room, "", "", "")
            table.add_row(*(Text(cell, style="bold") for cell in at))
        before = level["side"]
        table.add_row(*_cells(level, room, glyphs))
    return table


def _cells(level: dict[str, Any], room: int, glyphs: dict[str, str]) -> list[Text]:
    side = level["side"]
    bars = {"long": "", "short": "", side: glyphs[side] * bar_cells(level, room)}
    marks = " ".join(f"{glyphs['cluster']}{number}" for number in level["clusters"])
    return [
        Text(price(level["price_quote"])), Text(f"{level['distance_fraction']:+.2%}"),
        Text(bars["long"], style=_STYLES["long"]), Text(bars["short"], style=_STYLES["short"]),
        Text(_short(level["size_usd"])), Text(_short(level["cumulative_usd"])), Text(marks, style="bold"),
    ]  # fmt: skip


def _short(value: float) -> str:
    return usd(value).removesuffix(" USD")
