"""Measure what the heatmap knows of a market, and say so: validated, not validated, or too little data."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from rich.table import Table

from datafeeds.markets import read
from datafeeds.schema import Market
from datafeeds.simulated.market import SimulatedMarket, simulate_with_truth
from indicators.liquidation.parameter_fields import from_mapping
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import as_input_error, note, run_command, suggest
from runs.commandline.dry_run import START_SECONDS, VALIDATE_BARS_PER_SECOND, tell_plan
from runs.commandline.options import dry_run_option, market_options
from runs.commandline.output import print_json, print_lines, print_results, utc_now, wide_console
from runs.commandline.progress import ProgressBars
from runs.engines.configuration import Configuration, model_parameters
from runs.engines.event import load_market
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.writing import write_files
from runs.reports.page import figure
from runs.results.validation import MARKER, PAGE, Validation
from runs.validation.dataset import read_market, true_liquidations
from runs.validation.protocol import measure_claims
from runs.validation.record import validation_record


def validate(data: Market | SimulatedMarket | pd.DataFrame | Path | str, **model: Any) -> Validation:
    """Hold the heatmap's claims on a market against baselines and placebos, out of sample.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market.
        A `SimulatedMarket` knows the price of each liquidation as well.
    **model
        Parameters of the model (`indicators.liquidation.parameters.ModelParameters`).

    Returns
    -------
    Validation
        The claims with their verdicts. Nothing is printed or written.

    Raises
    ------
    InputError
        For an unknown parameter or a value outside its domain.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> validate(simulate(1, bars=200))
    Validation(simulated-1, 200 bars 2024-01-01..2024-01-09: 0 not validated, 15 too little data, 0 validated)
    """
    parameters: ModelParameters = as_input_error(from_mapping, ModelParameters, model)
    if isinstance(data, SimulatedMarket):
        return _measured(data.market, parameters, true_liquidations(data))
    return _measured(read(data), parameters)


def _measured(
    market: Market,
    parameters: ModelParameters,
    liquidations: np.ndarray | None = None,
    report: Callable[[str], None] = lambda doing: None,
) -> Validation:
    report("the map at every bar")
    dataset = read_market(market, parameters, liquidations)
    return Validation(validation_record(measure_claims(dataset, report), dataset))


@click.command(
    epilog="Example: python -m runs.validate --data btc_1h.parquet --set half_life_hours=48 --out what-it-knows"
)
@market_options
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Seed of the simulated market.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter of the model; may be repeated."
)
@click.option("--out", type=click.Path(path_type=Path), help="Results folder; default results/<time>-validate-<hash>.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier validation in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print validation.json on stdout.")
@dry_run_option
def command(
    seed: int, assignments: tuple[str, ...], out: Path | None, overwrite: bool, as_json: bool, dry_run: bool,
    **market_named: Any,
) -> int:  # fmt: skip
    """Hold the heatmap's claims against baselines and placebos, and write validation.json and validation.html."""
    parameters: ModelParameters = as_input_error(model_parameters, assignments)
    market, liquidations = _market(seed, parameters, market_named)
    if dry_run:
        settings = {**market_named, "seed": seed, "model": asdict(parameters)}
        tell_plan(settings, len(market), 1, START_SECONDS + len(market) / VALIDATE_BARS_PER_SECOND)
        return 0
    name = run_name(utc_now(), "validate", asdict(parameters), market.fingerprint())
    with claimed_folder(name, out, overwrite, MARKER) as (target, temporary):
        with ProgressBars() as bars:
            found = _measured(market, parameters, liquidations, bars.say)
        write_files(found.files(), target, temporary)
    if as_json:
        print_json(found.record)
    else:
        _print_record(found.record, target)
        suggest("backtest", {"strategy": "magnet", **market_named})
    return 0


def _market(seed: int, parameters: ModelParameters, named: dict[str, Any]) -> tuple[Market, np.ndarray | None]:
    """Return the market, and its liquidations with their prices where it is the whole simulated one, which knows them."""
    if any(named.values()):
        # The strategy is named because a configuration has one; only what names the market is read of it.
        return load_market(Configuration("magnet", seed=seed, model=parameters, **named)), None
    simulated = simulate_with_truth(seed)
    return simulated.market, true_liquidations(simulated)


def _print_record(record: Mapping[str, Any], target: Path) -> None:
    data = record["data"]
    note(*data["caveats"])
    table = Table(
        title=f"{data['name']}, {data['first_bar'][:10]} to {data['last_bar'][:10]}: each claim, against its hardest baseline"
    )
    for title in ("claim", "verdict", "estimate", "95 % interval", "n", "effective", "detectable", "hardest baseline"):
        table.add_column(title, justify="left" if title in ("claim", "verdict", "hardest baseline") else "right")
    for claim in record["claims"]:
        table.add_row(claim["name"], claim["verdict"], *_cells(claim["weakest"]))
    wide_console().print(table, markup=False)
    for claim in record["claims"]:
        _print_details(claim)
    print_results(target, PAGE)


def _cells(weakest: dict[str, Any] | None) -> tuple[str, ...]:
    if weakest is None:
        return ("-",) * 6
    interval = f"{figure(weakest['low'])} .. {figure(weakest['high'])}"
    observed = (f"{weakest['observations']:,}", f"{weakest['effective']:,.0f}")
    detectable = figure(weakest["minimum_detectable_effect"])
    return (figure(weakest["estimate"]), interval, *observed, detectable, weakest["baseline"])


def _print_details(claim: dict[str, Any]) -> None:
    lines = [f"\n{claim['name']}: {claim['statement']} - {claim['verdict']}.", f"  {claim['statistic']}"]
    for label, tests in (("against", claim["tests"]), ("placebo", claim["placebos"])):
        for test in tests:
            interval = f"{figure(test['estimate'])} ({figure(test['low'])} .. {figure(test['high'])})"
            lines.append(
                f"  {label} {test['baseline']}: {interval}, p {figure(test['p_value'])}, "
                f"detectable {figure(test['minimum_detectable_effect'])}"
            )
    lines += [f"  {remark}" for remark in claim["remarks"]]
    print_lines(*lines)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
