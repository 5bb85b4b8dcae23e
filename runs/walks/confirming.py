"""Test windows run again in the event engine and compared trade for trade."""

from collections.abc import Callable
from typing import Any

from datafeeds.schema import Market
from runs.heatmaps import Heatmaps
from runs.parity import first_difference
from runs.walks.joining import Leg
from runs.walks.stretch import Stretch


def confirm(
    count: int, legs: tuple[Leg, ...], market: Market, heatmaps: Heatmaps, report: Callable[[int], None]
) -> dict[str, Any]:
    """Run the first `count` test windows again in the event engine, until one differs; each before its forced close."""
    found: dict[str, Any] = {"asked": count, "equal": 0, "window": None, "difference": None}
    traded = [(number, leg) for number, leg in enumerate(legs, start=1) if leg.metrics]
    for number, leg in traded[:count]:
        stretch = Stretch(market, heatmaps, leg.window.test_first, leg.window.test_last)
        difference = first_difference(leg.configuration, market, stretch.left_open(leg.configuration))
        report(1)
        if difference is not None:
            return found | {"window": number, "difference": difference}
        found["equal"] += 1
    return found
