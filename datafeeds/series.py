"""What sources give: series of rows, one kind for one symbol, each row with the time at which it became known."""

import re
from dataclasses import dataclass

import numpy as np

from datafeeds.errors import MarketError

Rows = dict[str, np.ndarray]
"""Columns of equal length (n,): `ts` and `known_at` (int64, milliseconds since 1970, UTC), and the kind's texts (str) and values
(float64)."""


@dataclass(frozen=True)
class Kind:
    """A kind of series.

    Attributes
    ----------
    name
        What the catalog calls it.
    values
        Its columns beside `ts` and `known_at`.
    even
        Whether it has one row a period, at multiples of the period since 1970; else rows come when something happens.
    optional
        Values that may be unknown (NaN).
    texts
        Columns of names, before the values.
    records
        Whether its rows are records: several may share an instant, a row may lie outside the times that a source has answered
        (a file says what was, and not when nothing was), and what is stored is only ever added to.
    """

    name: str
    values: tuple[str, ...]
    even: bool = True
    optional: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    records: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in order."""
        return ("ts", "known_at", *self.texts, *self.values)


KINDS = {
    kind.name: kind
    for kind in (
        # ts is the candle's open; sizes are base coin, prices quote per base
        Kind("candles", ("open", "high", "low", "close", "volume", "taker_buy_volume"), optional=("taker_buy_volume",)),
        Kind("mark", ("open", "high", "low", "close"), optional=("open", "high", "low")),
        # ts is the instant at which the value stood, whatever the venue stamps it with (`stamps`)
        Kind("open_interest", ("open_interest",)),
        Kind("long_short_ratio", ("long_short_ratio",)),
        # ts is the period's open
        Kind("liquidation_totals", ("liquidated_long", "liquidated_short")),
        Kind("funding", ("funding_rate",), even=False),
        # side is +1 where a long was liquidated (force-sold), -1 where a short was. price is the mean fill and limit_price the
        # order's limit, mostly the bankruptcy price; one of both is known. size was executed, as far as that is told
        Kind(
            "liquidations",
            ("side", "price", "size", "limit_price", "entry_price", "ordered_size"),
            even=False,
            optional=("price", "limit_price", "entry_price", "ordered_size"),
            records=True,
        ),
        # accounts' positions; ts is the snapshot's, by which every one of them was known. A symbol of * holds all coins
        Kind(
            "positions",
            ("side", "size", "entry_price", "leverage", "liquidation_price", "account_value_usd", "mark_price"),
            even=False,
            optional=("liquidation_price",),
            texts=("account", "coin"),
            records=True,
        ),
        # who answered in a snapshot: an account of these without a position had none
        Kind("accounts", ("account_value_usd",), even=False, texts=("account",), records=True),
    )
}
"""All kinds, by name."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TIMEFRAME = re.compile(r"([1-9][0-9]{0,5})([smhdw])")


@dataclass(frozen=True)
class Series:
    """A series' name.

    Attributes
    ----------
    venue
        binance, bybit, okx, gate, hyperliquid, or what an import was named.
    symbol
        Unified symbol as ccxt writes it, such as ``BTC/USDT:USDT``.
    kind
        A key of `KINDS`.
    timeframe
        Period of an even kind (``5m``, ``1h``), empty for the others.
    """

    venue: str
    symbol: str
    kind: str
    timeframe: str = ""

    @property
    def period_ms(self) -> int:
        """Milliseconds of a period; 1 for kinds without one."""
        return timeframe_seconds(self.timeframe) * 1000 if self.timeframe else 1

    def __str__(self) -> str:
        """Return the name for people."""
        return " ".join(part for part in (self.venue, self.symbol, self.kind, self.timeframe) if part)


def timeframe_seconds(text: str) -> int:
    """Return the seconds of a timeframe such as ``5m``, ``1h`` or ``1d``.

    Raises
    ------
    MarketError
        For anything else.

    Examples
    --------
    >>> timeframe_seconds("15m")
    900
    """
    match = _TIMEFRAME.fullmatch(text)
    if not match:
        raise MarketError(f"cannot read the timeframe {text!r}: write it as 5m, 1h or 1d")
    return int(match[1]) * _UNITS[match[2]]


def no_rows(kind: str) -> Rows:
    """Return a kind's columns without rows."""
    columns: Rows = {"ts": np.empty(0, np.int64), "known_at": np.empty(0, np.int64)}
    columns |= {name: np.empty(0, "U1") for name in KINDS[kind].texts}
    return columns | {name: np.empty(0) for name in KINDS[kind].values}


def timeframe_name(seconds: int) -> str:
    """Return the shortest name of a length of seconds.

    Examples
    --------
    >>> timeframe_name(3600), timeframe_name(5400)
    ('1h', '90m')
    """
    unit = next(unit for unit in "dhms" if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
