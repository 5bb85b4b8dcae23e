"""A year a row, a month a column: what daily returns compound to."""

from collections.abc import Sequence

import pandas as pd

from runs.reports.figures.timeline import MONTHS
from runs.reports.numbers import cells_table


def monthly_returns(daily: pd.Series) -> dict[int, list[float | None]]:
    """Return for each year the returns of its twelve months and its own, fractions; None for a month without a day.

    Parameters
    ----------
    daily
        Returns of days, with a daily index; a month that it begins or ends in counts the days that it has.
    """
    growth = 1.0 + daily
    by_month = growth.groupby([daily.index.year, daily.index.month]).prod() - 1.0
    by_year = growth.groupby(daily.index.year).prod() - 1.0
    return {
        int(year): [*(by_month.get((year, month)) for month in range(1, 13)), float(whole)]
        for year, whole in by_year.items()
    }


def monthly_table(daily: pd.Series) -> str:
    """Return the table as HTML."""
    rows = [[f"{year}", *_cells(months)] for year, months in monthly_returns(daily).items()]
    return cells_table(("", *MONTHS, "year"), rows)


def _cells(values: Sequence[float | None]) -> list[str]:
    return [
        ""
        if value is None
        else f"<span class='{'good' if value > 0.0 else 'bad' if value < 0.0 else 'faint'}'>{value:+.1%}</span>"
        for value in values
    ]
