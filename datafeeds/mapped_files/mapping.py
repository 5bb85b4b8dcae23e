"""Foreign files: a small TOML file says which of their columns is which of ours, in which unit, and how times are written."""

import zoneinfo
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datafeeds.dialect import Dialect
from datafeeds.errors import MarketError
from datafeeds.schema import OPTIONAL, REQUIRED
from datafeeds.series import timeframe_seconds
from datafeeds.text import refuse_unknown
from datafeeds.toml_file import toml_values
from datafeeds.units import UNITS

SIZES = ("volume", "open_interest", "taker_buy_volume", "liquidated_long", "liquidated_short")
"""Columns whose unit may be other than base coin."""

_TIME_UNITS = ("s", "ms", "us", "ns", "iso")
_EDGES = ("open", "close")
_TABLES = ("columns", "time", "contract", "open_interest", "funding", "csv")
_INTERVALS = ("1h", "2h", "4h", "8h")


@dataclass(frozen=True)
class Column:
    """Where one of our columns comes from.

    Attributes
    ----------
    name
        The file's column.
    clock
        The column of the time of day, where `name` holds the date alone.
    unit
        One of `datafeeds.units.UNITS`.
    scale
        Factor on its values, such as 0.01 for a rate in percent.
    """

    name: str
    unit: str = "base"
    scale: float = 1.0
    clock: str | None = None


@dataclass(frozen=True)
class Mapping:
    """How to read a foreign file.

    Attributes
    ----------
    columns
        Our columns by name; none: they are recognised.
    time_unit
        s, ms, us, ns or iso; None: told by magnitude.
    time_format
        strptime pattern of times written as text; None: ISO.
    zone
        Time zone of times that name none.
    label
        Whether a row's time is its bar's ``open`` or ``close``.
    open_interest_stamp
        Whether a row's open interest stood at its bar's ``open`` or ``close``.
    contract_size
        Base coin of one contract, or quote currency of an inverse one.
    funding_seconds
        Time between settlements, counted from midnight UTC: rates on other bars are left out. None: all rates are settled.
    open_interest_sides
        2 where open interest counts longs and shorts together, as Bybit's ``openInterest`` does; it is halved.
    dialect
        How a CSV file is written.
    remark
        What is to be said of every market that is read this way.
    """

    columns: Table[str, Column]
    time_unit: str | None = None
    time_format: str | None = None
    zone: str = "UTC"
    label: str = "open"
    open_interest_stamp: str = "close"
    contract_size: float = 1.0
    funding_seconds: int | None = None
    open_interest_sides: int = 1
    dialect: Dialect = field(default_factory=Dialect)
    remark: str = ""


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file; its form is described in docs/mapping.md.

    Raises
    ------
    MarketError
        If it cannot be read, or names something that does not exist, with the nearest that does.
    """
    values = toml_values(path)
    try:
        return _mapping(values)
    except MarketError as error:
        raise MarketError(f"{path}: {error}") from None


def _mapping(values: dict[str, Any]) -> Mapping:
    sides = values.pop("open_interest_sides", 1)
    refuse_unknown(values, _TABLES, "table")
    tables = {name: _table(values, name) for name in _TABLES}
    refuse_unknown(tables["time"], ("unit", "zone", "label", "format"), "key of [time]")
    refuse_unknown(tables["contract"], ("size",), "key of [contract]")
    refuse_unknown(tables["open_interest"], ("stamp", "sides"), "key of [open_interest]")
    sides = tables["open_interest"].get("sides", sides)
    if isinstance(sides, bool) or sides not in (1, 2):
        raise MarketError(
            f"open_interest_sides = {str(sides)[:40]} must be 1, or 2 where longs and shorts are counted together"
        )
    refuse_unknown(tables["csv"], ("separator", "decimal", "encoding"), "key of [csv]")
    dialect = Dialect(
        _text(tables["csv"], "separator", (",", ";", "\t", "|", " ")),
        _text(tables["csv"], "decimal", (".", ",")),
        _text(tables["csv"], "encoding", None),
    )
    refuse_unknown(tables["funding"], ("every",), "key of [funding]")
    every = _text(tables["funding"], "every", _INTERVALS)
    if "open_interest_sides" in tables["columns"]:
        raise MarketError("open_interest_sides is no column; write it above [columns]")
    columns = {ours: _column(ours, theirs) for ours, theirs in tables["columns"].items()}
    refuse_unknown(columns, (*REQUIRED, *OPTIONAL), "column of ours")
    missing = [name for name in REQUIRED if name not in columns]
    if missing and "columns" in values:
        raise MarketError(f"[columns] does not say where {', '.join(missing)} comes from")
    zone = _text(tables["time"], "zone", None) or "UTC"
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise MarketError(
            f"[time] zone = {zone[:40]!r} is no time zone; write one such as UTC or Europe/Berlin"
        ) from None
    size = tables["contract"].get("size", 1.0)
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 0.0 < size < 1e12:
        raise MarketError(f"[contract] size = {str(size)[:40]} must be a number above 0")
    if "size" not in tables["contract"] and any("contracts" in column.unit for column in columns.values()):
        raise MarketError("[contract] size is needed to turn contracts into coin, such as size = 0.0001")
    return Mapping(
        columns=columns,
        time_unit=_text(tables["time"], "unit", _TIME_UNITS),
        time_format=_text(tables["time"], "format", None),
        zone=zone,
        label=_text(tables["time"], "label", _EDGES) or "open",
        open_interest_stamp=_text(tables["open_interest"], "stamp", _EDGES) or "close",
        contract_size=float(size),
        funding_seconds=timeframe_seconds(every) if every else None,
        open_interest_sides=sides,
        dialect=dialect,
    )


def _column(ours: str, theirs: Any) -> Column:
    if isinstance(theirs, str):
        return Column(theirs)
    if ours == "ts" and isinstance(theirs, list) and len(theirs) == 2 and all(isinstance(each, str) for each in theirs):
        return Column(theirs[0], clock=theirs[1])
    if not isinstance(theirs, dict) or not isinstance(theirs.get("column"), str):
        raise MarketError(
            f'[columns] {ours[:40]} must be a name, or {{column = "name", unit = "contracts", scale = 0.01}}'
        )
    refuse_unknown(theirs, ("column", "unit", "scale"), f"key of [columns] {ours[:40]}")
    unit = _text(theirs, "unit", UNITS) or "base"
    if unit != "base" and ours not in SIZES:
        raise MarketError(f"[columns] {ours} is no size: it has no unit")
    scale = theirs.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0.0 < scale < 1e12:
        raise MarketError(f"[columns] {ours} scale = {str(scale)[:40]} must be a number above 0")
    if ours == "ts" and scale != 1.0:
        raise MarketError("[columns] ts has no scale; write the unit of times under [time]")
    return Column(theirs["column"], unit, float(scale))


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise MarketError(f"[{name}] must be a table")
    return table


def _text(table: Table[str, Any], key: str, choices: tuple[str, ...] | None) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or (choices is not None and value not in choices):
        allowed = f"must be one of {', '.join(choices)}" if choices else "must be a text"
        raise MarketError(f"{key} = {str(value)[:40]!r} {allowed}")
    return value
