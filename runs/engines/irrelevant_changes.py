"""What a backtest earns under changes that should not matter: where the price grid begins, and where the data begins.

A rule with thresholds amplifies what should not matter. So a return stands beside its range over eight phases of the grid and
eight starts; if its sign is not the same in all of them, it is undetermined.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import SECONDS_PER_HOUR, Model, build_model
from indicators.liquidation.rereading import packed
from indicators.liquidation.step import run
from runs.engines.compiled import EvaluationInputs, evaluate
from runs.engines.configuration import Configuration
from runs.engines.event import model_bars

PHASES = tuple(part / 8 for part in range(8))
"""Where in a bin the grid's origin lies; the first is the backtest's own."""

STARTS = (1, 2, 3, 5, 8, 13, 24, 50)
"""How many of the first bars are left out."""


def irrelevant_changes(
    configuration: Configuration, market: Market, prepared: tuple[Callable[..., bool], EvaluationInputs]
) -> dict[str, Any]:
    """Return a backtest's total return under changes that should not matter, by the compiled engine.

    Parameters
    ----------
    configuration, market
        Of the backtest.
    prepared
        Its loop and inputs, from `Evaluator.prepared`.

    Returns
    -------
    dict
        ``examined``; ``phases`` and ``starts`` (total return of each of `PHASES` and `STARTS`, as fractions; no starts on a
        market that is too short); ``median_fraction``, ``low_fraction`` and ``high_fraction`` over all; ``undetermined``, whether
        the sign is not the same in all; ``sentence``.

    Notes
    -----
    Starts are compared on the bars after the warm-up that all of them have: the backtest's return is scaled by how much more, or
    less, the later start earns there from flat.
    """
    loop, inputs = prepared
    parameters, bars = configuration.model, model_bars(market)

    def growth(**changed: Any) -> float:
        return float(evaluate(loop, replace(inputs, **changed)).equity[-1]) / inputs.starting_cash

    def read(model: Model, bars: np.ndarray) -> np.ndarray:
        return packed(run(model, bars), inputs.snapshots.dtype)  # of another type the loop would be compiled again

    models = [build_model(parameters, market.bar_seconds, grid_phase=phase) for phase in PHASES]
    phases, starts = [growth(), *(growth(snapshots=read(model, bars)) for model in models[1:])], []
    common = math.ceil(parameters.warmup_hours * SECONDS_PER_HOUR / market.bar_seconds) + max(STARTS)
    if common < len(market):
        whole = growth(first=common)
        for drop in STARTS:
            later = growth(
                bars=inputs.bars[drop:], snapshots=read(models[0], bars[drop:]), prices=inputs.prices[drop:],
                first=common - drop, last=len(market) - drop,
            )  # fmt: skip
            starts.append(phases[0] * later / whole if whole > 0.0 else later)
    return summary([value - 1.0 for value in phases], [value - 1.0 for value in starts])


def summary(phases: list[float], starts: list[float]) -> dict[str, Any]:
    """Return what `irrelevant_changes` says of these total returns, as fractions."""
    returns = np.array(phases + starts)
    low, median, high = (float(value) for value in (returns.min(), np.median(returns), returns.max()))
    undetermined = len(set(np.sign(returns))) > 1
    sentence = (
        f"Under changes that should not matter ({len(phases)} grid phases, {len(starts)} starts of the data) the total return "
        f"is {low * 100.0:+.1f} .. {high * 100.0:+.1f} %, median {median * 100.0:+.1f} %"
    )
    sentence += ": its sign is not the same in all, so it is undetermined." if undetermined else "."
    return {
        "examined": True, "phases": phases, "starts": starts, "median_fraction": median, "low_fraction": low,
        "high_fraction": high, "undetermined": undetermined, "sentence": sentence,
    }  # fmt: skip
