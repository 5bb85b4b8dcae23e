"""Measure what the heatmap knows of a market, and say so: validated, not validated, or too little data."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

import click
import numpy as np
import pandas as pd

from datafeeds.markets import read
from datafeeds.schema import Market
from datafeeds.simulated.market import SimulatedMarket, simulate_with_truth
from indicators.liquidation.parameter_fields import from_mapping
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import as_input_error, run_command, suggest
from runs.commandline.dry_run import START_SECONDS, VALIDATE_BARS_PER_SECOND, tell_plan
from runs.commandline.evidence import print_evidence
from runs.commandline.options import dry_run_option, markets_options
from runs.commandline.output import print_json, print_results, utc_now
from runs.commandline.progress import ProgressBars
from runs.engines.configuration import Configuration, model_parameters
from runs.engines.event import load_market
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.writing import write_files
from runs.results.validation import MARKER, PAGE, Validation
from runs.validation.dataset import read_market, true_liquidations
from runs.validation.pooling import told_apart
from runs.validation.protocol import measure_markets

Data: TypeAlias = Market | SimulatedMarket | pd.DataFrame | Path | str
"""What names or holds one market."""


def validate(data: Data | Sequence[Data], **model: Any) -> Validation:
    """Hold the heatmap's claims on a market against baselines and placebos, out of sample.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market.
        A `SimulatedMarket` knows the price of each liquidation as well. A list of several is pooled: equal weight a market,
        whole days drawn jointly over them, and each by itself beside the pool.
    **model
        Parameters of the model (`indicators.liquidation.parameters.ModelParameters`).

    Returns
    -------
    Validation
        The claims with their verdicts. Nothing is printed or written.

    Raises
    ------
    InputError
        For an unknown parameter or a value outside its domain, or the same market twice.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> validate(simulate(1, bars=200))
    Validation(simulated-1, 200 bars 2024-01-01..2024-01-09: 0 not validated, 15 too little data, 0 validated)
    """
    parameters: ModelParameters = as_input_error(from_mapping, ModelParameters, model)
    listed = list(data) if isinstance(data, (list, tuple)) else [data]
    simulated = [one for one in listed if isinstance(one, SimulatedMarket)]
    markets = [one.market if isinstance(one, SimulatedMarket) else read(one) for one in listed]
    prices = {one.market.fingerprint(): true_liquidations(one) for one in simulated}
    return _measured(as_input_error(told_apart, markets), parameters, prices)


def _measured(
    markets: Sequence[Market],
    parameters: ModelParameters,
    liquidations: dict[str, np.ndarray],
    report: Callable[[str], None] = lambda doing: None,
) -> Validation:
    """Return the evidence of markets; `liquidations` are those with prices, by the fingerprint of their market."""
    datasets = []
    for market in markets:
        report(f"{market.name}: the map at every bar")
        datasets.append(read_market(market, parameters, liquidations.get(market.fingerprint())))
    return Validation(measure_markets(datasets, report))


@click.command(
    epilog="Example: python -m runs.validate --data btc_1h.parquet --set half_life_hours=48 --out what-it-knows"
)
@markets_options
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
    markets, liquidations = _markets(seed, parameters, market_named)
    if dry_run:
        settings, count = {**market_named, "seed": seed, "model": asdict(parameters)}, sum(map(len, markets))
        tell_plan(settings, count, 1, START_SECONDS + count / VALIDATE_BARS_PER_SECOND)
        return 0
    fingerprints = "".join(market.fingerprint() for market in markets)
    name = run_name(utc_now(), "validate", asdict(parameters), fingerprints)
    with claimed_folder(name, out, overwrite, MARKER) as (target, temporary):
        with ProgressBars() as bars:
            found = _measured(markets, parameters, liquidations, bars.say)
        write_files(found.files(), target, temporary)
    if as_json:
        print_json(found.record)
    else:
        print_evidence(found.record)
        print_results(target, PAGE)
        suggest("backtest", {"strategy": "magnet", **market_named, "data": next(iter(market_named["data"]), None)})
    return 0


def _markets(
    seed: int, parameters: ModelParameters, named: dict[str, Any]
) -> tuple[list[Market], dict[str, np.ndarray]]:
    """Return the markets, and the liquidations with prices of the whole simulated one, which knows them."""
    if any(named.values()):
        # The strategy is named because a configuration has one; only what names the market is read of it.
        base = Configuration("magnet", seed=seed, model=parameters, **{**named, "data": None})
        markets = [load_market(replace(base, data=one)) for one in named["data"] or (None,)]
        return as_input_error(told_apart, markets), {}
    simulated = simulate_with_truth(seed)
    return [simulated.market], {simulated.market.fingerprint(): true_liquidations(simulated)}


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
