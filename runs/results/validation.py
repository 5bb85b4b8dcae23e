"""The result of `runs.validate.validate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from runs.outcome.folder import claimed_folder
from runs.outcome.writing import json_text, write_files
from runs.reports.validation import validation_page
from runs.results.show import html_table, one_line, page_or_file

MARKER = "validation.json"
"""The file by which a folder is known as a validation's."""

PAGE = "validation.html"

_WEAKEST = ("estimate", "low", "high", "p_value", "observations", "effective", "baseline")
_SHOWN = ("verdict", "estimate", "low", "high", "baseline")


@dataclass(frozen=True, repr=False)
class Validation:
    """What is known of a heatmap's claims on one market, or on several together.

    Attributes
    ----------
    record
        Plain values, as validation.json holds them (`runs.validation.protocol.measure_markets`).
    """

    record: Mapping[str, Any]

    @cached_property
    def claims(self) -> pd.DataFrame:
        """A row a claim, by its name, the unwelcome first.

        ``verdict``; of the comparison that speaks least for it ``estimate``, ``low`` and ``high`` (95 % interval), ``p_value``,
        ``observations``, ``effective`` and ``baseline``, missing where nothing was tested; ``adjusted_p``; ``statement`` and
        ``statistic``.
        """
        rows = []
        for claim in self.record["claims"]:
            weakest = claim["weakest"] or {}
            row = {"name": claim["name"], "verdict": claim["verdict"]} | {name: weakest.get(name) for name in _WEAKEST}
            rows.append(row | {name: claim[name] for name in ("adjusted_p", "statement", "statistic")})
        return pd.DataFrame(rows).set_index("name")

    @property
    def markets(self) -> tuple["Validation", ...]:
        """Of several markets each by itself, in the order of their names; of one market that one."""
        shared = {name: value for name, value in self.record.items() if name != "markets"}
        return tuple(Validation(shared | own) for own in self.record.get("markets", ({},)))

    def files(self) -> dict[str, str]:
        """Return the text of each file of its folder, by name."""
        return {MARKER: json_text(self.record), PAGE: self._page()}

    def to_html(self, path: Path | str | None = None) -> str | None:
        """Return validation.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(self._page(), path)

    def save(self, folder: Path | str, *, overwrite: bool = False) -> Path:
        """Write validation.json and validation.html into a folder, whole or not at all; return it.

        Raises
        ------
        FolderError
            If the folder holds other files, or an earlier validation that is not to be replaced, or cannot be written.
        """
        with claimed_folder(Path(folder).name, Path(folder), overwrite, MARKER) as (target, temporary):
            write_files(self.files(), target, temporary)
        return target

    def __repr__(self) -> str:
        """Return the market, its range and the count of each verdict, in one line."""
        return f"Validation({self._line()})"

    def _page(self) -> str:
        return validation_page(dict(self.record))

    def _line(self) -> str:
        data = self.record["data"]
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.record["counts"].items())
        span = f"{data['first_bar'][:10]}..{data['last_bar'][:10]}"
        return f"{one_line(data['name'])}, {data['bars']:,} bars {span}: {counts}"

    def _repr_html_(self) -> str:
        shown = self.claims[list(_SHOWN)].astype(object)
        rows = shown.where(shown.notna(), "-").reset_index().to_numpy().tolist()
        return html_table(self._line(), ("claim", *_SHOWN), rows)
