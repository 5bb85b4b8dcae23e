"""Round trips as rows: from flat to flat in one compiled pass over the ledger."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import FUNDING, opening_part

TRIP = np.dtype(
    [
        ("bar", np.int64),  # of the entry
        ("entry_kind", np.int64),  # kind of the fill that opened it
        ("exit_bar", np.int64),  # of the last fill; -1 while open
        ("exit_kind", np.int64),  # kind of the last fill; -1 while open
        ("side", np.float64),  # +1 long, -1 short
        ("entered", np.float64),  # base coin opened in all
        ("left", np.float64),  # base coin closed in all
        ("peak", np.float64),  # largest held at once
        ("entry_value", np.float64),  # quote
        ("exit_value", np.float64),
        ("gross", np.float64),
        ("fees", np.float64),
        ("funding", np.float64),
        ("liquidation_fee", np.float64),
        ("insurance_fund", np.float64),
        ("net", np.float64),  # gross - fees - funding - liquidation fee + absorbed
    ]
)
"""One round trip; what is open at the end is valued at the last close."""


@allocation_free
def _begin(trip: Record, fill: Record, opened: float) -> None:
    trip.bar, trip.entry_kind, trip.exit_bar, trip.exit_kind = fill.bar, fill.kind, -1, -1
    trip.side = 1.0 if opened > 0.0 else -1.0
    trip.entered, trip.left, trip.peak, trip.entry_value, trip.exit_value = 0.0, 0.0, 0.0, 0.0, 0.0
    trip.gross, trip.fees, trip.funding, trip.liquidation_fee, trip.insurance_fund = 0.0, 0.0, 0.0, 0.0, 0.0


@allocation_free
def _increase(trip: Record, fill: Record, opened: float) -> None:
    trip.entered += abs(opened)
    trip.peak = max(trip.peak, trip.entered - trip.left)
    trip.entry_value += abs(opened) * fill.price
    trip.fees += abs(opened / fill.size) * fill.fee


@allocation_free
def _reduce(trip: Record, fill: Record, closed: float) -> None:
    trip.left += abs(closed)
    trip.exit_value += abs(closed) * fill.price
    trip.gross += fill.realised
    trip.fees += abs(closed / fill.size) * fill.fee
    trip.liquidation_fee += fill.liquidation_fee
    trip.insurance_fund += fill.insurance_fund


@allocation_free
def _settle(trip: Record) -> None:
    trip.net = trip.gross - trip.fees - trip.funding - trip.liquidation_fee + trip.insurance_fund


@allocation_free
def _value(trip: Record, close: float) -> None:
    """Value what is still held as if it left at a price, without cost."""
    held = trip.entered - trip.left
    # The average entry price of what is held follows from what was realised: gross covers the size that has left.
    trip.exit_value += held * close
    trip.gross = trip.side * (trip.exit_value - trip.entry_value)
    trip.left = trip.entered


@allocation_free
def gather_trips(fills: np.ndarray, close: float, trips: np.ndarray) -> int:
    """Gather the ledger's round trips.

    Parameters
    ----------
    fills
        (m,) of `FILL`.
    close
        Last close, quote per base: what a position held at the end is valued at.
    trips
        (m,) of `TRIP` at least, written.

    Returns
    -------
    int
        How many there are, in the order of their entries. A turn-round in one fill closes one and opens the next, its fee
        shared by size.
    """
    count, is_open, position = 0, False, 0.0
    for row in range(len(fills)):
        fill = fills[row]
        if fill.kind == FUNDING:
            if is_open:
                trips[count].funding += fill.funding
            continue
        opened = opening_part(position, fill.size)
        closed = fill.size - opened
        if is_open and closed != 0.0:
            _reduce(trips[count], fill, closed)
            if fill.position_after == 0.0 or opened != 0.0:
                _settle(trips[count])
                trips[count].exit_bar, trips[count].exit_kind = fill.bar, fill.kind
                count, is_open = count + 1, False
        if opened != 0.0:
            if not is_open:
                _begin(trips[count], fill, opened)
                is_open = True
            _increase(trips[count], fill, opened)
        position = fill.position_after
    if is_open:
        _value(trips[count], close)
        _settle(trips[count])
        count += 1
    return count


def trips_of(fills: np.ndarray, close: float) -> np.ndarray:
    """Return the round trips (k,) of `TRIP` of a ledger (m,) of `FILL`; `close` values what is held at the end."""
    trips = np.empty(len(fills) + 1, dtype=TRIP)
    return trips[: gather_trips(fills, float(close), trips)]


def hit_rate(net: np.ndarray) -> float:
    """Return the share of (k,) net profits of closed trips that are gains; NaN without one. An open position is no hit yet."""
    return int(np.count_nonzero(net > 0.0)) / len(net) if len(net) else math.nan
