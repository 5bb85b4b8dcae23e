"""Choose parameters on the past and trade them on what came next, window after window."""

import sys
from pathlib import Path

import click

from runs.commandline.command import as_input_error, run_command
from runs.commandline.options import asked_settings, configuration_options, dry_run_option, trial_options
from runs.sweeps.plan import Plan, plan_from
from runs.walks.lengths import WindowOptions
from runs.walks.run import RunOptions, launch
from runs.walks.selection import CHOICES


@click.command(
    epilog="""\b
Example: python -m runs.walkforward --strategy magnet --param magnet_ratio=1.5,2,3 --param stop_atr=1:5:1
         --train 120d --test 30d
Example: python -m runs.walkforward --strategy magnet --data btc_1h.parquet --param min_distance=0.002:0.02:log:8
         --train 365d --test 90d --anchored --jobs 2"""
)
@configuration_options
@trial_options
@click.option("--train", default="365d", show_default=True, help="Length of a train window; anchored: of the first.")
@click.option("--test", default="90d", show_default=True, help="Length of a test window.")
@click.option("--step", help="From one test window to the next; default --test.")
@click.option("--anchored", is_flag=True, help="Let train windows begin at the first bar and grow.")
@click.option("--purge", help="Left out after train for trades' outcomes; default the rule's longest holding time.")
@click.option(
    "--embargo", help="Left out before test for the map's memory; default the longest of its half-lives and ages."
)
@click.option("--search", "method", type=click.Choice(("grid", "random")), help="Try all, or random ones.")
@click.option(
    "--choose", "choice", type=click.Choice(CHOICES), default="best", show_default=True, help="Point or region."
)
@click.option(
    "--confirm",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Compare the first N test windows with the event engine, trade for trade.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Results folder; default results/<time>-walk-<strategy>-<hash>."
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier walk in --out.")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
def command(
    strategy: str | None, params: tuple[str, ...], train: str, test: str, step: str | None, anchored: bool,
    purge: str | None, embargo: str | None, market_seed: int | None, assignments: tuple[str, ...], config: Path | None,
    method: str | None, trials: int | None, seed: int | None, objective: str | None, choice: str, jobs: int, confirm: int,
    out: Path | None, overwrite: bool, dry_run: bool, as_json: bool, **market_named: str | None,
) -> int:  # fmt: skip
    """Walk forward: choose parameters on each train window, trade them on the next test window, join the tests."""
    flags = {"strategy": strategy, "seed": market_seed, **market_named}
    configuration = asked_settings(flags, assignments, config)
    settings = {
        "configuration": configuration,
        "space": list(params),
        "search": {"method": method, "trials": trials, "seed": seed},
        "objective": objective,
    }
    plan: Plan = as_input_error(plan_from, settings)
    window_options = WindowOptions(train, test, step, anchored, purge, embargo)
    return launch(plan, window_options, choice, RunOptions(jobs, confirm, out, overwrite, dry_run, as_json))


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
