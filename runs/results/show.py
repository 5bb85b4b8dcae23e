"""What all results share when they are shown or written."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from runs.outcome.writing import write_file
from runs.reports.page import escape, table

_LONGEST_NAME = 60


def span_of(market: Market) -> str:
    """Return a market's length and extent: ``1,500 bars 2024-01-01..2024-03-03``."""
    first, last = (str(time)[:10] for time in market.times[[0, -1]])
    return f"{len(market):,} bars {first}..{last}"


def title_of(strategy: str, market: Market) -> str:
    """Return what was run on what, in one line: ``magnet on BTC, 1,500 bars 2024-01-01..2024-03-03``."""
    return f"{one_line(strategy)} on {one_line(market.name)}, {span_of(market)}"


def one_line(text: str) -> str:
    r"""Return an outside name so that it stays on one line: at most 60 characters, none that moves a cursor.

    >>> one_line("BTC\nUSDT")
    'BTC USDT'
    """
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_NAME])


def page_or_file(text: str, path: Path | str | None) -> str | None:
    """Return a page's text; with a path write it there, whole or not at all, in place of an earlier one, and return None.

    Raises
    ------
    FolderError
        If it cannot be written.
    """
    if path is None:
        return text
    write_file(Path(path), text, overwrite=True)
    return None


def html_table(title: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a heading and a table for a notebook; all text is escaped."""
    return f"<div><p><b>{escape(title)}</b></p>{table(titles, rows)}</div>"


def plot_beside(ax: Any, equity: pd.Series, held: np.ndarray, strategy: str, where: str) -> Any:
    """Draw equity, and (n,) what holding made of the same start, quote; return the matplotlib axes, new ones for None."""
    from matplotlib import pyplot

    ax = pyplot.subplots()[1] if ax is None else ax
    ax.plot(equity.index, equity, label=one_line(strategy))
    ax.plot(equity.index, held, label="buy and hold", color="grey", linewidth=0.8)
    ax.set(title=f"{one_line(strategy)} on {one_line(where)}", ylabel="equity, quote")
    ax.legend()
    return ax
