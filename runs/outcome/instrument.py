"""What a result says of the contract that was traded, and of what stood in for what is not known of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from indicators.liquidation.parameter_fields import BASIS_POINT
from runs.perpetual.costs import CostParameters
from runs.venues.instruments import Listing


def instrument_record(listing: Listing, costs: CostParameters) -> dict[str, Any]:
    """Return venue and contract, lowest and highest fees of the days traded, one sentence of both, and the stand-ins."""
    records, newest = costs.records(listing.instruments), listing.newest
    ranges = {
        "taker_fee_bps": _range(records["taker_fee"] / BASIS_POINT),
        "maker_fee_bps": _range(records["maker_fee"] / BASIS_POINT),
        "liquidation_fee_fraction": _range(records["liquidation_fee"]),
    }
    kept = (
        "the insurance fund keeps what is left"
        if newest.liquidated_at == "bankruptcy price"
        else "what is left is kept"
    )
    taker, maker, liquidation = (_shown(values) for values in ranges.values())
    return {
        "venue": newest.venue,
        "symbol": newest.symbol,
        "terms_of": [item.on.isoformat() for item in listing.instruments],
        **ranges,
        "sentence": (
            f"{newest.venue} {newest.symbol}: taker fee {taker} bps, maker fee {maker} bps. Liquidated at once with a fee of "
            f"{liquidation} of notional, and {kept}. Figures of {', '.join(str(item.on) for item in listing.instruments)}."
        ),
        "stand_ins": list(listing.stand_ins),
    }


def instrument_text(record: dict[str, Any]) -> str:
    """Return an `instrument_record` in sentences."""
    return f"{record.get('sentence', '')} {stand_in_text(record)}".strip()


def stand_in_text(record: dict[str, Any]) -> str:
    """Return the stand-ins of an `instrument_record` as sentences; empty where there are none."""
    return " ".join(f"{line[:1].upper()}{line[1:]}." for line in record["stand_ins"])


def _range(values: np.ndarray) -> list[float]:
    return sorted({round(float(values.min()), 9), round(float(values.max()), 9)})


def _shown(values: Sequence[float]) -> str:
    return " to ".join(f"{value:g}" for value in values)
