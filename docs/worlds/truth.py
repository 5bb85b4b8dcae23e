"""The map against the truth that only a simulated market knows, and against rivals that lack one thing each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from datafeeds.simulated.market import SimulatedMarket
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.simulated.truth import Truth, true_mixture
from indicators.liquidation.compiled import kept_in_memory
from indicators.liquidation.model import Model, State, build_model, initial_state
from indicators.liquidation.parameters import POPULATIONS, ModelParameters
from indicators.liquidation.recording import run_recorded
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, step
from runs.engines.event import model_bars
from runs.statistics.rank import rank_correlation
from runs.validation.baselines.variants import equal_mixture, fixed_mixture, path_bars
from runs.validation.baselines.volume_profile import profile_maps
from runs.validation.measures.reach import price_bins

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

_PURE_CHANGE_HALF_LIFE_HOURS = 8760.0  # a year: next to nothing opens but the rise of open interest


def scoring_world(report: str) -> SimulationParameters:
    """Return the simulated market in which maps are scored: a mixture that is not the prior's, and a fine population.

    Parameters
    ----------
    report
        As in `SimulationParameters`.
    """
    return SimulationParameters(leverage_weights=TRUE_WEIGHTS, accounts_per_hour=ACCOUNTS_PER_HOUR, report=report)


@dataclass(frozen=True)
class Score:
    """How near maps of one simulated market come to its truth.

    Attributes
    ----------
    ranks
        Mean rank correlation with the true density, by map; the model's own is `OURS`.
    mixture_error
        Sum of absolute differences between learned and true shares of leverages, mean of both sides.
    reached_error
        The same among leverages that were liquidated at all, each mixture scaled to one over them.
    """

    ranks: dict[str, float]
    mixture_error: float
    reached_error: float


OURS = "ours"

RIVALS = (
    "flat mixture",
    "soft hits",
    "pure open-interest change",
    "volume profile",
    "path-only map",
)


def score(simulated: SimulatedMarket, parameters: ModelParameters) -> Score:
    """Return how near the model and its rivals come to the truth of a market.

    Notes
    -----
    The rank correlation is over the bins of both sides within `WINDOW`, at every `EVERY`-th close from `FIRST` on. The soft hits
    count reported size by the reached shares of the tiers, *not* divided by exposure, over the whole market: a rival that is
    even told the future.
    """
    bars, seconds = model_bars(simulated.market), simulated.market.bar_seconds
    truths = true_maps(simulated, bars, parameters.bin_width)
    model = build_model(parameters, seconds)
    state = initial_state(model)
    run(model, bars, state)

    def maps(own: ModelParameters, seen: np.ndarray = bars) -> np.ndarray:
        return run_recorded(build_model(own, seconds), seen, EVERY)[1]

    build: dict[str, Callable[[], np.ndarray]] = {
        OURS: lambda: maps(parameters),
        "flat mixture": lambda: maps(equal_mixture(parameters)),
        "soft hits": lambda: maps(fixed_mixture(parameters, soft_hits(bars, model))),
        "pure open-interest change": lambda: maps(
            replace(parameters, half_life_hours=_PURE_CHANGE_HALF_LIFE_HOURS, half_life_spread=1.0, calibrate=False)
        ),
        "volume profile": lambda: profile_maps(bars, parameters, seconds, EVERY),
        "path-only map": lambda: maps(parameters, path_bars(bars)),
    }
    ranks = {name: mean_rank(make(), truths, parameters.bin_width) for name, make in build.items()}
    true = true_mixture(simulated.ledger, np.array(parameters.leverages))
    learned = state.learned["leverages"][0, :, : len(parameters.leverages)]
    reached = state.learned["leverages_exposed"][0, :, : len(parameters.leverages)] > 1.0
    return Score(ranks, _difference(learned, true), _difference(learned * reached, true * reached))


def _difference(learned: np.ndarray, true: np.ndarray) -> float:
    learned, true = (values / values.sum(axis=1, keepdims=True) for values in (learned, true))
    return float(np.abs(learned - true).sum(axis=1).mean())


def true_maps(simulated: SimulatedMarket, bars: np.ndarray, bin_width: float) -> np.ndarray:
    """Return (m, 2, bins) the true density outward from every `EVERY`-th close, in the model's bins within `WINDOW`."""
    truth, count = Truth(simulated.ledger), round(WINDOW / bin_width)
    rows = []
    for bar in range(EVERY - 1, len(bars), EVERY):
        close = int(price_bins(bars["close"][bar : bar + 1], bin_width)[0])
        below = np.exp(np.arange(close - count, close + 1) * bin_width)
        above = np.exp(np.arange(close + 1, close + count + 2) * bin_width)
        rows.append([truth.density(bar, below)[0][::-1], truth.density(bar, above)[1]])
    return np.array(rows)


def mean_rank(maps: np.ndarray, truths: np.ndarray, bin_width: float) -> float:
    """Return the mean rank correlation of maps (m, 2, bins) with the truth, in bins of `BIN`, from bar `FIRST` on."""
    count, bins, skipped = truths.shape[2], round(BIN / bin_width), FIRST // EVERY
    ours, theirs = (
        values[skipped:, :, :count].reshape(len(values) - skipped, 2, -1, bins).sum(axis=3)
        for values in (maps.astype(np.float64), truths)
    )
    return float(np.mean([rank_correlation(a.ravel(), b.ravel()) for a, b in zip(ours, theirs, strict=True)]))


def soft_hits(bars: np.ndarray, model: Model) -> tuple[float, ...]:
    """Return the mixture by counted hits: reported size, shared out by what each tier had within reach."""
    count = int(model.grid.tiers["count"][0])
    exposure = np.zeros((len(bars), 2, count))
    record_exposure(initial_state(model), model, bars, np.zeros(len(bars), dtype=SNAPSHOT), exposure)
    reported = np.nan_to_num(np.stack([bars["liquidated_long"], bars["liquidated_short"]], axis=1))
    total = exposure.sum(axis=2)
    hits = np.divide(reported, total, out=np.zeros_like(total), where=total > 0.0)[:, :, None] * exposure
    shares = hits.sum(axis=(0, 1))
    return tuple(float(share) for share in shares / shares.sum())


@kept_in_memory
def record_exposure(state: State, model: Model, bars: np.ndarray, snapshots: np.ndarray, exposure: np.ndarray) -> None:
    """Write the unit-weight size (n, 2, tiers) that each bar sweeps, mean of the populations."""
    for index in range(len(bars)):
        step(state, model, bars, snapshots, index)
        for side in range(2):
            for stratum in range(state.book.mass.shape[1]):
                exposure[index, side, stratum % exposure.shape[2]] += (
                    state.book.ledger[0].exposure[side, stratum] / POPULATIONS
                )
