"""The map by leverage: the kernel cut into groups without a gap, so that the maps of all groups add up to the whole."""

import math
from typing import NamedTuple

from indicators.liquidation.model import Model, build_model
from indicators.liquidation.parameters import ModelParameters


class LeverageGroup(NamedTuple):
    """Leverages in [lowest, highest), and what traders call them."""

    name: str
    lowest: float
    highest: float


_EDGES = (0.0, math.sqrt(5.0 * 10.0), math.sqrt(10.0 * 20.0), math.sqrt(25.0 * 50.0), math.inf)
_NAMES = ("2-5x", "10x", "20-25x", "50x and above")

LEVERAGE_GROUPS = tuple(LeverageGroup(*group) for group in zip(_NAMES, _EDGES[:-1], _EDGES[1:], strict=True))
"""Named after the venues' usual levels and cut at their geometric means (7.1x, 14.1x, 35.4x), where the distances of
liquidation part in equal ratio (*assumption*). The first and last reach to the ends of the kernel."""


def group_models(parameters: ModelParameters, bar_seconds: float) -> tuple[Model, ...]:
    """Return a model for each of `LEVERAGE_GROUPS`: one kernel, of which each lays its own leverages alone.

    Notes
    -----
    Shares and their sums add up over groups. Clusters do not: each model finds those of its own map.
    """
    return tuple(
        build_model(parameters, bar_seconds, lowest_leverage=group.lowest, highest_leverage=group.highest)
        for group in LEVERAGE_GROUPS
    )
