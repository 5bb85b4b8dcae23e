"""Fill files that a Hyperliquid node writes, in a local folder: of them the liquidations.

Source: hyperliquid-dex/node, README: ``node_fills/hourly/20250601/9``, ``node_fills_by_block/hourly/...``, as ``.lz4`` in the
venue's bucket. A line is ``[account, fill]``, or a block with ``events`` of these. Every trade stands there once for each side: a
liquidation is the fill of the account that `liquidation.liquidatedUser` names. `side` is "A" for sold, "B" for bought.
`closedPnl` is without the fee: in a published fill it is a whole multiple of the price step.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from datafeeds.errors import MarketError, ReplyError
from datafeeds.exchanges.reply import field, number, whole
from datafeeds.records import SIDES
from datafeeds.text import reason

_HOUR = re.compile(r"([01]?\d|2[0-3])(\.lz4)?")
_LONGEST_LINE = 64 * 2**20
_SOLD = {"A": 1.0, "B": -1.0}
_KNOWN_AFTER_MS = 1000


class _Order(NamedTuple):
    ts: int
    account: str
    coin: str
    number: int
    side: float


def read_node_fills(folder: Path) -> pd.DataFrame:
    """Return the liquidations in a folder's files, one row an order and instant, as `datafeeds.records.LIQUIDATIONS` has them.

    The price is the order's mean fill, the entry price follows from the profit that the venue states.

    Raises
    ------
    MarketError
        If there is no such file, or one is damaged before its last line.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file() and _HOUR.fullmatch(file.name))
    if not files:
        raise MarketError(f"{folder}: no fill files in it; a node writes them as hourly/20250601/9, or 9.lz4")
    orders: dict[_Order, np.ndarray] = {}
    for file in files:
        for account, fill in _liquidated(file):
            order, sums = _read(account, fill, file)
            orders[order] = orders.get(order, np.zeros(3)) + sums
    keys, sums = list(orders), np.array(list(orders.values())).reshape(-1, 3)
    ts = pd.to_datetime([key.ts for key in keys], unit="ms", utc=True)
    price, side = sums[:, 1] / sums[:, 0], np.array([key.side for key in keys])
    entry = price - side * sums[:, 2] / sums[:, 0]
    return pd.DataFrame(
        {
            "ts": ts,
            "known_at": ts + pd.Timedelta(milliseconds=_KNOWN_AFTER_MS),
            "symbol": [key.coin for key in keys],
            "side": np.where(side > 0.0, *SIDES),
            "size": sums[:, 0],
            "price_bankrupt": np.nan,
            "price_avg": price,
            "filled": sums[:, 0],
            "entry_price": np.where(entry > 0.0, entry, np.nan),
        }
    )


def _liquidated(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield account and fill of those that were liquidated."""
    for place, line in enumerate(_lines(file), 1):
        if b'"liquidation"' not in line:
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            raise MarketError(f"{file} line {place}: no JSON; set the file aside") from None
        events = said.get("events") if isinstance(said, dict) else [said]
        for event in events if isinstance(events, list) else [None]:
            if not (isinstance(event, list) and len(event) == 2 and isinstance(event[1], dict)):
                raise MarketError(f"{file} line {place}: no account and fill where they belong")
            account, marked = str(event[0]), event[1].get("liquidation")
            if isinstance(marked, dict) and str(marked.get("liquidatedUser")).lower() == account.lower():
                yield account.lower(), event[1]


def _lines(file: Path) -> Iterator[bytes]:
    """Yield a file's lines; a last one that is still being written is left out."""
    compression = "lz4" if file.suffix == ".lz4" else None
    rest = b""
    try:
        with pa.input_stream(str(file), compression=compression) as stream:
            while block := stream.read(2**22):
                *lines, rest = (rest + block).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise MarketError(f"{file}: a line longer than any such line")
                yield from lines
    except (OSError, pa.ArrowException) as error:
        raise MarketError(f"{file}: cannot be read ({reason(error)})") from None


def _read(account: str, fill: dict[str, Any], file: Path) -> tuple[_Order, np.ndarray]:
    """Return whose order a fill is, and its size, worth and profit."""
    try:
        side, size, price = field(fill, "side"), number(field(fill, "sz")), number(field(fill, "px"))
        if side not in _SOLD or size <= 0.0 or price <= 0.0:
            raise ReplyError("a side, size or price that cannot be")
        order = _Order(
            whole(field(fill, "time")), account, str(field(fill, "coin")), whole(field(fill, "oid")), _SOLD[side]
        )
        return order, np.array([size, size * price, number(field(fill, "closedPnl"))])
    except (ReplyError, TypeError) as error:
        raise MarketError(f"{file}: a fill that is not of the documented form ({error})") from None
