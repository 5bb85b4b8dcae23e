"""What a command would do, told instead of done (``--dry-run``)."""

from typing import Any

from runs.commandline.output import print_json

START_SECONDS = 5.0
"""Before the first bar: loading and, once on each machine, compiling (the latter takes half a minute; *assumption*)."""

BACKTEST_BARS_PER_SECOND = 4_000.0
VALIDATE_BARS_PER_SECOND = 900.0
"""Rates on two cores of 2020s hardware, tearsheet and validation included; an order of magnitude (*assumption*)."""

SECONDS_PER_FILE = 0.5
"""A file of an archive, fetched four at a time, and read (*assumption*)."""

HEATMAP_SECONDS_A_BAR = 2e-6
"""Measured on one core: a bar through the model, with its snapshot."""

READING_SECONDS_A_BAR = 5e-7
"""Measured on one core: a bar through another reading of a map that is there."""

TRIAL_SECONDS, TRIAL_SECONDS_A_BAR = 1.5e-4, 4e-8
"""Measured on one core: what a combination takes however few its bars, and a bar through a compiled rule."""


def sweep_seconds(heatmaps: int, readings: int, trials: int, bars: int, jobs: int) -> float:
    """Return about how long so many heatmaps, readings of them (at least one each) and trials take `jobs` processes."""
    model = heatmaps * HEATMAP_SECONDS_A_BAR + (readings - heatmaps) * READING_SECONDS_A_BAR
    work = bars * (model + trials * TRIAL_SECONDS_A_BAR) + trials * TRIAL_SECONDS
    return START_SECONDS + work / jobs


def tell_plan(configuration: dict[str, Any], bars: int, runs: int, seconds: float, **further: Any) -> None:
    """Print a plan as JSON on stdout.

    Parameters
    ----------
    configuration
        All settings, as they came out of flags, files and defaults.
    bars, runs
        Bars of the market, and how many runs over them.
    seconds
        Roughly how long it would take.
    further
        Whatever else the command would do.
    """
    plan = {
        "dry_run": True,
        "configuration": configuration,
        "bars": bars,
        "runs": runs,
        "estimated_seconds": float(f"{seconds:.2g}"),
        **further,
    }
    print_json(plan)
