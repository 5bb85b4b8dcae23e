"""A foreign table recognised by its names or its numbers; and what to ask for where it is not."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from datafeeds.columns import column_times
from datafeeds.errors import MarketError
from datafeeds.mapped_files.mapping import Mapping
from datafeeds.mapped_files.presets import PRESETS, USUAL, named, prepared, preset
from datafeeds.schema import PRICES, REQUIRED
from datafeeds.written_times import is_compact, names_zone

_SHOWN_ROWS, _SHOWN_COLUMNS = 2, 12
_ORDERS = (
    PRICES,
    ("open", "close", "high", "low"),
    ("close", "high", "low", "open"),
)  # usual; KuCoin's; Gate's first version


def recognised(table: pd.DataFrame, name: str, zone_is_known: bool = False) -> tuple[pd.DataFrame, Mapping]:
    """Return a table, its columns named and trades made into bars, and how to read it.

    Raises
    ------
    MarketError
        If it is not clear which columns are meant: with the first rows, and a mapping to paste.
    """
    table = _named_by_numbers(table)
    of = next((each for each in PRESETS if each.fits(table)), None)
    if of is not None:
        table = prepared(table, of)
    try:
        mapping = (of or USUAL).mapping(table)
    except MarketError as error:
        raise MarketError(f"{name}: {error}") from None
    if isinstance(mapping, list):
        raise MarketError(f"{name}: {asked(table, mapping)}")
    taken = ", ".join(f"{ours} is {each.name}" for ours, each in mapping.columns.items() if ours != each.name.lower())
    by = f"columns taken as {of.name}'s" if of else "columns taken by their names"
    zone = (
        ""
        if zone_is_known or _names_zone(table[mapping.columns["ts"].name])
        else "times name no zone and are taken as UTC"
    )
    remark = "; ".join(part for part in (by + (f": {taken}" if taken else ""), mapping.remark, zone) if part)
    return table, replace(mapping, remark=remark)


def asked(table: pd.DataFrame, missing: list[str]) -> str:
    """Return one line that says which of our columns are missing, shows the first rows and proposes a mapping."""
    have = ", ".join(str(label)[:40] for label in list(table.columns)[:_SHOWN_COLUMNS]) or "none"
    rows = " | ".join(
        ", ".join(str(value)[:30] for value in row[:_SHOWN_COLUMNS])
        for row in table.head(_SHOWN_ROWS).itertuples(index=False, name=None)
    )
    return (
        f"missing column {', '.join(missing)} (it has {have}; first rows: {' '.join(rows.split())}); say which is which in a file "
        f"for --mapping, such as: columns = {{{_proposal(table)}}}"
    )


def _proposal(table: pd.DataFrame) -> str:
    """Return ours = theirs by name where the names tell, else by what the numbers can be."""
    guess = {ours: USUAL._find(table, USUAL.columns[ours]) for ours in REQUIRED}
    free = [str(label) for label in table.columns if str(label) not in guess.values()]
    if not guess["ts"]:
        guess["ts"] = next((label for label in free if _is_time(table, label)), None)
    numbers = [label for label in free if label != guess["ts"] and pd.api.types.is_numeric_dtype(_first(table, label))]
    if not any(guess[price] for price in PRICES):
        for start in range(len(numbers) - 3):
            four = numbers[start : start + 4]
            fitting = [order for order in _ORDERS if _is_prices(table, [four[order.index(price)] for price in PRICES])]
            if len(fitting) == 1:
                guess |= dict(zip(fitting[0], four, strict=True))
                numbers = numbers[start + 4 :] or numbers[:start]
                break
    guess["volume"] = guess["volume"] or next((label for label in numbers if label not in guess.values()), None)
    return ", ".join(f"{ours} = {json.dumps(guess[ours] or '?', ensure_ascii=False)}" for ours in REQUIRED)


def _first(table: pd.DataFrame, label: str) -> pd.Series:
    return table.iloc[:, [str(each) for each in table.columns].index(label)]


def _is_time(table: pd.DataFrame, label: str) -> bool:
    try:
        column_times(_first(table, label).head(50), "")
    except MarketError:
        return False
    return True


def _is_prices(table: pd.DataFrame, labels: list[str]) -> bool:
    """Return whether four columns can be open, high, low and close, in this order: bars begin where the last one ended."""
    opened, high, low, close = (_first(table, label).to_numpy(dtype=float, na_value=np.nan) for label in labels)
    inside = (high >= np.maximum(opened, close)) & (low <= np.minimum(opened, close)) & (low > 0.0)
    ahead, behind = np.abs(opened[1:] - close[:-1]).sum(), np.abs(close[1:] - opened[:-1]).sum()
    return bool(len(table)) and bool(inside.all()) and bool(ahead <= behind)


def _names_zone(column: pd.Series) -> bool:
    """Return whether times are instants: numbers since 1970, or of a zone."""
    if pd.api.types.is_numeric_dtype(column):
        return not is_compact(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return isinstance(column.dtype, pd.DatetimeTZDtype)
    return bool(len(column)) and names_zone(column.head(1).astype(str)).all()


def _named_by_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without a header under the names that its width and numbers tell; else as it is."""
    for tool in ("binance-vision", "ccxt", "metatrader"):
        made = named(table, preset(tool).positions)
        if made is table:
            continue
        numeric = all(pd.api.types.is_numeric_dtype(made[label]) for label in (*PRICES, "volume"))
        if numeric and _is_prices(made, list(PRICES)):
            return made
    return table
