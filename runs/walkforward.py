"""Choose parameters on the past and trade them on what came next, window after window."""

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
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import CostParameters
from runs.results.walk import WalkForward
from runs.sweeps.plan import Plan, plan_from, plan_of
from runs.sweeps.workers.across import ACROSS
from runs.walks.lengths import WindowOptions
from runs.walks.run import RunOptions, check_walk, launch, lay_out, run_walk
from runs.walks.selection import CHOICES
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters


def walk_forward(
    data: Market | pd.DataFrame | Path | str | Sequence[Any] | Universe, strategy: str | type[bt.Strategy] = "magnet", *,
    grid: Mapping[str, Any],
    train: str, test: str, step: str | None = None, anchored: bool = False, purge: str | None = None, embargo: str | None = None,
    choose: str = "best", search: str = "grid", trials: int | None = None, objective: str = "sharpe", jobs: int = 1,
    confirm: int = 3, seed: int = 0, costs: CostParameters | Mapping[str, Any] | None = None,
    sizing: SizingParameters | Mapping[str, Any] | None = None, model: ModelParameters | Mapping[str, Any] | None = None,
    trading: TradingParameters | Mapping[str, Any] | None = None,
    instrument: InstrumentParameters | Mapping[str, Any] | None = None, across: str = ACROSS[0], allocation: str = "equal",
    **parameters: Any,
) -> WalkForward:  # fmt: skip
    """Choose parameters on each train window, trade them on the test window after it, and join the tests on one account.

    Parameters
    ----------
    data, strategy, grid, objective, jobs, costs, sizing, trading, model, instrument, across, allocation, **parameters
        As of `runs.sweep.sweep`. Tests are traded by one account in all markets, whatever `across` candidates are judged on.
    train, test, step
        Lengths such as ``365d``; `step` leads from one test to the next, and is `test` by default.
    anchored
        Let train windows begin at the first bar and grow.
    purge, embargo
        What lies between train and test for the outcomes of trades and for the map's memory; None derives both.
    choose
        ``best`` point, or ``region``: the best median of a point and its neighbours.
    search, trials, seed
        ``grid`` tries all; ``random`` tries `trials` of them, drawn by `seed`.
    confirm
        How many test windows are compared with the event engine, trade for trade.

    Returns
    -------
    WalkForward
        Nothing is printed or written.

    Raises
    ------
    InputError
        For settings that are none, windows that do not fit, or if no combination gave a result.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> lengths = {"train": "5d", "test": "3d", "purge": "0", "embargo": "0"}
    >>> walked = walk_forward(simulate(1, bars=200), grid={"stop_atr": [1, 3]}, **lengths)
    >>> walked.windows["test_from"].dt.day.tolist(), walked.record["combinations"]
    ([6], 2)
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
    as_input_error(check_walk, plan, choose)
    lengths = WindowOptions(train, test, step, anchored, purge, embargo)
    walk = as_input_error(lay_out, plan, lengths, choose, market)
    return WalkForward(run_walk(walk, jobs, confirm, None, None, silent))


@click.command(
    cls=Command,
    epilog="""\b
Example: python -m runs.walkforward --strategy magnet --param magnet_ratio=1.5,2,3 --param stop_atr=1:5:1
         --train 120d --test 30d
Example: python -m runs.walkforward --strategy magnet --data btc_1h.parquet --param min_distance=0.002:0.02:log:8
         --train 365d --test 90d --anchored --jobs 2""",
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
@click.option("--across", type=click.Choice(ACROSS), help="Of several markets: judge on one account, or on one market.")
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
    strict: bool, method: str | None, across: str | None, trials: int | None, seed: int | None, objective: str | None,
    choice: str, jobs: int, confirm: int, out: Path | None, overwrite: bool, dry_run: bool, as_json: bool,
    **market_named: str | None,
) -> int:  # fmt: skip
    """Walk forward: choose parameters on each train window, trade them on the next test window, join the tests."""
    flags = {"strategy": strategy, "seed": market_seed, **market_named}
    configuration = asked_settings(flags, assignments, config)
    settings = {
        "configuration": configuration,
        "space": list(params),
        "search": {"method": method, "trials": trials, "seed": seed},
        "objective": objective,
        "across": across,
    }
    plan: Plan = as_input_error(plan_from, settings)
    window_options = WindowOptions(train, test, step, anchored, purge, embargo)
    return launch(
        plan, window_options, choice, RunOptions(jobs, confirm, out, overwrite, dry_run, as_json, config, strict)
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
