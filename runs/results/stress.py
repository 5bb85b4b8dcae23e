"""The result of `runs.stress.stress`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from runs.outcome.folder import claimed_folder
from runs.outcome.writing import json_text, jsonable, write_files
from runs.reports.stress.page import stress_page
from runs.reports.stress.statements import SUMMARY_TITLES, summary_rows
from runs.results.show import html_table, one_line, page_or_file

MARKER = "stress.json"
"""The file by which a folder is known as a stress test's."""

PAGE = "stress.html"

_UNITS = {"reported": "as the feed would report", "model": "in the model's own units"}


@dataclass(frozen=True, repr=False)
class Stress:
    """What moves of price liquidate, asked at one bar of a market.

    Attributes
    ----------
    record
        Plain values, NaN where unknown (`runs.stress_test.record.stress_record`).
    """

    record: Mapping[str, Any]

    @cached_property
    def scenarios(self) -> pd.DataFrame:
        """A row a move and horizon: expected size, intervals, shares of open interest, what forced orders add."""
        return pd.DataFrame(self.record["scenarios"])

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """A row a horizon and side: how often the intervals have held; empty where the data reports no liquidations."""
        return pd.DataFrame(
            {"horizon_hours": held["horizon_hours"], "side": side, **pd.json_normalize(held[side], sep="_").iloc[0]}
            for held in self.record["horizons"]
            for side in ("long", "short")
        )

    def files(self) -> dict[str, str]:
        """Return the text of each file of its folder, by name."""
        return {MARKER: json_text(self.record), PAGE: self._page()}

    def to_html(self, path: Path | str | None = None) -> str | None:
        """Return stress.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(self._page(), path)

    def save(self, folder: Path | str, *, overwrite: bool = False) -> Path:
        """Write stress.json and stress.html into a folder, whole or not at all; return it.

        Raises
        ------
        FolderError
            If the folder holds other files, or an earlier stress test that is not to be replaced, or cannot be written.
        """
        with claimed_folder(Path(folder).name, Path(folder), overwrite, MARKER) as (target, temporary):
            write_files(self.files(), target, temporary)
        return target

    def _page(self) -> str:
        return stress_page(dict(self.record), jsonable(dict(self.record)))

    def __repr__(self) -> str:
        """Return the market, its range, and how many answers there are, in one line."""
        data, count = self.record["data"], len(self.record["scenarios"])
        span = f"{data['first_bar'][:10]}..{data['last_bar'][:10]}"
        return f"Stress({one_line(data['name'])}, {data['bars']:,} bars {span}: {count} answers {_UNITS[self.record['unit']]})"

    def _repr_html_(self) -> str:
        """Return the answers as a small table for a notebook."""
        return html_table(repr(self), SUMMARY_TITLES, summary_rows(dict(self.record)))
