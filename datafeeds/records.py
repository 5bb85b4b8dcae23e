"""Records of single positions and of single liquidations: two schemas, and the one reader of both."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datafeeds.columns import check_names, column_numbers, column_times, refuse_rows
from datafeeds.errors import MarketError
from datafeeds.tables import read_table

SIDES = ("long", "short")
"""Whose position it is, or was."""


@dataclass(frozen=True)
class Schema:
    """A schema: columns by what they hold, in their order. All are required.

    Attributes
    ----------
    name
        What messages call it.
    texts
        Names. Whole numbers are taken as names.
    positive
        Numbers above zero.
    empty
        Those of the positive ones that may be empty (unknown, or none).
    further
        Columns that may be absent; where they are there, they are read like the others.
    signed
        Numbers of either sign.
    unique
        Columns besides `ts` that no two rows of one time share; empty: rows may repeat.
    """

    name: str
    texts: tuple[str, ...]
    positive: tuple[str, ...]
    empty: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    further: tuple[str, ...] = ("known_at",)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return ("ts", *self.texts, *self.positive, *self.signed)


POSITIONS = Schema(
    "position snapshots",
    texts=("account", "coin", "side"),
    positive=("size", "entry_price", "leverage", "liquidation_price", "mark_price"),
    empty=("liquidation_price",),
    signed=("account_value_usd",),
    unique=("account", "coin", "side"),
)
"""Positions as accounts had them at an instant `ts`, the same for all rows of a snapshot.

`account` is a number or a name, `coin` the base coin (``BTC``), `size` base coin, prices quote per base, `leverage` the
account's setting, `liquidation_price` the venue's own, empty where no price liquidates, `account_value_usd` USD. `known_at` (may
be absent) is when it was known, by default `ts`.
"""

LIQUIDATIONS = Schema(
    "liquidations",
    texts=("symbol", "side"),
    positive=("size", "price_bankrupt", "price_avg", "filled"),
    empty=("price_bankrupt", "price_avg", "entry_price"),
    further=("known_at", "entry_price"),
)
"""Single liquidation orders at the instant `ts` of the venue's message.

`symbol` is the base coin or the contract (``BTC``, ``BTCUSDT``), `side` the side that is liquidated, `size` and `filled`
(base coin) what was ordered and what was executed, `price_bankrupt` the order's limit, `price_avg` its mean fill (quote per
base), each empty where it is unknown, but not both. May be absent: `known_at` (by default `ts`), `entry_price` of the position.
"""


def read_records(source: pd.DataFrame | Path | str, schema: Schema) -> pd.DataFrame:
    """Return checked records in the order of time.

    Parameters
    ----------
    source
        A table, or a parquet or CSV file; other columns are ignored. A table is left as it is.
    schema
        `POSITIONS` or `LIQUIDATIONS`.

    Returns
    -------
    DataFrame
        The schema's columns, and those of the further ones that are there: times UTC, texts as they are, numbers float64 with NaN
        where empty.

    Raises
    ------
    MarketError
        If the file cannot be read, a column is missing or named twice, there is no row, a time, side or number is none,
        a row repeats, or the mark has passed a liquidation price. Nothing is repaired.
    """
    if isinstance(source, pd.DataFrame):
        frame, name = source, schema.name
    else:
        frame, name = read_table(source), str(source)
    missing = [column for column in schema.columns if column not in frame.columns]
    if missing:
        have = ", ".join(str(label)[:40] for label in list(frame.columns)[:12]) or "none"
        raise MarketError(f"{name}: {schema.name} lack column {', '.join(missing)} (it has {have})")
    further = [column for column in schema.further if column in frame.columns]
    check_names(frame, (*schema.columns, *further), name)
    if not len(frame):
        raise MarketError(f"{name}: no row of {schema.name}")
    ts = column_times(frame["ts"], name)
    ready = {"ts": ts} | {column: _texts(frame[column], column, ts, name) for column in schema.texts}
    refuse_rows(~ready["side"].isin(SIDES).to_numpy(), ts, name, "side is no side", "write long or short")
    if "known_at" in further:
        ready["known_at"] = column_times(frame["known_at"], name)
        refuse_rows(
            (ready["known_at"] < ts).to_numpy(), ts, name, "known_at lies before ts", "nothing is known before it is"
        )
    for column in (*schema.positive, *schema.signed, *(column for column in further if column != "known_at")):
        ready[column] = column_numbers(frame[column], column, ts, name)
        _check_numbers(ready[column], column, schema, ts, name)
    checked = pd.DataFrame(ready)[[*schema.columns, *further]]
    if schema.unique:
        repeated = checked.duplicated(["ts", *schema.unique]).to_numpy()
        refuse_rows(repeated, ts, name, "the same position twice", "keep one row a position")
    if "price_avg" in checked:
        neither = checked[["price_avg", "price_bankrupt"]].isna().all(axis=1).to_numpy()
        refuse_rows(neither, ts, name, "neither price_avg nor price_bankrupt", "a liquidation needs one price")
    if "liquidation_price" in checked:
        _check_passed(checked, name)
    return checked.sort_values("ts", kind="stable", ignore_index=True)


def _texts(column: pd.Series, label: str, ts: pd.Series, name: str) -> pd.Series:
    column = column.reset_index(drop=True)
    refuse_rows(column.isna().to_numpy(), ts, name, f"{label} is missing", "every row needs one")
    return column.astype(str)


def _check_numbers(values: np.ndarray, label: str, schema: Schema, ts: pd.Series, name: str) -> None:
    if label not in schema.empty:
        refuse_rows(np.isnan(values), ts, name, f"{label} is missing", "drop or repair the row at its source")
    refuse_rows(np.isinf(values), ts, name, f"{label} is infinite", "leave unknown values empty")
    if label not in schema.signed:
        refuse_rows(values <= 0.0, ts, name, f"{label} is not positive", "drop or repair the row at its source")


def _check_passed(positions: pd.DataFrame, name: str) -> None:
    """Refuse positions that the mark would have liquidated: side or price is wrong."""
    beyond = positions["liquidation_price"].to_numpy() - positions["mark_price"].to_numpy()
    passed = np.where(positions["side"] == SIDES[0], beyond >= 0.0, beyond <= 0.0) & ~np.isnan(beyond)
    mend = "a long's lies below it, a short's above"
    refuse_rows(passed, positions["ts"], name, "the mark has passed a liquidation price", mend)
