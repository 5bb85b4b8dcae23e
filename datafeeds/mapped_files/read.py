"""A foreign file's columns turned into ours, as its mapping says."""

import zoneinfo
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.columns import check_names, column_times
from datafeeds.errors import MarketError
from datafeeds.files import market_name, read_table
from datafeeds.mapped_files.mapping import SIZES, Mapping
from datafeeds.schema import Market, market_from_frame
from datafeeds.units import to_base


def read_foreign(path: Path, mapping: Mapping) -> Market:
    """Read and check a foreign file.

    Raises
    ------
    MarketError
        If it cannot be read, lacks a column that the mapping names, or breaks the schema.
    """
    name = market_name(path)
    return market_from_frame(translate(read_table(path), mapping, name), name)


def translate(table: pd.DataFrame, mapping: Mapping, name: str) -> pd.DataFrame:
    """Return a table with our columns, sizes in base coin, bars labelled by their open, snapshots at the close.

    Raises
    ------
    MarketError
        If a column is not there, or there several times, or its content is not what the mapping says.
    """
    for ours, column in mapping.columns.items():
        if column.name not in table.columns:
            have = ", ".join(map(str, list(table.columns)[:12])) or "none"
            raise MarketError(f"{name}: no column {column.name[:40]!r} for {ours} (it has {have})")
    check_names(table, [column.name for column in mapping.columns.values()], name)
    out: dict[str, Any] = {"ts": _times(table[mapping.columns["ts"].name], mapping, name)}
    for ours, column in mapping.columns.items():
        if ours != "ts":
            out[ours] = _numbers(table[column.name], ours, name) * column.scale
    for ours in SIZES:
        if ours in out:
            unit = mapping.columns[ours].unit
            if unit in ("quote", "inverse contracts") and not (out["close"] > 0.0).all():
                raise MarketError(f"{name}: close is missing or not positive, so {ours} cannot be turned into coin")
            out[ours] = to_base(out[ours], unit, mapping.contract_size, out["close"])
    frame = pd.DataFrame(out)
    if mapping.label == "close":
        frame["ts"] -= _bar(frame["ts"], name)
    if mapping.funding_seconds and "funding_rate" in frame:
        times = column_times(frame["ts"], name).dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)
        frame.loc[times % mapping.funding_seconds != 0, "funding_rate"] = np.nan
    if mapping.open_interest_stamp == "open" and "open_interest" in frame:
        frame["open_interest"] = _at_close(frame, name)
    return frame


def _numbers(column: pd.Series, ours: str, name: str) -> np.ndarray:
    values = pd.to_numeric(column, errors="coerce")
    text = values.isna() & column.notna()
    if text.any():
        row = int(np.flatnonzero(text)[0])
        raise MarketError(f"{name}: {ours} holds {str(column.iloc[row])[:40]!r} in row {row} where a number belongs")
    if pd.api.types.is_complex_dtype(values):
        raise MarketError(f"{name}: {ours} holds complex numbers")
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _times(column: pd.Series, mapping: Mapping, name: str) -> pd.Series:
    """Return UTC times; numbers without a stated unit stay numbers, whose unit the schema tells by magnitude."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and mapping.time_format is None and mapping.time_unit in (None, "iso"):
        if mapping.time_unit == "iso":
            raise MarketError(f"{name}: ts holds numbers, the mapping says unit = iso")
        return column.reset_index(drop=True)
    try:
        if mapping.time_unit in ("s", "ms", "us", "ns"):
            numbers = pd.to_numeric(column)
            return pd.to_datetime(numbers, unit=mapping.time_unit, utc=True).reset_index(drop=True)
        # mixed offsets are legitimate (summer time), so all go to UTC; naive ones are the zone's
        parsed = pd.to_datetime(column.astype(str), format=mapping.time_format)
    except (ValueError, TypeError, OverflowError) as error:
        raise MarketError(f"{name}: ts cannot be read as times ({' '.join(str(error).split())[:80]})") from None
    return _in_utc(parsed.reset_index(drop=True), mapping.zone, name)


def _in_utc(times: pd.Series, zone: str, name: str) -> pd.Series:
    if times.dt.tz is not None:
        return times.dt.tz_convert("UTC")
    local = times.dt.tz_localize(zoneinfo.ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
    lost = local.isna() & times.notna()
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise MarketError(
            f"{name}: {times.iloc[row]} (row {row}) exists twice or not at all in {zone}, where the clocks change; "
            "export in UTC"
        )
    return local.dt.tz_convert("UTC")


def _bar(ts: pd.Series, name: str) -> Any:
    """Return the usual step between rows, in the unit of the times."""
    steps = ts.diff().dropna()
    if steps.empty:
        raise MarketError(f"{name}: {len(ts)} rows; at least 2 are needed to tell the bars' length")
    return steps.mode().iloc[0]


def _at_close(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return each row's value at its close: the next row's, if that is the next bar; else unknown."""
    step = _bar(frame["ts"], name)
    adjacent = (frame["ts"].shift(-1) - frame["ts"] == step).to_numpy()
    return np.where(adjacent, frame["open_interest"].shift(-1).to_numpy(), np.nan)
