"""Write docs/evidence-sweeps.md from sweeps over simulated markets: ``python docs/evidence_sweeps.py --sweeps 50 --planted 20``."""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs.worlds.sweeps import COMBINATIONS, DRAWS, Planted, verdict_in
from runs.statistics.proportion import proportion_interval
from runs.sweeps.findings.verdict import LEVEL, LUCK, MORE, NOT_TOLD

PAGE = Path(__file__).with_name("evidence-sweeps.md")

FIRST_SEED = 5000
"""Seeds that no test uses begin here."""

NULL = (
    Planted("null world, no costs, days of random sign", signs=True),
    Planted("null world, no costs"),
    Planted("null world, default costs", costs={}),
)
MAGNET = tuple(
    Planted(f"magnet of {strength:g}, no costs", magnet_strength=strength) for strength in (0.1, 0.2, 0.3, 0.5)
)
ONE = tuple(Planted(f"null world, one trial with Sharpe + {ratio:g}", sharpe=ratio) for ratio in (3.0, 5.0, 7.0))

HEAD = """# What the report of a sweep says where the truth is known

Written by `python docs/evidence_sweeps.py --sweeps {sweeps} --planted {planted} --bars {bars}`. Each sweep tries
{combinations} rules of the [magnet](glossary.md#magnet) on one simulated market of {bars:,} hours ({days} days), with
{draws:,} draws. Every sweep of a row has a market of its own. Shares have 95 % intervals (Wilson 1927). The level of the
verdict is {level:.0%}; 1,000 sweeps over artificial noise, by kind, are in [evidence-level.md](evidence-level.md).

- *Null world*: magnet, [cascade](glossary.md#cascade) feedback and reversion are exactly zero. With default costs all
  trials of noise lose, and a test of the level is too easy. Without any costs the magnet is no exact null either, perhaps
  because stops then fill at their very price. With the first model the mean Sharpe ratio of 60 rules over 100 markets was
  +0.24, standard error 0.13. The test rejected in 10 of these markets, and in 5 with all returns mirrored. So the first row
  multiplies each day's returns of all trials by one random sign: then no trial has a mean, and all dependence stays. The
  test before this one was measured once: 10 of 200 with signs (2.7 % .. 9.0 %), and 19 of 200 without.
- *Magnet*: the simulator's [knob](glossary.md#knob), in hourly standard deviations of drift an hour toward the heavier true
  [cluster](glossary.md#cluster). All trials follow the map's magnet, some worse than others.
- *One trial with Sharpe + x*: in the null world, the daily returns of one trial of the {combinations} are raised. Its annual
  Sharpe ratio is then x higher; nothing else is changed.
"""

COLUMNS = (
    "| market | SPA p <= 5 % | 95 % interval | luck | not told from luck | more than luck | median p | median PBO "
    "| median deflated Sharpe |\n|---|---|---|---|---|---|---|---|---|"
)


def page(found: dict[str, list[tuple[str, float, float, float]]], sweeps: int, planted: int, bars: int) -> str:
    """Return the page of the verdicts by world."""
    head = HEAD.format(
        sweeps=sweeps, planted=planted, bars=bars, combinations=COMBINATIONS, days=bars // 24, draws=DRAWS, level=LEVEL
    )  # fmt: skip
    parts = [head]
    for title, kinds in (
        ("Noise: how often luck is taken for more", NULL),
        ("A planted magnet: power", MAGNET),
        ("One good trial among noise: power", ONE),
    ):
        parts += [f"## {title}\n", COLUMNS]
        parts += [_row(kind.name, found[kind.name]) for kind in kinds if kind.name in found]
        parts.append("")
    return "\n".join(parts)


def _row(name: str, verdicts: list[tuple[str, float, float, float]]) -> str:
    count, counted = len(verdicts), Counter(verdict for verdict, *_ in verdicts)
    p_values, overfitting, deflated = (np.array([one[place] for one in verdicts]) for place in (1, 2, 3))
    rejected = int(np.count_nonzero(p_values <= LEVEL))
    low, high = proportion_interval(rejected, count)
    said = " | ".join(str(counted[verdict]) for verdict in (LUCK, NOT_TOLD, MORE))
    medians = f"{np.median(p_values):.3f} | {np.median(overfitting):.2f} | {np.median(deflated):.2f}"
    return f"| {name} | {rejected} of {count} | {low:.1%} .. {high:.1%} | {said} | {medians} |"


def main(arguments: list[str] | None = None) -> None:
    """Sweep all worlds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=50, help="sweeps a world without an effect")
    parser.add_argument("--planted", type=int, default=20, help="sweeps a world with one")
    parser.add_argument("--bars", type=int, default=4000, help="hourly bars a market")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    if min(chosen.sweeps, chosen.planted) < 1 or chosen.bars < 1440 or chosen.workers < 1:
        parser.error("--sweeps, --planted and --workers must be at least 1, --bars at least 1440 (60 days)")
    # Workers share the machine: a product of matrices in each that takes all cores made it seven times slower here.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found = {}
    with multiprocessing.get_context("spawn").Pool(chosen.workers) as pool:
        for kind in (*NULL, *MAGNET, *ONE):
            started = time.perf_counter()
            seeds = range(FIRST_SEED, FIRST_SEED + (chosen.sweeps if kind in NULL else chosen.planted))
            found[kind.name] = pool.map(partial(verdict_in, kind, chosen.bars), seeds, chunksize=1)
            sys.stderr.write(f"{kind.name}: {time.perf_counter() - started:.0f} s\n")
            # After every world, so that a run that is cut off has left what it measured.
            chosen.out.write_text(page(found, chosen.sweeps, chosen.planted, chosen.bars), encoding="utf-8")


if __name__ == "__main__":
    main()
