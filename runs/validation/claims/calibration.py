"""Calibration: whether a forecast of twice the size means twice the liquidations."""

import math
from collections.abc import Callable

import numpy as np

from runs.statistics.bootstrap import Sample, block_sums, joint_interval
from runs.statistics.effective import effective_size
from runs.statistics.glm import fit_poisson, predict_poisson
from runs.validation.baselines.predictors import SideTable
from runs.validation.baselines.variants import path_only, time_shifted
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
    slope, shifted, of_path = (
        slope_sample(forecasts[rows, side], sizes, days)
        for forecasts in (dataset.model_liquidated, time_shifted(dataset), path_only(dataset))
    )
    if slope is None:
        return Claim(name, statement, _STATISTIC, remarks=("the map expects nothing in most bars",))

    observed = len(sizes), min(effective_size(sizes), float(len(np.unique(days))))
    tests = (
        _slope_test(f"a slope of {LOWEST_SLOPE:g}", slope, _above, observed),
        _slope_test(f"a slope of {HIGHEST_SLOPE:g}", slope, _below, observed),
    )
    placebos = (_slope_test("a map of another time", shifted, _within, observed, one_sided=True),) if shifted else ()
    references = (_slope_test("the path-only map, within both", of_path, _within, observed),) if of_path else ()
    details: dict[str, object] = {
        "slope": joint_interval([slope])._asdict(),
        "reliability": reliability(dataset.model_liquidated[rows, side], sizes),
    }
    return Claim(name, statement, _STATISTIC, tests, placebos=placebos, references=references, details=details)


def _above(slopes: np.ndarray) -> np.ndarray:
    return slopes - LOWEST_SLOPE


def _below(slopes: np.ndarray) -> np.ndarray:
    return HIGHEST_SLOPE - slopes


def _within(slopes: np.ndarray) -> np.ndarray:
    return np.minimum(_above(slopes), _below(slopes))


def _slope_test(
    label: str, slope: Sample, distance: Callable[[np.ndarray], np.ndarray], observed: tuple[int, float],
    one_sided: bool = False,
) -> Test:  # fmt: skip
    """Return the test that a distance of the slope lies above zero; `observed` are its rows and how many of them count."""
    sample = slope._replace(statistic=lambda *sums: distance(slope.statistic(*sums)))
    return Test(label, joint_interval([sample]), *observed, one_sided, sample)


def slope_sample(forecasts: np.ndarray, sizes: np.ndarray, days: np.ndarray) -> Sample | None:
    """Return the slope as a statistic of sums over days; None with too few bars or no spread.

    Notes
    -----
    Each resample takes one Newton step from the full fit with the drawn days' own score and information (the one-step
    bootstrap, Moulton & Zeger 1991), which costs a 2 x 2 system instead of a fit.
    """
    usable = (forecasts > 0.0) & np.isfinite(sizes)
    forecasts, sizes, days = forecasts[usable], sizes[usable], days[usable]
    if len(sizes) < _DECILES or sizes.sum() <= 0.0 or np.ptp(np.log(forecasts)) == 0.0:
        return None
    logs = np.log(forecasts) - np.log(forecasts).mean()
    design = np.stack([np.ones(len(logs)), logs], axis=1)
    coefficients = fit_poisson(design, sizes)
    means = predict_poisson(design, coefficients)
    errors = sizes - means

    def slope(
        score: np.ndarray, score_log: np.ndarray, first: np.ndarray, cross: np.ndarray, second: np.ndarray
    ) -> np.ndarray:
        return np.asarray(coefficients[1] + (first * score_log - cross * score) / (first * second - cross**2))

    terms = (errors, errors * logs, means, means * logs, means * logs**2)
    return Sample(np.unique(days), tuple(block_sums(term, days) for term in terms), slope)


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
