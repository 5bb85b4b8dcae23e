"""One contract on one venue, as it was from a day on: what it asks as margin, takes as fees, and lets be ordered."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from indicators.liquidation.liquidation_price import INITIAL_OVER_MAINTENANCE


@dataclass(frozen=True)
class Instrument:
    """A contract's terms from a day on.

    Attributes
    ----------
    venue, symbol
        Venue and contract.
    on
        Day from which they hold.
    tiers
        (n, 4) leverage brackets: notional floor (quote), maintenance margin rate (fraction), maintenance amount (quote), largest
        leverage (0: nothing may be opened).
    taker_fee_bps, maker_fee_bps
        Basis points of notional; a maker's may be negative.
    liquidation_fee_rate
        Fraction of notional.
    liquidated_at
        ``mark price``: what is left after the fee stays the account's; ``bankruptcy price``: the insurance fund keeps it.
    liquidation_style
        What the venue does, in words. Here a position is closed at once.
    price_tick
        Quote; 0: not known, prices are not rounded.
    contract_step
        Base coin.
    smallest_notional
        Quote: what opens less is refused; 0: not known.
    contract_size
        Base coin a contract; quote for an inverse one.
    inverse
        Whether it is settled in the coin.
    funding_interval_hours
        Between settlements.
    quote
        Currency of the price.
    source
        Where the newest of these figures come from.
    """

    venue: str
    symbol: str
    on: datetime.date
    tiers: np.ndarray
    taker_fee_bps: float
    maker_fee_bps: float
    liquidation_fee_rate: float
    liquidated_at: str = "mark price"
    liquidation_style: str = "at once"
    price_tick: float = 0.0
    contract_step: float = 0.001
    smallest_notional: float = 0.0
    contract_size: float = 1.0
    inverse: bool = False
    funding_interval_hours: float = 8.0
    quote: str = "USDT"
    source: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"on": self.on.isoformat(), "tiers": self.tiers.tolist()}


@dataclass(frozen=True)
class Listing:
    """A contract's terms over time.

    Attributes
    ----------
    instruments
        By day, at least one; each holds until the next, the first also before its day.
    stand_ins
        What stands in for what is not known, one sentence each.
    brackets_since
        Day of the oldest brackets; they stand in on the days before.
    """

    instruments: tuple[Instrument, ...]
    stand_ins: tuple[str, ...] = ()
    brackets_since: datetime.date = datetime.date.min

    def rows(self, times: np.ndarray) -> np.ndarray:
        """Return (n,) which of the instruments is in force at each of (n,) datetime64 times."""
        days = np.array([item.on for item in self.instruments[1:]], dtype="datetime64[D]")
        return np.searchsorted(days, times.astype("datetime64[D]"), side="right")

    def at(self, day: datetime.date) -> Instrument:
        """Return what is in force on a day."""
        return self.instruments[int(self.rows(np.array([day], dtype="datetime64[D]"))[0])]

    def between(self, first: datetime.date, last: datetime.date) -> "Listing":
        """Return what is in force from one day to another, both included; brackets that are younger are named as stand-ins."""
        kept = [
            item
            for item, after in zip(self.instruments, (*self.instruments[1:], None), strict=True)
            if item.on <= last and (after is None or after.on > first)
        ]
        known = self.stand_ins
        if first < self.brackets_since:
            known += (f"the brackets of {self.brackets_since} stand in for those before",)
        return replace(self, instruments=tuple(kept) or self.instruments[:1], stand_ins=known)

    @property
    def funding_intervals(self) -> tuple[tuple[datetime.date, float], ...]:
        """The hours between settlements of funding, each with the day from which they hold."""
        return tuple((item.on, item.funding_interval_hours) for item in self.instruments)

    @property
    def newest(self) -> Instrument:
        """The last in force."""
        return self.instruments[-1]


def tier_table(rows: Iterable[Iterable[float]]) -> np.ndarray:
    """Return (n, 4) brackets from floors, rates and largest leverages; the amounts make the maintenance margin continuous.

    Parameters
    ----------
    rows
        Notional floor, maintenance margin rate and, where the venue tells it, largest leverage: else half of 1 / rate.

    Notes
    -----
    ``c_n = c_(n-1) + floor_n (m_n - m_(n-1))``. Source: Binance FAQ on leverage and margin.

    Examples
    --------
    >>> tier_table([[0, 0.004, 125], [50e3, 0.005], [250e3, 0.01]])[:, 2:].tolist()
    [[0.0, 125.0], [50.0, 100.0], [1300.0, 50.0]]
    """
    table: list[tuple[float, ...]] = []
    before = 0.0, 0.0
    for floor, rate, *leverage in rows:
        amount = round(before[1] + floor * (rate - before[0]), 6) if table else 0.0
        table.append((floor, rate, amount, leverage[0] if leverage else 1.0 / (INITIAL_OVER_MAINTENANCE * rate)))
        before = rate, amount
    return np.array(table, dtype=np.float64)
