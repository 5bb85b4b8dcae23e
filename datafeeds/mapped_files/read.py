"""A foreign file's columns turned into ours, as its mapping says."""

import zoneinfo
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.columns import check_names, column_times
from datafeeds.errors import MarketError
from datafeeds.grid import bar_length, onto_grid
from datafeeds.mapped_files.mapping import SIZES, Column, Mapping
from datafeeds.mapped_files.presets import CLOCKS, Preset, plain, prepared
from datafeeds.mapped_files.recognition import asked, recognised
from datafeeds.schema import OPTIONAL, REQUIRED, Market, market_from_frame
from datafeeds.tables import market_name, read_table
from datafeeds.text import listed
from datafeeds.units import to_base
from datafeeds.written_times import number_times, text_times

# Names of columns that tell one market from another.
_MARKETS = (
    "symbol",
    "ticker",
    "pair",
    "instrument",
    "instid",
    "market",
    "coin",
    "asset",
    "exchange",
    "contract",
    "productid",
)
_SHOWN_MARKETS = 3


def read_foreign(path: Path, mapping: Mapping | Preset | None) -> Market:
    """Read and check a foreign file.

    Parameters
    ----------
    path
        As of `datafeeds.tables.read_table`.
    mapping
        What is known of it; None: it is recognised.

    Raises
    ------
    MarketError
        If it cannot be read, lacks a column that the mapping names, or breaks the schema.
    """
    name = market_name(path)
    return market_of_table(read_table(path, mapping.dialect if isinstance(mapping, Mapping) else None), name, mapping)


def market_of_table(table: pd.DataFrame, name: str, mapping: Mapping | Preset | None = None) -> Market:
    """Check a table of any layout.

    Raises
    ------
    MarketError
        As of `read_foreign`.
    """
    ours = all(column in table.columns for column in REQUIRED)
    if mapping is None and ours:
        _check_one_market(table["ts"], table, name)
        return market_from_frame(table, name)
    if isinstance(mapping, Preset):
        try:
            table = prepared(table, mapping)
            found = mapping.mapping(table)
        except MarketError as error:
            raise MarketError(f"{name}: {error}") from None
        if isinstance(found, list):
            raise MarketError(f"{name}: no file of {mapping.name}: {asked(table, found)}")
        mapping = found
    elif mapping is None or not mapping.columns:
        if mapping is not None and ours:
            known = {label: Column(label) for label in (*REQUIRED, *OPTIONAL) if label in table.columns}
            mapping = replace(mapping, columns=known)
        else:
            table, found = recognised(table, name, zone_is_known=mapping is not None and mapping.zone != "UTC")
            mapping = replace(mapping, columns=found.columns, remark=found.remark) if mapping is not None else found
    market = market_from_frame(translate(table, mapping, name), name)
    return replace(market, remarks=(*market.remarks, mapping.remark)) if mapping.remark else market


def translate(table: pd.DataFrame, mapping: Mapping, name: str) -> pd.DataFrame:
    """Return a table with our columns, sizes in base coin, bars labelled by their open, snapshots at the close.

    Raises
    ------
    MarketError
        If a column is not there, or there several times, or its content is not what the mapping says.
    """
    needed = [
        (ours, label) for ours, column in mapping.columns.items() for label in (column.name, column.clock) if label
    ]
    for ours, label in needed:
        if label not in table.columns:
            have = ", ".join(map(str, list(table.columns)[:12])) or "none"
            raise MarketError(f"{name}: no column {label[:40]!r} for {ours} (it has {have})")
    check_names(table, [label for _, label in needed], name)
    out: dict[str, Any] = {"ts": _times(_stamps(table, mapping.columns["ts"]), mapping, name)}
    for ours, column in mapping.columns.items():
        if ours != "ts":
            out[ours] = _numbers(table[column.name], ours, name) * column.scale
    for ours in SIZES:
        if ours in out:
            unit = mapping.columns[ours].unit
            if unit in ("quote", "inverse contracts") and not (out["close"] > 0.0).all():
                raise MarketError(f"{name}: close is missing or not positive, so {ours} cannot be turned into coin")
            out[ours] = to_base(out[ours], unit, mapping.contract_size, out["close"])
    if "open_interest" in out:
        out["open_interest"] = out["open_interest"] / mapping.open_interest_sides
    frame = pd.DataFrame(out)
    if len(frame) > 1 and frame["ts"].is_monotonic_decreasing:  # newest first
        frame = frame.iloc[::-1].reset_index(drop=True)
    _check_clock(frame["ts"], table, mapping.columns["ts"], name)
    _check_one_market(frame["ts"], table, name)
    if mapping.label == "close":
        frame["ts"] = _opens(frame["ts"], name)
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


