"""Try many combinations of parameters on one market or several, at compiled speed, on one machine or many."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import backtrader as bt
import click
import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import Command, as_input_error, run_command
from runs.commandline.options import asked_settings, configuration_options, dry_run_option, trial_options
from runs.commandline.progress import silent
from runs.engines.configuration import configuration_of
from runs.engines.joint.universe import in_memory, read_traded
from runs.engines.snapshot_cache import heatmaps_folder
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import CostParameters
from runs.results.sweep import Sweep
from runs.sweeps.folder import MARKER, check_folder, occupied, read_record, sweep_record
from runs.sweeps.plan import Plan, plan_from, plan_of
from runs.sweeps.report import BEST_RUNS
from runs.sweeps.run import RunOptions, launch, run_sweep, worker_context
from runs.sweeps.space.search import METHODS
from runs.sweeps.workers.across import ACROSS
from runs.sweeps.workers.executors import local_executor
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters


def sweep(
    data: Market | pd.DataFrame | Path | str | Sequence[Any] | Universe, strategy: str | type[bt.Strategy] = "magnet", *,
    grid: Mapping[str, Any],
    search: str = "grid", trials: int | None = None, objective: str = "sharpe", jobs: int = 1, folder: Path | str | None = None,
    best_runs: int = BEST_RUNS, confirm: int = 10, seed: int = 0, costs: CostParameters | Mapping[str, Any] | None = None,
    sizing: SizingParameters | Mapping[str, Any] | None = None, model: ModelParameters | Mapping[str, Any] | None = None,
    trading: TradingParameters | Mapping[str, Any] | None = None,
    instrument: InstrumentParameters | Mapping[str, Any] | None = None, across: str = ACROSS[0], allocation: str = "equal",
    **parameters: Any,
) -> Sweep:  # fmt: skip
    """Try many combinations of a strategy's parameters on one market, or on several.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market; a list of these, or a
        `Universe`.
    strategy
        magnet, cascade, wipe, overlay, ``package.module:Class``, or a class.
    grid
        For each parameter (of rule, model, sizing, trading, costs or instrument) a list of values, or text: ``low:high:step``,
        ``low:high:log:count`` or ``a,b,c``.
    search, trials, seed
        ``grid`` tries all; ``random`` and ``model`` (optuna) try `trials` of them, drawn by `seed`.
    objective
        The metric by which trials are compared (`runs.sweeps.rows.objective.METRICS`).
    jobs
        Processes.
    folder
        Where rows are kept as they come and the command's files are left; a sweep that was interrupted there goes on. None
        keeps all in memory.
    best_runs
        How many of the best the event engine runs whole, when they are asked for.
    confirm
        How many of the best are compared with the event engine, trade for trade.
    costs, sizing, trading, model, instrument, **parameters
        What is not varied, as of `runs.backtest.backtest`.
    across, allocation
        What a combination is judged on where there are several markets: one ``account`` in all of them, with its equity divided as
        ``--allocation`` says, or the ``median`` or ``worst`` of the markets, each traded alone.

    Returns
    -------
    Sweep
        Nothing is printed, and without `folder` nothing is written.

    Raises
    ------
    InputError
        For settings that are none, or if no combination gave a result.
    MarketError
        If there is no such market, or it breaks the schema.
    FolderError
        If the folder holds something else, or cannot be written.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> found = sweep(simulate(1, bars=200), grid={"stop_atr": [1, 3]}, confirm=1)
    >>> found.trials["rule.stop_atr"].tolist(), found.record["confirmation"]["equal"]
    ([1.0, 3.0], 1)
    """
    searched = {"method": search, "trials": trials, "seed": seed}
    configured = partial(
        configuration_of, model=model, sizing=sizing, trading=trading, costs=costs, instrument=instrument
    )
    market = read_traded(data)
    configuration = as_input_error(configured, strategy, parameters, data)
    if isinstance(market, Universe):
        configuration = in_memory(configuration, market, allocation)
    plan = as_input_error(plan_of, configuration, grid, searched, objective, across)
    record = sweep_record(plan, market)
    if folder is None:
        context = worker_context(plan, record, market, None)
        with contextlib.closing(local_executor(context, jobs, None)) as executor:
            return Sweep(run_sweep(plan, record, context, executor, None, confirm, silent), best_runs)
    folder = Path(folder)
    new = not (folder / MARKER).exists()
    check_folder(folder, record, new)
    context = worker_context(plan, record, market, heatmaps_folder())
    with contextlib.closing(local_executor(context, jobs, folder)) as executor, occupied(folder, record, new):
        found = Sweep(run_sweep(plan, record, context, executor, folder, confirm, silent), best_runs)
        found.write(folder)
    return found


@click.command(
    cls=Command,
    epilog="""\b
Example: python -m runs.sweep --strategy magnet --param magnet_ratio=1.5,2,3 --param stop_atr=1:5:0.5
Example: python -m runs.sweep --strategy magnet --data btc_1h.parquet --param min_distance=0.002:0.05:log:20 --search random
         --trials 500 --param taker_fee_bps=2:8:1 --jobs 2
Example: python -m runs.sweep --resume results/20260101T000000-sweep-magnet-0a1b2c3d""",
)
@configuration_options
@trial_options
@click.option("--search", "method", type=click.Choice(METHODS), help="Try all, random ones, or what a model proposes.")
@click.option("--across", type=click.Choice(ACROSS), help="Of several markets: judge on one account, or on one market.")
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
    config: Path | None, strict: bool, method: str | None, across: str | None, trials: int | None, seed: int | None,
    objective: str | None, jobs: int, cluster: str | None, insecure: bool, confirm: int, out: Path | None,
    resume: Path | None, dry_run: bool, as_json: bool, **market_named: str | None,
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
        "across": across or earlier.get("across"),
    }
    plan: Plan = as_input_error(plan_from, settings)
    return launch(plan, RunOptions(jobs, cluster, insecure, confirm, out, resume, dry_run, as_json, config, strict))


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
