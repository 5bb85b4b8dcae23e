"""The claims about the forecast: whether the map knows which sizes are liquidated, beyond what is known without it."""

import numpy as np

from runs.statistics.bootstrap import block_sums
from runs.statistics.rank import rank_correlation
from runs.validation.baselines.predictors import NO_MAP, RANGE_AND_VOLUME, SideTable, side_tables
from runs.validation.claim import Claim, Test
from runs.validation.claims.calibration import calibration_claim
from runs.validation.claims.capture import capture_claim
from runs.validation.dataset import Dataset
from runs.validation.measures.skill import skill_test

SIDES = ("long", "short")

SKILL = "Poisson deviance skill out of sample, 1 - D with the map / D without"

_AVERAGE = (*RANGE_AND_VOLUME, "average")
_PATH = (*RANGE_AND_VOLUME, "path")

PATH_ONLY = "the path-only map"
"""The map of the price path alone, as the claims' tables call it where it takes the map's place."""

STATEMENTS = {
    "forecast": "The heatmap forecasts {} liquidations beyond what is known without a map",
    "today": "Where positions stand today tells of {} liquidations more than the map's own average by distance",
    "open_interest": "Open interest as the level tells of {} liquidations more than a constant level does",
    "kernel": "The leverage distribution forecasts {} liquidations better than another and a reversed one",
}
"""What each claim says; the side goes in the gap."""

NO_REPORTS = "the data reports no liquidations, or too few to fit on one part and score on another"


def forecast_claims(dataset: Dataset) -> list[Claim]:
    """Return the claims about the forecast, each by side, not judged yet.

    Notes
    -----
    Parameters are fitted on the past alone, anew each week, with the first third (500 bars at least) for the first fit. All
    forecasters are given the bar's own range, and where they use it its volume: the question is which *levels* hold size, not
    whether price will come.
    """
    reports = np.isfinite(dataset.reported).all(axis=1).any() and bool(np.nansum(dataset.reported) > 0.0)
    tables = side_tables(dataset) if reports else None
    claims = []
    for side, name in enumerate(SIDES):
        table = tables[side] if tables and tables[side].has_data else None
        claims += table_claims(table, name)
        claims.append(calibration_claim(f"calibration_{name}", name, table, dataset, side))
        claims.append(capture_claim(f"capture_{name}", name, dataset, side))
    return claims


def table_claims(table: SideTable | None, side_name: str) -> list[Claim]:
    """Return the claims that a side's table decides; without one they say why there is none."""
    claims = []
    for kind, build in _BUILDERS.items():
        name, statement = f"{kind}_{side_name}", STATEMENTS[kind].format(side_name)
        empty = Claim(name, statement, SKILL, remarks=(NO_REPORTS,))
        claims.append(build(name, statement, table) if table else empty)
    return claims


def _placebos(table: SideTable) -> tuple[Test, ...]:
    """Return what must show nothing if the map knows where positions stand now, and on which side."""
    both = (*_AVERAGE, "map")
    return (
        skill_test("a map of another time", table, _AVERAGE, (*_AVERAGE, "shifted"), one_sided=True),
        skill_test("the other side's map beside the own", table, both, (*both, "swapped"), one_sided=True),
    )


def _forecast(name: str, statement: str, table: SideTable) -> Claim:
    tests = tuple(skill_test(label, table, names, (*names, "map")) for label, names in NO_MAP.items())
    alone = {label: skill_test(label, table, names, ("map",)) for label, names in NO_MAP.items()}
    names = {
        **NO_MAP,
        "path-only map": ("path",),
        "map": ("map",),
        "range x volume and map": (*RANGE_AND_VOLUME, "map"),
    }
    sizes = table.sizes[table.scored]
    details: dict[str, object] = {
        "map_alone_skill": {label: _interval(test) for label, test in alone.items()},
        "rank_correlation": {label: rank_correlation(table.forecast(cols), sizes) for label, cols in names.items()},
        "log_r_squared": log_r_squared(table),
        "largest_day_share_of_loss": _largest_share(table.losses(RANGE_AND_VOLUME), table.days[table.scored]),
        "first_fit_bars": len(table.sizes) - len(sizes),
    }
    path = skill_test(f"{PATH_ONLY} over range x volume", table, RANGE_AND_VOLUME, _PATH)
    return Claim(name, statement, SKILL, tests, placebos=_placebos(table), references=(path,), details=details)


def _today(name: str, statement: str, table: SideTable) -> Claim:
    test = skill_test("range x volume and the average map", table, _AVERAGE, (*_AVERAGE, "map"))
    path = skill_test(PATH_ONLY, table, _AVERAGE, (*_AVERAGE, "path"))
    return Claim(name, statement, SKILL, (test,), placebos=_placebos(table), references=(path,))


def _open_interest(name: str, statement: str, table: SideTable) -> Claim:
    test = skill_test("range x volume and path-only map", table, _PATH, (*_PATH, "map"))
    alone = skill_test("path-only map", table, ("path",), ("map",))
    swap = skill_test("path-only", table, _PATH, (*RANGE_AND_VOLUME, "map"))
    placebos = (
        skill_test("the level of another time", table, _PATH, (*_PATH, "shifted level"), one_sided=True),
        skill_test("a path-only map of another kernel", table, _PATH, (*_PATH, "other path"), one_sided=True),
    )
    details: dict[str, object] = {
        "map_alone_over_path_only_alone": _interval(alone),
        "map_in_place_of_path_only": _interval(swap),
    }
    return Claim(name, statement, SKILL, (test,), placebos=placebos, details=details)


def _kernel(name: str, statement: str, table: SideTable) -> Claim:
    ours = (*RANGE_AND_VOLUME, "map")
    tests = (
        skill_test("another distribution", table, (*RANGE_AND_VOLUME, "other kernel"), ours),
        skill_test("listed leverages, reversed", table, (*RANGE_AND_VOLUME, "reversed table"), ours),
    )
    path = skill_test(f"{PATH_ONLY} over that of another distribution", table, (*RANGE_AND_VOLUME, "other path"), _PATH)
    return Claim(name, statement, SKILL, tests, references=(path,))


_BUILDERS = {"forecast": _forecast, "today": _today, "open_interest": _open_interest, "kernel": _kernel}


def log_r_squared(table: SideTable) -> dict[str, float]:
    """Return R-squared of log liquidations, fitted by least squares on the first half and scored on the second.

    A second yardstick, which weighs all hours alike: where the deviance asks for coins, this asks for orders of magnitude.
    """
    logs, half = np.log1p(table.sizes), len(table.sizes) // 2
    sets = {
        "range x volume": RANGE_AND_VOLUME,
        "with path-only map": _PATH,
        "with map": (*RANGE_AND_VOLUME, "map"),
        "with both": (*_PATH, "map"),
    }
    scores = {}
    spread = float(((logs[half:] - logs[half:].mean()) ** 2).sum())
    for label, names in sets.items():
        design = np.stack([np.ones(len(logs)), *(table.columns[name] for name in names)], axis=1)
        coefficients = np.linalg.lstsq(design[:half], logs[:half], rcond=None)[0]
        error = float(((logs[half:] - design[half:] @ coefficients) ** 2).sum())
        scores[label] = 1.0 - error / spread if spread > 0.0 else float("nan")
    return scores


def _largest_share(losses: np.ndarray, days: np.ndarray) -> float:
    sums = block_sums(losses, days)
    return float(sums.max() / sums.sum())


def _interval(test: Test) -> dict[str, float]:
    return {"estimate": test.interval.estimate, "low": test.interval.low, "high": test.interval.high}
