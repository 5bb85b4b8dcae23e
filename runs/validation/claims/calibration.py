"""Calibration: whether a forecast of twice the size means twice the liquidations."""

import math

import numpy as np

from runs.statistics.bootstrap import DRAWS, Interval, expanded_tail
from runs.statistics.effective import effective_size
from runs.statistics.glm import fit_poisson, predict_poisson
from runs.validation.baselines.predictors import SideTable
from runs.validation.baselines.variants import time_shifted
from runs.validation.claim import Claim, Test
from runs.validation.dataset import Dataset

LOWEST_SLOPE, HIGHEST_SLOPE = 0.8, 1.25
"""What still counts as one: 80 .. 125 %, the convention of equivalence tests (FDA 2001, bioequivalence)."""

_STATISTIC = (
    f"elasticity of reported on model-liquidated size; distance from {LOWEST_SLOPE:g} and from {HIGHEST_SLOPE:g}"
)
_DECILES = 10


def calibration_claim(name: str, side_name: str, table: SideTable | None, dataset: Dataset, side: int) -> Claim:
    """Return the claim that reported size is proportional to forecast size, by two one-sided tests (Schuirmann 1987).

    Parameters
    ----------
    name, side_name
        Of the claim; "long" or "short".
    table
        The side's data; None where the data has too little.
    dataset, side
        Where the forecasts, as they are, come from.

    Notes
    -----
    The slope s of ``E y = exp(a + s log f)`` over out-of-sample bars in which the map expected anything. It is 1 where twice
    the forecast means twice the size, whatever the overall scale (throttled feeds report a part). A claim that nothing
    differs cannot be proved; that the slope lies within 0.8 .. 1.25 can. The placebo is a map of another time: if that is as
    proportional, distance makes it so and not the map.
    """
    statement = f"A forecast of twice the size means twice the {side_name} liquidations"
    if table is None:
        return Claim(name, statement, _STATISTIC, remarks=("the data reports too few liquidations",))
    rows = np.flatnonzero(np.isfinite(dataset.reported[:, side]))[-len(table.sizes[table.scored]) :]
    sizes, days = dataset.reported[rows, side], dataset.days[rows]
    slopes = slope_draws(dataset.model_liquidated[rows, side], sizes, days)
    shifted = slope_draws(time_shifted(dataset)[rows, side], sizes, days)
    if slopes is None:
        return Claim(name, statement, _STATISTIC, remarks=("the map expects nothing in most bars",))
    effective = min(effective_size(sizes), float(len(np.unique(days))))
    tests = (
        Test(f"a slope of {LOWEST_SLOPE:g}", _interval(slopes - LOWEST_SLOPE, days), len(sizes), effective),
        Test(f"a slope of {HIGHEST_SLOPE:g}", _interval(HIGHEST_SLOPE - slopes, days), len(sizes), effective),
    )
    placebos: tuple[Test, ...] = ()
    if shifted is not None:
        within = np.minimum(shifted - LOWEST_SLOPE, HIGHEST_SLOPE - shifted)
        placebos = (Test("a map of another time", _interval(within, days), len(sizes), effective, one_sided=True),)
    details: dict[str, object] = {
        "slope": _interval(slopes, days)._asdict(),
        "reliability": reliability(dataset.model_liquidated[rows, side], sizes),
    }
    return Claim(name, statement, _STATISTIC, tests, placebos=placebos, details=details)


def slope_draws(forecasts: np.ndarray, sizes: np.ndarray, days: np.ndarray, seed: int = 0) -> np.ndarray | None:
    """Return the slope (first) and its resamples over whole days, (1 + draws,).

    Notes
    -----
    Each resample takes one Newton step from the full fit with the drawn days' own score and information (the one-step
    bootstrap, Moulton & Zeger 1991), which costs a 2 x 2 system instead of a fit. None with too few bars or no spread.
    """
    usable = (forecasts > 0.0) & np.isfinite(sizes)
    forecasts, sizes, days = forecasts[usable], sizes[usable], days[usable]
    if len(sizes) < _DECILES or sizes.sum() <= 0.0 or np.ptp(np.log(forecasts)) == 0.0:
        return None
    logs = np.log(forecasts) - np.log(forecasts).mean()
    design = np.stack([np.ones(len(logs)), logs], axis=1)
    coefficients = fit_poisson(design, sizes)
    means = predict_poisson(design, coefficients)
    _, group = np.unique(days, return_inverse=True)

    def daily(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=values)

    errors = sizes - means
    terms = np.stack([daily(v) for v in (errors, errors * logs, means, means * logs, means * logs**2)], axis=1)
    count = len(terms)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=DRAWS) @ terms
    score, score_log, first, cross, second = drawn.T
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = (first * score_log - cross * score) / (first * second - cross**2)
    return coefficients[1] + np.concatenate([[0.0], moves[np.isfinite(moves)]])


def _interval(values: np.ndarray, days: np.ndarray, level: float = 0.95) -> Interval:
    """Return the expanded percentile interval of an estimate (first) and its resamples."""
    blocks = len(np.unique(days))
    tail = expanded_tail(0.5 * (1.0 - level), blocks)
    low, high = np.quantile(values[1:], [tail, 1.0 - tail])
    p_value = (1.0 + np.count_nonzero(values[1:] <= 0.0)) / len(values)
    return Interval(float(values[0]), float(low), float(high), float(p_value), blocks)


def reliability(forecasts: np.ndarray, sizes: np.ndarray) -> list[dict[str, float]]:
    """Return mean forecast and mean reported size, base coin, by tenth of the forecast (ascending)."""
    order = np.argsort(forecasts, kind="stable")
    table = []
    for part in np.array_split(order, _DECILES):
        if len(part):
            forecast, reported = float(forecasts[part].mean()), float(sizes[part].mean())
            ratio = reported / forecast if forecast > 0.0 else math.nan
            table.append({"forecast": forecast, "reported": reported, "ratio": ratio, "bars": float(len(part))})
    return table
