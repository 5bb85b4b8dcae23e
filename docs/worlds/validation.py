"""Simulated markets whose truth is known, and how often each claim is validated in them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from datafeeds.simulated.market import simulate
from datafeeds.simulated.parameters import SimulationParameters
from docs.worlds import truth
from indicators.liquidation.parameters import ModelParameters
from runs.validation.baselines.variants import random_levels
from runs.validation.claim import Claim, judge
from runs.validation.claims.cascade import cascade_claim
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.magnet import magnet_claim
from runs.validation.claims.trading import trading_claims
from runs.validation.claims.wipe import wipe_claim
from runs.validation.dataset import Dataset, read_bars, read_market
from runs.validation.measures.reach import excursions

FAIR = SimulationParameters(magnet_strength=0.0, cascade_feedback=0.0, post_wipe_reversion=0.0)
"""A market in which liquidations move no price and no price is drawn to or driven from a level."""

DEFAULT, LISTED = ModelParameters(), truth.PARAMETERS[truth.LISTED]
"""Maps that are read: the default, and the one that comes nearest to the positions of simulated traders, who hold listed
leverages (docs/evidence-truth.md)."""


@dataclass(frozen=True)
class World:
    """A kind of market, of which each seed gives one.

    Attributes
    ----------
    name
        For the reader.
    parameters
        Of the simulated market.
    claims
        What is measured in it.
    nothing
        Names of the claims that are false there; each is to be validated no more often than the nominal rate.
    uncounted
        Names of the claims that no page shows: whether they are true there is not known, or the market lacks what they need.
    change
        What is done to the dataset before anything is measured, given the seed.
    reading
        Parameters of the map that the claims are about.
    """

    name: str
    parameters: SimulationParameters
    claims: Callable[[Dataset], list[Claim]]
    nothing: frozenset[str] = frozenset()
    uncounted: frozenset[str] = frozenset()
    change: Callable[[Dataset, int], Dataset] = lambda dataset, seed: dataset
    reading: ModelParameters = DEFAULT


def path_of_range_and_volume(dataset: Dataset, seed: int) -> np.ndarray:
    """Return (n, 2) liquidations, base coin, that depend on a bar's range and volume alone, with heavy noise: no map knows more."""
    bars = dataset.bars
    noise = np.random.default_rng(seed).lognormal(-0.5, 1.0, (len(bars), 2))
    return 2e3 * excursions(bars) ** 1.5 * (bars["volume"] ** 0.8)[:, None] / 300.0 * noise


def mapless_reports(dataset: Dataset, seed: int) -> Dataset:
    """Return a dataset of the market with `path_of_range_and_volume` reported."""
    bars = dataset.bars.copy()
    bars["liquidated_long"], bars["liquidated_short"] = path_of_range_and_volume(dataset, seed).T
    return read_bars(dataset.market, bars, dataset.parameters)


def verdicts_in(world: World, seed: int, bars: int) -> dict[str, str]:
    """Return each claim's verdict in one market of a world, each judged alone: unadjusted, one-sided 2.5 %."""
    dataset = read_market(simulate(seed, bars=bars, parameters=world.parameters), world.reading)
    claims = world.claims(world.change(dataset, seed))
    return {claim.name: judge([claim])[0].verdict for claim in claims}


def tally(found: Iterable[dict[str, str]]) -> dict[str, Counter[str]]:
    """Return how often each claim had each verdict."""
    counts: dict[str, Counter[str]] = {}
    for verdicts in found:
        for name, verdict in verdicts.items():
            counts.setdefault(name, Counter())[verdict] += 1
    return counts


_READ_BY = {DEFAULT: "", LISTED: ", read by listed leverages"}


def _knob(
    name: str,
    claim: Callable[[Dataset], Claim],
    values: tuple[float, ...],
    reading: ModelParameters = DEFAULT,
) -> dict[str, World]:
    """Return the worlds along one knob, in which the claim that it makes true is measured."""
    worlds = {}
    for value in values:
        title, changed = f"{name} {value:g}{_READ_BY[reading]}", dict[str, Any]({name: value})
        worlds[title] = World(title, replace(FAIR, **changed), lambda dataset: [claim(dataset)], reading=reading)
    return worlds


_TRADING = frozenset({"magnet", "cascade", "wipe"})
_FORECASTS = frozenset(
    f"{kind}_{side}" for kind in ("forecast", "today", "open_interest", "kernel") for side in ("long", "short")
)
_CAPTURE = frozenset({"capture_long", "capture_short"})  # it needs single liquidations with prices
_UNSURE = _CAPTURE | {"calibration_long", "calibration_short"}  # a map that is wrong may be proportional, by distance
_KERNELS = frozenset({"kernel_long", "kernel_short"})  # of a power law: simulated traders hold listed leverages
_TRUE, _MAGNETS = "fair, liquidations of the simulated accounts", (0.1, 0.2, 0.5, 1.0)

WORLDS = {
    "fair": World("fair: all knobs at zero", FAIR, trading_claims, _TRADING),
    "random": World("fair, signals read off random levels", FAIR, trading_claims, _TRADING, change=random_levels),
    "mapless": World(
        "fair, liquidations by range and volume alone", FAIR, forecast_claims, _FORECASTS, _UNSURE, mapless_reports
    ),
    "true": World(_TRUE, FAIR, forecast_claims, _KERNELS, _UNSURE),
    "true, listed": World(f"{_TRUE}{_READ_BY[LISTED]}", FAIR, forecast_claims, uncounted=_CAPTURE, reading=LISTED),
    "fair, listed": World(f"fair{_READ_BY[LISTED]}", FAIR, trading_claims, _TRADING, reading=LISTED),
    **_knob("magnet_strength", magnet_claim, _MAGNETS),
    **_knob("magnet_strength", magnet_claim, _MAGNETS, LISTED),
    **_knob("cascade_feedback", cascade_claim, (1.0, 3.0, 10.0, 30.0)),
    **_knob("post_wipe_reversion", wipe_claim, (0.25, 0.5, 1.0, 2.0)),
}
"""By a short name. Beside a knob only its own claim is measured: the others are neither true nor false there (a magnet that
pulls price through the levels of wipes breaks them)."""
