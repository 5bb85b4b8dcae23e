"""Write the tables of docs/evidence-level.md, how often a sweep's test takes noise for skill: ``python docs/evidence_level.py``."""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ |= {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}  # small products: more threads only wait for each other

import numpy as np
from scipy.signal import lfilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from runs.statistics.performance import DAYS_PER_YEAR
from runs.statistics.proportion import proportion_interval
from runs.statistics.reality import superior_predictive_ability
from runs.sweeps.findings.verdict import LEVEL

PAGE = Path(__file__).with_name("evidence-level.md")

DRAWS = 399
"""(1 + draws) times the level is whole, so that the draws cost power and no level."""

WARM_UP = 60

FIRST_SEED = 100_000
"""The choice between variants was made on seeds below."""


class Shape(NamedTuple):
    """Days, trials, their common correlation, and the annual Sharpe ratio that is planted in one of them."""

    days: int
    trials: int
    common: float
    sharpe: float


SHAPES = (Shape(300, 40, 0.0, 4.0), Shape(600, 100, 0.2, 3.0))
LONG = Shape(1800, 200, 0.2, 2.0)

Noise = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def normal(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return standard normal draws."""
    return random.standard_normal(shape)


def student(degrees: float) -> Noise:
    """Return draws of Student's t, with unit variance."""
    return lambda random, shape: random.standard_t(degrees, shape) * math.sqrt(1.0 - 2.0 / degrees)


def rare_losses(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return draws of skewness -2: small gains and exponential losses."""
    return 1.0 - random.standard_exponential(shape)


def rare_gains(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return draws of skewness 2."""
    return random.standard_exponential(shape) - 1.0


def clustered(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return normal draws whose log volatility, the same for all trials, is an autoregression (.95 a day, deviation .6)."""
    shocks = random.standard_normal(shape[0]) * 0.6 * math.sqrt(1.0 - 0.95**2)
    return random.standard_normal(shape) * np.exp(lfilter([1.0], [1.0, -0.95], shocks))[:, None]


class World(NamedTuple):
    """What noise is like: innovations, and weights of the innovations (`later`) and returns (`memory`) before."""

    name: str
    noise: Noise = normal
    memory: tuple[float, ...] = ()
    later: tuple[float, ...] = ()
    half: bool = False


WORLDS = tuple(
    World(f"{name}, correlation {memory:g}", noise, (memory,))
    for noise, name in ((normal, "normal"), (student(3.0), "t, 3 degrees"))
    for memory in (0.0, 0.1, 0.3)
)
OTHERS = (
    World("t, 4 degrees, correlation .3", student(4.0), (0.3,)),
    World("normal, correlation -.2", memory=(-0.2,)),
    World("normal, correlation .3 in half of the trials", memory=(0.3,), half=True),
    World("normal, .15 of each of four days before", later=(0.15,) * 4),
    World("clustered volatility", clustered),
    World("skewness +2", rare_gains),
    World("skewness -2", rare_losses),
)
CHOSEN_ON = (
    *((world, shape) for shape in SHAPES for world in WORLDS),
    *((world, LONG) for world in WORLDS if world.memory == (0.3,)),
)
REPORTED = tuple((world, shape) for shape in SHAPES for world in OTHERS)


def returns_in(world: World, shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return (days, trials) daily returns with a mean of zero and a daily deviation near 1 %."""
    size = (shape.days + WARM_UP, shape.trials)
    noise = math.sqrt(1.0 - shape.common) * world.noise(random, size)
    noise += math.sqrt(shape.common) * world.noise(random, (size[0], 1))
    found = lfilter([1.0, *world.later], [1.0, *(-weight for weight in world.memory)], noise, axis=0)
    if world.half:
        found[:, ::2] = noise[:, ::2]
    return 0.01 * found[WARM_UP:]


def p_value(returns: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the p-values, Hansen's consistent and White's."""
    found = superior_predictive_ability(returns, DRAWS, seed)
    return found.p_consistent, found.reality_check


def measured(world: World, shape: Shape, index: int, sweeps: int, planted: int) -> np.ndarray:
    """Return counts, with seeds of their own for a `index`: noise rejected by Hansen's and by White's test, and skill found.

    Skill is one trial of the same noise with a higher Sharpe ratio, found by Hansen's test.
    """
    counts = np.zeros(3, dtype=int)
    for number in range(sweeps):
        returns = returns_in(world, shape, np.random.default_rng([FIRST_SEED + number, shape.days, index]))
        counts[:2] += np.array(p_value(returns, number)) <= LEVEL
        if number < planted:
            returns[:, 0] += shape.sharpe / math.sqrt(DAYS_PER_YEAR) * returns[:, 0].std(ddof=1)
            counts[2] += p_value(returns, number)[0] <= LEVEL
    return counts


def row(world: World, shape: Shape, counts: np.ndarray, sweeps: int, planted: int) -> str:
    """Return a line of the table."""
    low, high = proportion_interval(int(counts[0]), sweeps)
    return (
        f"| {world.name} | {shape.days} x {shape.trials} | {counts[0] / sweeps:.1%} | {low:.1%} .. {high:.1%} "
        f"| {counts[1] / sweeps:.1%} | {counts[2] / planted:.0%} |"
    )


MARK = "## The test as it is"
"""What is above it on the page is the protocol and the choice: written once, by hand."""

HEAD = """
From here on written by `python docs/evidence_level.py --sweeps {sweeps} --planted {planted}`: other seeds, each world its own.
Shares of {sweeps:,} sweeps, with 95 % intervals (Wilson 1927); power of {planted}. The planted Sharpe ratio is 4, 3 and, at 1,800
days, 2.
*Rejected*: Hansen's consistent p-value, which decides, is at most {level:.0%}. *White's*:
the [reality check](glossary.md#reality-check)'s is.
"""

OTHER = """
## What it was not chosen on
"""

COLUMNS = "| noise | days x trials | rejected | 95 % interval | White's | power |\n|---|---|---|---|---|---|"


def page(above: str, lines: list[str], others: list[str], sweeps: int, planted: int) -> str:
    """Return the page with its two tables, below what stands `above`."""
    head = HEAD.format(sweeps=sweeps, planted=planted, level=LEVEL)
    return "\n".join([above + MARK, head, COLUMNS, *lines, OTHER, COLUMNS, *others, ""])


def main(arguments: list[str] | None = None) -> None:
    """Measure all worlds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=1000, help="sweeps a world over noise")
    parser.add_argument("--planted", type=int, default=300, help="of these, with a planted effect as well")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.planted <= chosen.sweeps:
        parser.error("--planted must be at least 1 and at most --sweeps")
    tables: list[list[str]] = []
    for cells in (CHOSEN_ON, REPORTED):
        tables.append([])
        for index, (world, shape) in enumerate(cells, start=len(CHOSEN_ON) if tables[1:] else 0):
            started = time.perf_counter()
            counts = measured(world, shape, index, chosen.sweeps, chosen.planted)
            tables[-1].append(row(world, shape, counts, chosen.sweeps, chosen.planted))
            sys.stderr.write(f"{tables[-1][-1]} {time.perf_counter() - started:.0f} s\n")
    above = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    chosen.out.write_text(page(above, *tables, chosen.sweeps, chosen.planted), encoding="utf-8")


if __name__ == "__main__":
    main()