def _stamps(table: pd.DataFrame, column: Column) -> pd.Series:
    """Return the column of times, date and time of day joined; whole numbers are 20240101 and 93000 or 930."""
    if column.clock is None:
        return table[column.name]
    day, clock = table[column.name].astype(str), table[column.clock]
    if pd.api.types.is_integer_dtype(clock):
        clock = clock.astype(str).str.zfill(6 if clock.max() > 2359 else 4)
        clock = clock.str.replace(r"(\d\d)(?=\d)", r"\1:", regex=True)
    return day + " " + clock.astype(str)


def _times(column: pd.Series, mapping: Mapping, name: str) -> pd.Series:
    """Return UTC times; numbers without a stated unit stay numbers, whose unit the schema tells by magnitude."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    try:
        if numeric and mapping.time_format is None and mapping.time_unit in (None, "iso"):
            if mapping.time_unit == "iso":
                raise MarketError("ts holds numbers, the mapping says unit = iso")
            if mapping.zone == "UTC":
                return column.reset_index(drop=True)
            parsed = number_times(column).dt.tz_localize(None)
        elif mapping.time_unit in ("s", "ms", "us", "ns"):
            numbers = pd.to_numeric(column)
            return pd.to_datetime(numbers, unit=mapping.time_unit, utc=True).reset_index(drop=True)
        elif mapping.time_format is not None:
            parsed = pd.to_datetime(column.astype(str), format=mapping.time_format)
        elif pd.api.types.is_datetime64_any_dtype(column):
            parsed = column
        else:
            parsed = text_times(column)
    except MarketError as error:
        raise MarketError(f"{name}: {error}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise MarketError(f"{name}: ts cannot be read as times ({' '.join(str(error).split())[:80]})") from None
    return _in_utc(parsed.reset_index(drop=True), mapping.zone, name)


def _in_utc(times: pd.Series, zone: str, name: str) -> pd.Series:
    if times.dt.tz is not None:
        return times.dt.tz_convert("UTC")
    try:  # an hour that stands twice is told by its order
        local = times.dt.tz_localize(zoneinfo.ZoneInfo(zone), ambiguous="infer", nonexistent="NaT")
    except ValueError:
        local = times.dt.tz_localize(zoneinfo.ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
    lost = local.isna() & times.notna()
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise MarketError(
            f"{name}: {times.iloc[row]} (row {row}) exists twice or not at all in {zone}, where the clocks change; "
            "export in UTC"
        )
    return local.dt.tz_convert("UTC")


def _check_clock(ts: pd.Series, table: pd.DataFrame, column: Column, name: str) -> None:
    """Refuse times that come twice where a column beside them holds the time of day."""
    others = [str(label) for label in table.columns if plain(label) in CLOCKS and label != column.name]
    if column.clock is None and others and ts.duplicated().any():
        raise MarketError(
            f"{name}: duplicate time, and {others[0]!r} is a column of its own; if that is the time of day, map both: "
            f'ts = ["{column.name}", "{others[0]}"]'
        )


def _check_one_market(ts: pd.Series, table: pd.DataFrame, name: str) -> None:
    """Refuse times that come twice where a column says that several markets are in the table."""
    if not ts.duplicated().any():
        return
    for label in dict.fromkeys(table.columns):
        column = table[label]
        if plain(label) in _MARKETS and isinstance(column, pd.Series) and column.nunique() > 1:
            held = listed([str(value)[:20] for value in column.dropna().unique()[:_SHOWN_MARKETS]])
            raise MarketError(
                f"{name}: {column.nunique()} markets are in one table, as its column {str(label)!r} says (such as {held}); keep "
                "the rows of one of them"
            )


def _opens(closes: pd.Series, name: str) -> pd.Series:
    """Return the bars' opens from their closes, which may be written as 23:59:59.999."""
    if len(closes) < 2:
        raise MarketError(f"{name}: {len(closes)} rows; at least 2 are needed to tell the bars' length")
    times = column_times(closes, name)
    stamps = times.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
    stamps, _ = onto_grid(stamps, name, closes=True)
    return pd.Series(pd.to_datetime(stamps - bar_length(stamps), utc=True))


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
