"""Try many combinations of parameters on one market, at compiled speed, on one machine or many."""

import sys
from pathlib import Path
from typing import Any

import click

from runs.commandline.command import as_input_error, run_command
from runs.commandline.options import asked_settings, configuration_options, dry_run_option, trial_options
from runs.sweeps.folder import read_record
from runs.sweeps.plan import Plan, plan_from
from runs.sweeps.run import RunOptions, launch
from runs.sweeps.space.search import METHODS


@click.command(
    epilog="""\b
Example: python -m runs.sweep --strategy magnet --param magnet_ratio=1.5,2,3 --param stop_atr=1:5:0.5
Example: python -m runs.sweep --strategy magnet --data btc_1h.parquet --param min_distance=0.002:0.05:log:20 --search random
         --trials 500 --param taker_fee_bps=2:8:1 --jobs 2
Example: python -m runs.sweep --resume results/20260101T000000-sweep-magnet-0a1b2c3d"""
)
@configuration_options
@trial_options
@click.option("--search", "method", type=click.Choice(METHODS), help="Try all, random ones, or what a model proposes.")
@click.option(
    "--cluster", metavar="ADDRESS", help="Scheduler of a Dask cluster: tls://host:port, or tcp:// on loopback."
)
@click.option("--insecure", is_flag=True, help="Use a cluster that is neither on this machine nor on TLS.")
@click.option(
    "--confirm",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Compare the best N with the event engine, trade for trade.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Results folder; default results/<time>-sweep-<strategy>-<hash>."
)
@click.option("--resume", type=click.Path(path_type=Path), help="Folder of a sweep that was interrupted; go on there.")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
def command(
    strategy: str | None, params: tuple[str, ...], market_seed: int | None, assignments: tuple[str, ...],
    config: Path | None, method: str | None, trials: int | None, seed: int | None, objective: str | None, jobs: int,
    cluster: str | None, insecure: bool, confirm: int, out: Path | None, resume: Path | None, dry_run: bool,
    as_json: bool, **market_named: str | None,
) -> int:  # fmt: skip
    """Sweep a strategy's parameters and write one durable row a combination, a table of them, and a report."""
    if resume is not None and out is not None:
        raise click.UsageError("--resume names the folder already; leave --out away")
    if cluster is not None and jobs != 1:
        raise click.UsageError("--jobs is for this machine; with --cluster its workers decide")
    earlier: dict[str, Any] = read_record(resume) if resume else {}
    flags = {"strategy": strategy, "seed": market_seed, **market_named}
    configuration = asked_settings(flags, assignments, config, earlier.get("configuration"))
    searched = {"method": method, "trials": trials, "seed": seed}
    settings = {
        "configuration": configuration,
        "space": list(params) or earlier.get("space", []),
        "search": earlier.get("search", {}) | {key: value for key, value in searched.items() if value is not None},
        "objective": objective or earlier.get("objective"),
    }
    plan: Plan = as_input_error(plan_from, settings)
    return launch(plan, RunOptions(jobs, cluster, insecure, confirm, out, resume, dry_run, as_json))


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
