"""The scenarios: a move, a time within which it comes, and what is liquidated by it."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from runs.stress_test.coverage import LEVELS
from runs.stress_test.impact import amplify
from runs.stress_test.inputs import SIDES, StressInputs
from runs.stress_test.link import Link, expected_size, size_quantiles
from runs.stress_test.windows import WITHOUT_MAP, covariates_at

MOVES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15)
"""Fractions of price that are asked about by default."""

MAX_MOVE = 0.3
"""The largest move that may be asked about, fraction of price; the map reaches further (`inputs.MAP_REACH`)."""

_DIRECTIONS = ("down", "up")  # the side that is liquidated has the same place in `SIDES`


class MoveError(ValueError):
    """A move that cannot be asked about; one sentence."""


class Move(NamedTuple):
    """A move against a side.

    Attributes
    ----------
    side
        0 longs, by a fall; 1 shorts, by a rise.
    distance
        Log price, > 0.
    deviations
        Daily standard deviations, where it was asked in these; NaN else.
    """

    side: int
    distance: float
    deviations: float


def moves_of(fractions: Sequence[float], deviations: Sequence[float], daily_volatility: float) -> list[Move]:
    """Return the moves that are asked about, falls first: fractions of price, then daily deviations.

    Raises
    ------
    MoveError
        For a move that is not above zero or larger than `MAX_MOVE`, or deviations where the volatility is not known.
    """
    if deviations and not daily_volatility > 0.0:
        raise MoveError("deviations of a day: the volatility is not known at the last close; ask for moves in percent")
    asked = [(fraction, fraction, math.nan) for fraction in fractions]
    asked += [(math.expm1(k * daily_volatility), -math.expm1(-k * daily_volatility), k) for k in deviations]
    for rise, fall, count in asked:
        if not 0.0 < fall <= rise <= MAX_MOVE:
            what = f"{fall:.4%} of price" if math.isnan(count) else f"{count:g} daily deviations, {rise:.1%} of price,"
            raise MoveError(f"a move of {what} must be above 0 and at most {MAX_MOVE:.0%}")
    falls = [Move(0, -math.log1p(-fall), count) for _, fall, count in asked]
    return falls + [Move(1, math.log1p(rise), count) for rise, _, count in asked]


def scenario(
    inputs: StressInputs, move: Move, horizon_hours: float | None, link: Link | None, largest_seen: float
) -> dict[str, Any]:
    """Return what one move liquidates from the last close on.

    Parameters
    ----------
    inputs, move
        The market, and what is asked.
    horizon_hours
        Within which the move comes; None where the answer does not depend on it.
    link
        Of this horizon and side; None for the model's own units.
    largest_seen
        Log price: the largest move of its kind that the link was fitted on; NaN without a link.

    Returns
    -------
    dict
        Plain values, NaN where unknown; sizes in base coin and USD, USD at the geometric middle of the way.
    """
    last = np.array([len(inputs.maps) - 1])

    def at(distance: float) -> np.ndarray:
        return covariates_at(inputs, move.side, last, np.array([distance]))

    def size_at(distance: float) -> float:
        known = at(distance)
        return float(known[0, WITHOUT_MAP] if link is None else expected_size(link, known)[0])

    close, expected = float(inputs.closes[-1]), size_at(move.distance)
    price = close * math.exp(move.distance if move.side else -move.distance)
    on_the_way = float(at(move.distance)[0, WITHOUT_MAP])
    quantiles = [math.nan] * len(LEVELS)
    if link is not None:
        quantiles = size_quantiles(link, np.array([expected]), LEVELS)[0].tolist()
    farthest = (inputs.maps.shape[2] - 1) * inputs.bin_width
    added = amplify(
        size_at,
        move.distance,
        farthest,
        float(inputs.volume_24h[-1]),
        float(inputs.daily_volatility[-1]),
        inputs.impact,
    )
    sizes = dict(
        zip(("expected", "low_90", "low_50", "median", "high_50", "high_90"), [expected, *quantiles], strict=True)
    )
    return {
        "direction": _DIRECTIONS[move.side],
        "side": SIDES[move.side],
        "horizon_hours": horizon_hours,
        "move_fraction": price / close - 1.0,
        "deviations": move.deviations,
        "price_quote": price,
        "swept_base": on_the_way,
        "swept_share_fraction": on_the_way / inputs.open_interest,
        **{f"{name}_base": size for name, size in sizes.items()},
        **{f"{name}_usd": size * math.sqrt(price * close) for name, size in sizes.items()},
        "open_interest_fraction": expected / inputs.open_interest,
        "added_fraction": added.added_fraction,
        "added_is_lower_bound": not added.ends,
        "beyond_data": bool(move.distance > largest_seen),
    }
