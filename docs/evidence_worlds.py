"""Write docs/evidence-worlds.md from simulated markets: ``python docs/evidence_worlds.py --seeds 200 --bars 4000``."""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs.worlds.validation import WORLDS, tally, verdicts_in
from runs.statistics.proportion import proportion_interval
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED

PAGE = Path(__file__).with_name("evidence-worlds.md")

NOMINAL = 0.025
"""Rate at which a claim that is false may be validated: a two-sided interval of 95 % above zero."""

FIRST_SEED = 1000
"""Seeds that no test uses begin here."""

HEAD = """# Simulated markets whose truth is known

Written by `python docs/evidence_worlds.py --seeds {seeds} --bars {bars}`: {seeds} markets of {bars:,} hourly bars a row. Each
claim is judged alone, unadjusted, so that one that is false may be validated in 2.5 % of the markets. Shares are of the markets
with enough data, with 95 % intervals (Wilson 1927). *Above nominal* stands where the whole interval lies above 2.5 %.
"""


def page(counts: dict[str, dict[str, Counter[str]]], seeds: int, bars: int) -> str:
    """Return the page of the counted verdicts by world and claim."""
    parts = [HEAD.format(seeds=seeds, bars=bars)]
    for title, false in (("Claims that are false", True), ("Claims that are true, in whole or in part: power", False)):
        parts += [f"## {title}\n", "| market | claim | validated | share | 95 % interval | too little data | |"]
        parts.append("|---|---|---|---|---|---|---|")
        for world, claims in counts.items():
            nothing = WORLDS[world].nothing
            rows = [(name, count) for name, count in claims.items() if (name in nothing if false else not nothing)]
            parts += [_row(WORLDS[world].name, name, count, false) for name, count in rows]
        parts.append("")
    return "\n".join(parts)


def _row(world: str, claim: str, count: Counter[str], false: bool) -> str:
    hits, trials = count[VALIDATED], count[VALIDATED] + count[NOT_VALIDATED]
    if not trials:
        return f"| {world} | `{claim}` | - | - | - | {count[TOO_LITTLE_DATA]} | |"
    low, high = proportion_interval(hits, trials)
    note = "above nominal" if false and low > NOMINAL else ""
    share = f"{hits} of {trials} | {hits / trials:.1%} | {low:.1%} .. {high:.1%}"
    return f"| {world} | `{claim}` | {share} | {count[TOO_LITTLE_DATA]} | {note} |"


def measure(world: str, bars: int, seed: int) -> dict[str, str]:
    """Return the verdicts in one market."""
    return verdicts_in(WORLDS[world], seed, bars)


def main(arguments: list[str] | None = None) -> None:
    """Measure all worlds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="markets a world")
    parser.add_argument(
        "--bars", type=int, default=4000, help="hourly bars a market; 2,160 are the least that the cascade needs"
    )
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS), help="by name")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.bars < 2 or chosen.workers < 1:
        parser.error("--seeds and --workers must be at least 1, --bars at least 2")
    seeds, counts = range(FIRST_SEED, FIRST_SEED + chosen.seeds), {}
    with multiprocessing.get_context("spawn").Pool(chosen.workers) as pool:
        for world in chosen.worlds:
            started = time.perf_counter()
            counts[world] = tally(pool.map(partial(measure, world, chosen.bars), seeds, chunksize=1))
            sys.stderr.write(f"{world}: {time.perf_counter() - started:.0f} s\n")
            # After every world, so that a run that is cut off has left what it measured.
            chosen.out.write_text(page(counts, chosen.seeds, chosen.bars), encoding="utf-8")


if __name__ == "__main__":
    main()
