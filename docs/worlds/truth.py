"""The map against the truth that only a simulated market knows."""

import numpy as np

from datafeeds.simulated.market import SimulatedMarket
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.simulated.truth import Truth
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.statistics.rank import rank_correlation
from runs.validation.baselines.volume_profile import profile_maps
from runs.validation.dataset import grid_starts
from runs.validation.measures.reach import by_distance

WINDOW = 0.12
"""Log price each side within which maps are compared (assumption: leverages of 9 and more)."""

BIN = 0.005
"""Log price per bin of the comparison (assumption: finer than that, single accounts decide)."""

FIRST, EVERY = 1000, 40
"""Bars before the first comparison, and from one to the next (assumption: a day or two, so that maps differ)."""

TRUE_WEIGHTS = (0.05, 0.08, 0.15, 0.25, 0.22, 0.10, 0.10, 0.05)
"""True shares of 2x .. 100x (assumption: .7 from the prior in absolute differences, towards high leverage)."""

ACCOUNTS_PER_HOUR = 150.0
"""Accounts that open on each side in an hour (assumption: five times the simulator's default, which favours speed; a venue has
thousands, and what single accounts do is noise to any map)."""

SCORING_WORLD = SimulationParameters(leverage_weights=TRUE_WEIGHTS, accounts_per_hour=ACCOUNTS_PER_HOUR)
"""The simulated market in which maps are scored: a mixture that is not the prior's, and a fine population."""

LISTED, PROFILE = "listed leverages, 72 h", "volume profile, listed leverages, 72 h"

PARAMETERS = {
    LISTED: ModelParameters(leverage_distribution="tiers", half_life_hours=(72.0,)),
    "listed leverages, 168 h": ModelParameters(leverage_distribution="tiers"),
    "power law, 168 h (the default)": ModelParameters(),
}
"""The maps that are scored. Simulated traders hold listed leverages; 72 h is the half-life of the first model."""


def score(simulated: SimulatedMarket) -> dict[str, float]:
    """Return each map's mean rank correlation with the truth of a market.

    Notes
    -----
    Over the bins of both sides within `WINDOW`, at every `EVERY`-th close from `FIRST` on. Levels do not matter to ranks,
    and shares follow from prices alone: the map at a constant level has the same score.
    """
    bars, seconds, truths = model_bars(simulated.market), simulated.market.bar_seconds, true_maps(simulated)
    ends, listed = np.arange(EVERY - 1, len(bars), EVERY), PARAMETERS[LISTED]
    maps = {PROFILE: (listed, profile_maps(bars, listed, seconds, EVERY))}
    for name, parameters in PARAMETERS.items():
        maps[name] = parameters, record_heatmap(build_model(parameters, seconds), bars, ends).density
    return {
        name: mean_rank(
            by_distance(density, grid_starts(np.log(bars["close"][ends]) / own.bin_width)), truths, own.bin_width
        )
        for name, (own, density) in maps.items()
    }


def true_maps(simulated: SimulatedMarket) -> np.ndarray:
    """Return (m, 2, bins) the true size outward from every `EVERY`-th close, in bins of `BIN` within `WINDOW`."""
    truth, closes = Truth(simulated.ledger), simulated.market.frame["close"].to_numpy()
    away = np.arange(round(WINDOW / BIN) + 1) * BIN
    rows = []
    for bar in range(EVERY - 1, len(closes), EVERY):
        below, above = closes[bar] * np.exp(-away[::-1]), closes[bar] * np.exp(away)
        rows.append([truth.density(bar, below)[0][::-1], truth.density(bar, above)[1]])
    return np.array(rows)


def mean_rank(maps: np.ndarray, truths: np.ndarray, bin_width: float) -> float:
    """Return the mean rank correlation of maps by distance (m, 2, bins of `bin_width`) with `true_maps`, from bar `FIRST` on."""
    bins, skipped = round(BIN / bin_width), FIRST // EVERY
    kept = maps[skipped:, :, : truths.shape[2] * bins]
    ours = kept.reshape(*kept.shape[:2], -1, bins).sum(axis=3, dtype=np.float64)
    pairs = zip(ours, truths[skipped:], strict=True)
    return float(np.mean([rank_correlation(a.ravel(), b.ravel()) for a, b in pairs]))
