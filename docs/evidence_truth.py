"""Write docs/evidence-truth.md, the map against the truth of simulated markets: ``python docs/evidence_truth.py``."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.simulated.market import simulate_with_truth
from docs.worlds.truth import OURS, RIVALS, Score, score, scoring_world
from indicators.liquidation.parameters import ModelParameters
from runs.statistics.bootstrap import Interval, ratio_interval

SEEDS = range(1000, 1020)
BARS = 4000
REPORTS = {"full": "every liquidation is reported", "largest_per_bar": "one print a bar and side, the largest"}

HEAD = """## Against the truth of simulated markets

Written by `python docs/evidence_truth.py`: {seeds} seeds x {bars:,} hourly bars of `datafeeds.simulated`, whose traders open by
the shares {weights} at {leverages}, not by the model's prior. Rank
correlation with the true density, in bins of 0.5 % within 12 % of the price, from bar 1,000 on. The soft hits have even been told
the whole market's reports; the path-only map learns from reports as ours does. Intervals are over the seeds.

| reports | map | rank correlation, mean (least .. most) | ours ahead by, 95 % interval |
|---|---|---|---|
"""

MIXTURE = """
Error of the learned mixture of leverages: the sum of absolute differences from the true shares.

| reports | all leverages, mean (least .. most) | those that were reached |
|---|---|---|
"""

TAIL = """
The path-only map does as well where every liquidation is reported, and nearly as well where few are: what price has not visited
is most of what any such map knows, here as on real data. Leverages below 10x are hardly ever reached in {bars:,} hours, so what
is said of them is the prior's, and what traders close by themselves cannot be told from what they never opened: the mixture
is the map's least known part.
"""


def scores(report: str) -> list[Score]:
    """Return how near every seed's maps come to its truth."""
    parameters = ModelParameters()
    found = []
    for seed in SEEDS:
        found.append(score(simulate_with_truth(seed, BARS, parameters=scoring_world(report)), parameters))
        sys.stderr.write(f"{report}, seed {seed}: {found[-1].ranks[OURS]:.3f}\n")
    return found


def ahead(found: list[Score], rival: str) -> Interval:
    """Return how far ours is ahead of a rival, paired by seed."""
    leads = np.array([each.ranks[OURS] - each.ranks[rival] for each in found])
    return ratio_interval(leads, np.ones(len(leads)))


def text() -> str:
    """Return the page."""
    by_report = {report: scores(report) for report in REPORTS}
    world = scoring_world("full")
    rows = [
        HEAD.format(
            seeds=len(SEEDS),
            bars=BARS,
            weights="/".join(f"{weight:g}" for weight in world.leverage_weights),
            leverages="/".join(f"{leverage:g}" for leverage in world.leverages),
        ).rstrip("\n")
    ]
    for report, found in by_report.items():
        for name in (OURS, *RIVALS):
            lead = "" if name == OURS else "{:+.3f} ({:+.3f} .. {:+.3f})".format(*ahead(found, name)[:3])
            rows.append(f"| {REPORTS[report]} | {name} | {_spread([each.ranks[name] for each in found])} | {lead} |")
    rows.append(MIXTURE.rstrip("\n"))
    for report, found in by_report.items():
        errors = _spread([each.mixture_error for each in found]), _spread([each.reached_error for each in found])
        rows.append(f"| {REPORTS[report]} | {errors[0]} | {errors[1]} |")
    return "\n".join(rows) + "\n" + TAIL.format(bars=BARS)


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({np.min(values):.3f} .. {np.max(values):.3f})"


if __name__ == "__main__":
    Path(__file__).with_name("evidence-truth.md").write_text(text(), encoding="utf-8")
