"""Write docs/evidence-worlds.md from simulated markets: ``python docs/evidence_worlds.py --seeds 100 --bars 4000``."""

import argparse
import multiprocessing
import os
import sys
import textwrap
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs.worlds.validation import LISTED, WORLDS, tally, verdicts_in
from runs.statistics.proportion import proportion_interval
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED

PAGE = Path(__file__).with_name("evidence-worlds.md")

NOMINAL = 0.025
"""Rate at which a claim that is false may be validated: a two-sided interval of 95 % above zero."""

FIRST_SEED = 1000
"""Seeds that no test uses begin here."""

HEAD = """# Simulated markets whose truth is known

How often the protocol of [evidence.md](evidence.md) passes a [claim](glossary.md#claim) that is false, and one that is
true. Written by `python docs/evidence_worlds.py --seeds {seeds} --bars {bars}`: {seeds} simulated markets of {bars:,} hours
({days:.0f} days) a row. Each claim is judged alone, unadjusted, so that one that is false may be validated in 2.5 % of the
markets. Shares are of the markets with enough data, with 95 % intervals (Wilson 1927).

## In short

{short}

## How to read the tables

- *Fair*: liquidations move no price, and no price is drawn to or driven from a level. A [knob](glossary.md#knob) makes one
  claim true. `magnet_strength` is standard deviations of drift an hour toward the heavier true
  [cluster](glossary.md#cluster). `cascade_feedback` is times the usual push of forced orders. `post_wipe_reversion` is the
  share of a [wipe](glossary.md#wipe)'s adverse move that is given back.
- *Read by listed leverages*, or *(listed)*: simulated traders hold listed leverages, and the default's power law ranks their
  levels worse ([evidence-truth.md](evidence-truth.md)). These rows read the map that ranks them best.
- *Above nominal*, of a false claim: the whole interval lies above 2.5 %.
- *Not told from luck*, of a true claim: the interval reaches down to 2.5 %.
"""


class Row(NamedTuple):
    """A claim in a kind of market: how often it was validated, of how many, and how often there was too little data."""

    world: str
    claim: str
    hits: int
    trials: int
    too_little: int

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share of hits, where there is a trial."""
        return proportion_interval(self.hits, self.trials)

    @property
    def share(self) -> float:
        """Of hits, where there is a trial."""
        return self.hits / self.trials

    @property
    def kind(self) -> str:
        """Claim and map that is read, both sides together."""
        name = f"`{self.claim.removesuffix('_long').removesuffix('_short')}`"
        return name + (" (listed)" if WORLDS[self.world].reading == LISTED else "")


def page(counts: dict[str, dict[str, Counter[str]]], seeds: int, bars: int) -> str:
    """Return the page of the counted verdicts by world and claim."""
    rows = [
        Row(world, claim, count[VALIDATED], count[VALIDATED] + count[NOT_VALIDATED], count[TOO_LITTLE_DATA])
        for world, claims in counts.items()
        for claim, count in claims.items()
        if claim not in WORLDS[world].uncounted
    ]
    false = [row for row in rows if row.claim in WORLDS[row.world].nothing]
    true = [row for row in rows if row not in false]
    short = (f"**False claims**: {_said_of_false(false)}", *_said_of_true(true))
    lines = "\n".join(textwrap.fill(line, 128, initial_indent="- ", subsequent_indent="  ") for line in short)
    parts = [HEAD.format(seeds=seeds, bars=bars, days=bars / 24.0, short=lines)]
    for title, part in (("Claims that are false", false), ("Claims that are true, in whole or in part: power", true)):
        parts += [f"## {title}\n", "| market | claim | validated | share | 95 % interval | too little data | |"]
        parts += ["|---|---|---|---|---|---|---|", *(_line(row, part is false) for row in part), ""]
    return "\n".join(parts)


def _said_of_false(rows: list[Row]) -> str:
    measured = [row for row in rows if row.trials]
    hits, trials = sum(row.hits for row in measured), sum(row.trials for row in measured)
    above = sum(row.interval[0] > NOMINAL for row in measured)
    share = f"{hits} of {trials:,} verdicts validate one ({hits / max(trials, 1):.1%}; 2.5% are allowed)"
    return f"{share}; {above} of {len(measured)} rows are above nominal."


def _said_of_true(rows: list[Row]) -> tuple[str, str, str]:
    """Return the least and most share of each kind of claim, which are seldom found, and which are nowhere told from luck."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        if row.trials:
            kinds.setdefault(row.kind, []).append(row)
    shares = {kind: (min(row.share for row in found), max(row.share for row in found)) for kind, found in kinds.items()}
    seldom = [kind for kind, (_, most) in shares.items() if most < 0.5]
    unseen = [kind for kind, found in kinds.items() if all(row.interval[0] <= NOMINAL for row in found)]
    said = "; ".join(f"{kind} {least:.0%} .. {most:.0%}" for kind, (least, most) in shares.items())
    return (
        f"**True claims** are found in this share of the markets, from their least row to their most: {said}.",
        f"**Seldom found**, in less than half of the markets in every row: {', '.join(seldom) or 'none'}. Where a market of this "
        "length does not validate such a claim, that is weak evidence against it.",
        f"**Nowhere told from luck**: {', '.join(unseen) or 'none'}. There it is no evidence at all.",
    )


def _line(row: Row, false: bool) -> str:
    start = f"| {WORLDS[row.world].name} | `{row.claim}` |"
    if not row.trials:
        return f"{start} - | - | - | {row.too_little} | |"
    low, high = row.interval
    note = ("above nominal" if low > NOMINAL else "") if false else ("not told from luck" if low <= NOMINAL else "")
    found = f"{row.hits} of {row.trials} | {row.share:.1%} | {low:.1%} .. {high:.1%}"
    return f"{start} {found} | {row.too_little} | {note} |"


def measure(world: str, bars: int, seed: int) -> dict[str, str]:
    """Return the verdicts in one market."""
    return verdicts_in(WORLDS[world], seed, bars)


def main(arguments: list[str] | None = None) -> None:
    """Measure all worlds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="markets a world")
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
