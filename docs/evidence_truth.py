"""Write docs/evidence-truth.md, the map against the truth of simulated markets: ``python docs/evidence_truth.py``."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.simulated.market import simulate_with_truth
from docs.worlds.truth import LISTED, PARAMETERS, PROFILE, SCORING_WORLD, score
from runs.statistics.bootstrap import ratio_interval

SEEDS = range(1000, 1020)
BARS = 4000

HEAD = """# Against the truth of simulated markets

Written by `python docs/evidence_truth.py`: {seeds} seeds x {bars:,} hourly bars of `datafeeds.simulated`. Its traders open by
the shares {weights} at {leverages}, not by the model's prior. The figures are rank
correlations with the true density, in bins of 0.5 % within 12 % of the price, from bar 1,000 on. Intervals are over the seeds.

| map | rank correlation, mean (least .. most) | first line ahead by, 95 % interval |
|---|---|---|
"""

TAIL = """
Simulated traders hold listed leverages, so this checks the code and decides nothing about real markets. The path
decides the shares, so a map at a constant level has the same ranks.
"""


def text() -> str:
    """Return the page."""
    found = []
    for seed in SEEDS:
        found.append(score(simulate_with_truth(seed, BARS, parameters=SCORING_WORLD)))
        sys.stderr.write(f"seed {seed}: {found[-1][LISTED]:.3f}\n")
    head = HEAD.format(
        seeds=len(SEEDS),
        bars=BARS,
        weights="/".join(f"{weight:g}" for weight in SCORING_WORLD.leverage_weights),
        leverages="/".join(f"{leverage:g}" for leverage in SCORING_WORLD.leverages),
    )
    rows = []
    for name in (*PARAMETERS, PROFILE):
        ranks = np.array([each[name] for each in found])
        leads = np.array([each[LISTED] for each in found]) - ranks
        interval = ratio_interval(leads, np.ones(len(leads)))
        ahead = "" if name == LISTED else "{:+.3f} ({:+.3f} .. {:+.3f})".format(*interval[:3])
        rows.append(f"| {name} | {ranks.mean():.3f} ({ranks.min():.3f} .. {ranks.max():.3f}) | {ahead} |")
    return head + "\n".join(rows) + "\n" + TAIL


if __name__ == "__main__":
    Path(__file__).with_name("evidence-truth.md").write_text(text(), encoding="utf-8")
