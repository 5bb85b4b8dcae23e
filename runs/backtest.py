"""Run one strategy on one market, and leave a folder that can be believed."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import backtrader as bt
import click
import pandas as pd
from rich.table import Table

from datafeeds.markets import read
from datafeeds.schema import Market
from datafeeds.universe.markets import Universe, from_markets
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import Command, as_input_error, note, run_command, suggest
from runs.commandline.compiling import note_compiling
from runs.commandline.dry_run import BACKTEST_BARS_PER_SECOND, START_SECONDS, tell_plan
from runs.commandline.joint_summary import print_joint_summary
from runs.commandline.options import (
    asked_settings,
    configuration_options,
    dry_run_option,
    layers_option,
    market_named_by,
)
from runs.commandline.output import print_json, print_lines, print_results, utc_now, wide_console
from runs.commandline.progress import progress
from runs.commandline.repeating import hold_to_record
from runs.commandline.uncompiled import note_uncompiled
from runs.engines.configuration import Configuration, changed_assignments, configuration_from, configuration_of
from runs.engines.evaluator import run_compiled
from runs.engines.event import load_market, run_backtest
from runs.engines.instruments import checked_listing
from runs.engines.joint.evaluator import JointEvaluator
from runs.engines.joint.event import run_joint_backtest
from runs.engines.joint.plan import check_joint, one_of_several
from runs.engines.joint.universe import load_universe
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.joint_metrics import universe_record
from runs.outcome.metrics import unopened_sentence, volume_sentence
from runs.outcome.provenance import market_record
from runs.outcome.run_files import PAGES
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import CostParameters
from runs.reports.beside import worked_out_beside
from runs.reports.competitors import ROWS, SIDES, further_cash, side_by_side
from runs.results.backtest import Result
from runs.results.joint import JointRun
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters


def backtest(
    data: Market | pd.DataFrame | Path | str | Sequence[Any] | Universe,
    strategy: str | type[bt.Strategy] = "magnet",
    *,
    costs: CostParameters | Mapping[str, Any] | None = None,
    sizing: SizingParameters | Mapping[str, Any] | None = None,
    trading: TradingParameters | Mapping[str, Any] | None = None,
    model: ModelParameters | Mapping[str, Any] | None = None,
    instrument: InstrumentParameters | Mapping[str, Any] | None = None,
    allocation: str = "equal",
    **parameters: Any,
) -> Result | JointRun:
    """Run one strategy on one market, or with one account on several. Nothing is printed or written.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market; a list of these, or a
        `Universe`.
    strategy
        magnet, cascade, wipe, overlay, ``package.module:Class``, or a class.
    costs, sizing, trading, model, instrument
        Parameters: the dataclass, or the changed ones by name.
    allocation
        How equity is divided among several markets, as ``--allocation`` takes it.
    **parameters
        By name, as ``--set`` takes them: the strategy's own, or one of model, sizing, trading, costs or instrument alone.

    Returns
    -------
    Result or JointRun
        Tables, figures, pictures and pages, each made when it is asked for; `JointRun` of several markets.

    Raises
    ------
    InputError
        For an unknown strategy or parameter, a value outside its domain, or a leverage that the venue does not allow.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> backtest(simulate(7, bars=1500), magnet_ratio=3.0)  # doctest: +ELLIPSIS
    Result(magnet on simulated-7, 1,500 bars 2024-01-01..2024-03-03: return ..., Sharpe ..., ... trades, drawdown by bar ... %)
    """
    configured = partial(
        configuration_of, model=model, sizing=sizing, trading=trading, costs=costs, instrument=instrument
    )
    configuration = as_input_error(configured, strategy, parameters, data)
    if isinstance(data, (list, tuple, Universe)):
        universe = data if isinstance(data, Universe) else from_markets([read(each) for each in data])
        several = replace(configuration, allocation=allocation)
        as_input_error(check_joint, several, universe)
        return JointRun(JointEvaluator(universe, Heatmaps(None)).run(several))
    market = read(data)
    as_input_error(checked_listing, configuration, market)
    return Result(run_compiled(configuration, market))


@click.command(
    cls=Command,
    epilog="Example: python -m runs.backtest --strategy magnet --data btc_1h.parquet --set magnet_ratio=3 --out first-run",
)
@configuration_options
@click.option("--seed", type=int, help="Seed of the simulated market.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Results folder; default results/<time>-<strategy>-<hash>."
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier run in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON on stdout.")
@layers_option
@dry_run_option
def command(
    strategy: str | None, seed: int | None, assignments: tuple[str, ...], config: Path | None, strict: bool,
    out: Path | None, overwrite: bool, as_json: bool, layers: bool, dry_run: bool, **market_named: str | None,
) -> int:  # fmt: skip
    """Run one strategy on one market, or with one account on several, and write tearsheet, report, metrics, trades and equity."""
    settings = asked_settings({"strategy": strategy, "seed": seed, **market_named}, assignments, config)
    configuration = as_input_error(configuration_from, settings)
    if configuration.several:
        universe = load_universe(configuration)
        if not universe.is_one_market:
            hold_to_record(config, strict, configuration.strategy, universe_record(universe))
            return _trade_several(configuration, universe, out, overwrite, as_json, layers, dry_run)
        configuration = one_of_several(configuration, universe)
    market = load_market(configuration)
    hold_to_record(config, strict, configuration.strategy, market_record(market))
    as_input_error(checked_listing, configuration, market)
    if dry_run:
        seconds = START_SECONDS + len(market) / BACKTEST_BARS_PER_SECOND
        tell_plan(configuration.as_dict(), len(market), 1, seconds)
        return 0
    note_uncompiled(configuration.strategy)
    name = run_name(utc_now(), configuration.strategy, configuration.as_dict(), market.fingerprint())
    with (
        claimed_folder(name, out, overwrite) as (target, temporary),
        worked_out_beside(configuration, market) as beside,
    ):
        note_compiling()
        with progress("backtest", len(market), "bars") as report:
            run = run_backtest(configuration, market, report=report)
        result = Result(run, beside)
        result.write(target, temporary, layers)
    if as_json:
        print_json({"folder": str(target), **result.record})
    else:
        _print_summary(result.record, target)
        changed = changed_assignments(configuration.model)
        suggest("analyze", {**market_named_by(configuration), "set": changed, "layers": layers})
    return 0


def _trade_several(
    configuration: Configuration, universe: Universe, out: Path | None, overwrite: bool, as_json: bool, layers: bool,
    dry_run: bool,
) -> int:  # fmt: skip
    """Run one account over a universe."""
    as_input_error(check_joint, configuration, universe)
    bars = sum(len(each.market) for each in universe.markets)
    if dry_run:
        seconds = START_SECONDS + bars / BACKTEST_BARS_PER_SECOND
        tell_plan(configuration.as_dict(), bars, 1, seconds, markets=list(universe.names))
        return 0
    note_uncompiled(configuration.strategy)
    name = run_name(utc_now(), configuration.strategy, configuration.as_dict(), universe.fingerprint())
    with claimed_folder(name, out, overwrite) as (target, temporary):
        note_compiling()
        with progress("backtest", len(universe.times), "bars") as report:
            result = JointRun(as_input_error(run_joint_backtest, configuration, universe, report))
        result.write(target, temporary, layers)
    if as_json:
        print_json({"folder": str(target), **result.record})
    else:
        print_joint_summary(result.record, target)
    return 0


def _print_summary(metrics: dict[str, Any], target: Path) -> None:
    data, money, trading = metrics["data"], metrics["money"], metrics["trading"]
    changes = metrics["irrelevant_changes"]
    note(*data["caveats"], *data["defects"], *metrics["instrument"]["stand_ins"])
    note(*filter(None, [unopened_sentence(trading), volume_sentence(trading)]))
    table = Table(title=f"{metrics['strategy']} on {data['name']}, {data['first_bar'][:10]} to {data['last_bar'][:10]}")
    for title in ("", *(title for _, title in SIDES)):
        table.add_column(title, justify="left" if not title else "right")
    for label, key, shape in ROWS:
        table.add_row(label, *side_by_side(metrics, key, shape))
        if key == "total_return_fraction" and changes["examined"]:
            low, middle, high = (f"{changes[f'{name}_fraction']:+.2%}" for name in ("low", "median", "high"))
            table.add_row("  if what should not matter changes", f"{low} to {high}, median {middle}")
    table.add_row("Sharpe, 95 % interval", _range(metrics["intervals"]["sharpe"], "{:.2f}"))
    table.add_section()
    for label, value in (
        ("Instrument", f"{metrics['instrument']['venue']} {metrics['instrument']['symbol']}"),
        ("Trades", f"{trading['trades']:,}"),
        ("Hit rate", _cell(trading["hit_rate_fraction"], "{:.1%}")),
        ("Waiting entries not filled", _cell(trading["waiting_entries_unfilled_fraction"], "{:.1%}")),
        ("Fees", f"{money['fees_quote']:,.2f}"),
        ("Funding paid", f"{money['funding_paid_quote']:,.2f}"),
        ("Own liquidations", f"{money['liquidations']}"),
        ("Final equity", f"{money['final_equity_quote']:,.2f}"),
        ("Reconciliation error", f"{money['reconciliation_error']:.1e}"),
    ):
        table.add_row(label, value)
    wide_console().print(table)
    if changes.get("undetermined", True):
        print_lines(changes["sentence"])
    said = [metrics[name]["sentence"] for name in ("sensitivity", "constant_exposure", "evidence")]
    print_lines(*said[:2], *filter(None, [further_cash(metrics)]), said[2])
    print_results(target, *PAGES)


def _cell(value: float, shape: str) -> str:
    return shape.format(value) if value == value else "-"


def _range(ends: dict[str, float], shape: str) -> str:
    low, high = _cell(ends["low"], shape), _cell(ends["high"], shape)
    return "-" if low == high == "-" else f"{low} to {high}"


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
