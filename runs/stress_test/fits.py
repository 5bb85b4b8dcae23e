"""A horizon's links, and how answers from links like these have held before."""

from typing import Any, NamedTuple

import numpy as np

from runs.stress_test.coverage import blocks_of, coverage_record, inside, score_links, share, worst
from runs.stress_test.inputs import SIDES, StressInputs
from runs.stress_test.link import Link, fit_link, known_rows
from runs.stress_test.windows import past_windows, without_map

SECONDS_PER_HOUR = 3600.0


class Fitted(NamedTuple):
    """A horizon with its links.

    Attributes
    ----------
    held
        How answers within it have held, plain values.
    links
        Of longs and shorts, fitted to all of the past.
    largest_seen
        Log price: the largest move against each that these saw.
    """

    held: dict[str, Any]
    links: list[Link]
    largest_seen: list[float]


def fit_horizon(inputs: StressInputs, hours: float, by_side: bool = True) -> Fitted | None:
    """Return a horizon's links to all of the past; None where it is shorter than a bar, or too little is reported to score it.

    With `by_side` it says how each side's answers have held (`coverage_record`), which takes most of the time.
    """
    if not inputs.reports or hours * SECONDS_PER_HOUR < inputs.bar_seconds:
        return None
    horizon = round(hours * SECONDS_PER_HOUR / inputs.bar_seconds)
    windows = [past_windows(inputs, side, horizon) for side in range(len(SIDES))]
    scored = [one for side in windows if (one := score_links(side, horizon, inputs.bar_seconds)) is not None]
    if len(scored) < len(SIDES):
        return None
    blocks = [blocks_of(one.rows, inputs.days, horizon, inputs.bar_seconds) for one in scored]
    hits = np.concatenate([inside(one, 0, 4) for one in scored])
    held: dict[str, Any] = {
        "horizon_hours": hours,
        "coverage_90": share(hits, np.concatenate(blocks)),
        "worst_moves_coverage_90": float(hits[np.concatenate([worst(one.distances) for one in scored])].mean()),
    }
    if by_side:
        found = (score_links(without_map(side), horizon, inputs.bar_seconds) for side in windows)
        baselines = [one for one in found if one is not None]  # as many as were scored: they have the same rows
        for name, one, baseline, block in zip(SIDES, scored, baselines, blocks, strict=True):
            held[name] = coverage_record(one, baseline, block)
    known = [known_rows(one.covariates, one.sizes) for one in windows]
    return Fitted(
        held,
        [fit_link(one.covariates[rows], one.sizes[rows]) for one, rows in zip(windows, known, strict=True)],
        [float(one.distances[rows].max()) for one, rows in zip(windows, known, strict=True)],
    )
