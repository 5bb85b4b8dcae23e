"""The stress test as one record: every figure that any of its forms shows, under a name with its unit."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.parameters import ModelParameters
from runs.outcome.provenance import iso, market_record
from runs.stress_test.fits import SECONDS_PER_HOUR, Fitted, fit_horizon
from runs.stress_test.inputs import StressInputs, read_inputs
from runs.stress_test.scenarios import MOVES, Move, moves_of, scenario

HORIZONS_HOURS = (1.0, 4.0, 24.0)
"""Times within which a move may come; those shorter than a bar are left out."""

REPORTED, MODEL = "reported", "model"
"""What sizes are: base coin that the data's feed would report, or the map's own, which nothing was held to."""


def stress_record(
    market: Market,
    parameters: ModelParameters,
    moves: Sequence[float] = MOVES,
    deviations: Sequence[float] = (),
    by_side: bool = True,
) -> dict[str, Any]:
    """Return the stress test at the last bar of a market.

    Parameters
    ----------
    market
        The bars up to the moment.
    parameters
        Of the model.
    moves
        Fractions of price, each asked as a fall and as a rise.
    deviations
        Daily standard deviations, likewise.
    by_side
        Whether to say of each side how its answers have held, beside both together.

    Returns
    -------
    dict
        Plain values, NaN where unknown: `data`, `at`, `parameters`, `unit`, `horizons` (how the answers have held),
        `scenarios`, `notes`.

    Raises
    ------
    MoveError
        For moves that cannot be asked (`scenarios.moves_of`).
    """
    moves_of(moves, (), math.nan)  # what is wrong is found before the work
    inputs = read_inputs(market, parameters)
    asked = moves_of(moves, deviations, float(inputs.daily_volatility[-1]))
    fitted = [found for hours in HORIZONS_HOURS if (found := fit_horizon(inputs, hours, by_side)) is not None]
    return {
        "data": market_record(market),
        "at": _moment(market, inputs),
        "parameters": asdict(parameters),
        "unit": REPORTED if fitted else MODEL,
        "horizons": [found.held for found in fitted],
        "scenarios": _scenarios(inputs, asked, fitted),
        "notes": _notes(inputs, [found.held["horizon_hours"] for found in fitted]),
    }


def _moment(market: Market, inputs: StressInputs) -> dict[str, Any]:
    return {
        "bar_close": iso(market.times[-1] + np.timedelta64(market.bar_seconds, "s")),
        "price_quote": float(inputs.closes[-1]),
        "open_interest_base": inputs.open_interest,
        "volume_24h_base": float(inputs.volume_24h[-1]),
        "daily_volatility_fraction": float(inputs.daily_volatility[-1]),
    }


def _scenarios(inputs: StressInputs, moves: list[Move], fitted: list[Fitted]) -> list[dict[str, Any]]:
    if not fitted:  # the map is static: how long the move takes is nothing to it
        return [scenario(inputs, move, None, None, math.nan) for move in moves]
    return [
        scenario(inputs, move, found.held["horizon_hours"], found.links[move.side], found.largest_seen[move.side])
        for found in fitted
        for move in moves
    ]


def _notes(inputs: StressInputs, answered: list[float]) -> list[str]:
    """Return what every form says with the answer; `answered` are the hours of the horizons with a link."""
    notes = ["The map is static: positions that open on the way are not counted, though a rebound liquidates them too."]
    if answered:
        notes.append("Sizes are what this data's feed would report. A feed may report less than there is.")
    elif inputs.reports:
        notes.append("Too few reports to fit and score a link: sizes are in the model's own units, without intervals.")
    else:
        notes.append("The data reports no liquidations: sizes are in the model's own units, without intervals.")
    for hours in HORIZONS_HOURS:
        if hours * SECONDS_PER_HOUR < inputs.bar_seconds:
            notes.append(f"No answer within {hours:g} h: there is no horizon below one bar.")
        elif answered and hours not in answered:
            notes.append(f"No answer within {hours:g} h: too few reports to fit and score a link.")
    if not answered:
        notes.append("Without a link the answer is the same for every horizon.")
    notes.append(
        "Forced orders add to a move by the square-root law, with the volume and volatility of the last day. "
        "Depth falls in a cascade, and they add more."
    )
    return notes
