"""Columns of a table from outside: names, times and numbers, checked the same way for all kinds of tables."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.errors import MarketError
from datafeeds.written_times import number_times, text_times

_EARLIEST, _LATEST = pd.Timestamp("2009-01-03", tz="UTC"), pd.Timestamp("2100-01-01", tz="UTC")  # bitcoin's first block


def check_names(frame: pd.DataFrame, needed: Iterable[str], name: str) -> None:
    """Refuse a frame in which a needed name stands for several columns.

    Raises
    ------
    MarketError
        With the name, and how to mend it.
    """
    labels = list(frame.columns)
    for label in needed:
        if (count := labels.count(label)) > 1:
            raise MarketError(f"{name}: {count} columns are called {label[:40]!r}; keep one, or rename the others")


def parse_time(text: str | pd.Timestamp) -> pd.Timestamp:
    """Return an ISO time in UTC; one without a zone is taken as UTC.

    Raises
    ------
    MarketError
        If it cannot be read, or lies outside 1678 .. 2261.
    """
    try:
        time = pd.Timestamp(text)
    except (ValueError, TypeError, OverflowError):
        time = pd.NaT
    if pd.isna(time):
        raise MarketError(f"cannot read the time {text!r}: write it as 2024-08-05 or 2024-08-05T14:00")
    try:
        return (time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")).as_unit("ns")
    except (ValueError, OverflowError):  # nanoseconds since 1970 in 64 bits
        raise MarketError(f"the time {text!r} lies beyond the calendar; name one from 1678 to 2261") from None


def column_times(column: pd.Series, name: str) -> pd.Series:
    """Return a column as UTC times: from times (naive ones count as UTC), texts, or numbers of s, ms, us or ns since 1970.

    Raises
    ------
    MarketError
        For what cannot be read, is missing, or lies outside 2009 .. 2100.
    """
    try:
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            times = number_times(column)
        elif pd.api.types.is_string_dtype(column) and not column.isna().any():
            times = pd.to_datetime(text_times(column), utc=True)
        else:
            times = pd.to_datetime(column, utc=True)
    except MarketError as error:
        raise MarketError(f"{name}: {error}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise MarketError(f"{name}: column ts cannot be read as times ({' '.join(str(error).split())[:80]})") from None
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise MarketError(f"{name}: column ts has no time in row {row}; every row needs one")
    out = (times < _EARLIEST) | (times >= _LATEST)
    if out.any():
        row = int(np.flatnonzero(out)[0])
        raise MarketError(f"{name}: ts in row {row} is {times.iloc[row]}; times must lie between 2009 and 2100, in UTC")
    return times.dt.as_unit("ns").reset_index(drop=True)


def column_numbers(column: pd.Series, label: str, times: Any, name: str) -> np.ndarray:
    """Return a column as float64 (n,), NaN where it is empty.

    Raises
    ------
    MarketError
        For text, with the first time (n,) at which there is any.
    """
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = pd.to_numeric(column, errors="coerce")
    text = values.isna() & column.notna()
    if text.any():
        row = int(np.flatnonzero(text)[0])
        shown = repr(column.iloc[row])[:40]
        raise MarketError(
            f"{name}: column {label} holds {shown} at {times.iloc[row]} where a number belongs ({int(text.sum())} rows)"
        )
    return values.to_numpy(dtype=np.float64)


def refuse_rows(bad: np.ndarray, ts: pd.Series, name: str, what: str, mend: str) -> None:
    """Raise MarketError where any of (n,) is bad: what, the first row and its time, and how to mend it."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise MarketError(
            f"{name}: {what} at {ts.iloc[row]:%Y-%m-%d %H:%M} (row {row}; {int(bad.sum())} rows in all); {mend}"
        )
