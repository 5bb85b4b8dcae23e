"""Measure what the heatmap knows of a market, and say so: validated, not validated, or too little data."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import click
import numpy as np
import pandas as pd

from datafeeds.markets import read
from datafeeds.records import LIQUIDATIONS, POSITIONS, Schema, read_records
from datafeeds.schema import Market
from datafeeds.simulated.market import SimulatedMarket, simulate_with_truth
from indicators.liquidation.parameter_fields import from_mapping
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import Command, as_input_error, run_command, suggest
from runs.commandline.compiling import MAP, note_compiling
from runs.commandline.dry_run import START_SECONDS, VALIDATE_BARS_PER_SECOND, tell_plan
from runs.commandline.evidence import print_evidence
from runs.commandline.options import dry_run_option, market_again, markets_options
from runs.commandline.output import print_json, print_results, utc_now
from runs.commandline.progress import ProgressBars
from runs.engines.configuration import Configuration, model_parameters
from runs.engines.event import load_market
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.writing import write_files
from runs.results.validation import MARKER, PAGE, Validation
from runs.validation.dataset import liquidations_in, positions_in, read_market, true_liquidations
from runs.validation.pooling import told_apart
from runs.validation.protocol import measure_markets

Data: TypeAlias = Market | SimulatedMarket | pd.DataFrame | Path | str
"""What names or holds one market."""


Records: TypeAlias = pd.DataFrame | Path | str
"""A table of records (`datafeeds.records`), or a file of them."""


def validate(
    data: Data | Sequence[Data],
    *,
    positions: Records | None = None,
    liquidations: Records | None = None,
    **model: Any,
) -> Validation:
    """Hold the heatmap's claims on a market against baselines and placebos, out of sample.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market.
        A `SimulatedMarket` knows the price of each liquidation as well. A list of several is pooled: equal weight a market,
        whole days drawn jointly over them, and each by itself beside the pool.
    positions
        Snapshots of accounts' positions (`datafeeds.records.POSITIONS`), for the claim `truth`; a market's coin counts.
    liquidations
        Single liquidations with prices (`datafeeds.records.LIQUIDATIONS`), for the claim `capture`.
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
        If there is no such market or file, or it breaks its schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> validate(simulate(1, bars=200))
    Validation(simulated-1, 200 bars 2024-01-01..2024-01-09: 0 not validated, 17 too little data, 0 validated)
    """
    parameters: ModelParameters = as_input_error(from_mapping, ModelParameters, model)
    listed = list(data) if isinstance(data, (list, tuple)) else [data]
    simulated = [one for one in listed if isinstance(one, SimulatedMarket)]
    markets = [one.market if isinstance(one, SimulatedMarket) else read(one) for one in listed]
    prices = {one.market.fingerprint(): true_liquidations(one) for one in simulated}
    known = _Known(prices, _read(positions, POSITIONS), _read(liquidations, LIQUIDATIONS))
    return _measured(as_input_error(told_apart, markets), parameters, known)


class _Known(NamedTuple):
    """What is known of single positions and liquidations: of simulated markets by their fingerprint, and from outside."""

    prices: dict[str, np.ndarray]
    positions: pd.DataFrame | None
    liquidations: pd.DataFrame | None

    def of(self, market: Market) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return liquidations and positions of a market, None where nothing was given."""
        liquidations = self.prices.get(market.fingerprint())
        if self.liquidations is not None:
            liquidations = liquidations_in(market, self.liquidations)
        return liquidations, None if self.positions is None else positions_in(market, self.positions)


def _read(source: Records | None, schema: Schema) -> pd.DataFrame | None:
    return None if source is None else read_records(source, schema)


def _measured(
    markets: Sequence[Market],
    parameters: ModelParameters,
    known: _Known,
    report: Callable[[str], None] = lambda doing: None,
) -> Validation:
    """Return the evidence of markets."""
    datasets = []
    for market in markets:
        report(f"{market.name}: the map at every bar")
        datasets.append(read_market(market, parameters, *known.of(market)))
    return Validation(measure_markets(datasets, report))


@click.command(
    cls=Command,
    epilog="Example: python -m runs.validate --data btc_1h.parquet --set half_life_hours=48 --out what-it-knows",
)
@markets_options
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Seed of the simulated market.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter of the model; may be repeated."
)
@click.option("--positions", type=click.Path(path_type=Path), help="File of accounts' positions, for the claim truth.")
@click.option(
    "--liquidations",
    type=click.Path(path_type=Path),
    help="File of single liquidations with prices, for the claim capture.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Results folder; default results/<time>-validate-<hash>.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier validation in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print validation.json on stdout.")
@dry_run_option
def command(
    seed: int, assignments: tuple[str, ...], positions: Path | None, liquidations: Path | None, out: Path | None,
    overwrite: bool, as_json: bool, dry_run: bool, **market_named: Any,
) -> int:  # fmt: skip
    """Hold the heatmap's claims against baselines and placebos, and write validation.json and validation.html."""
    parameters: ModelParameters = as_input_error(model_parameters, assignments)
    markets, prices = _markets(seed, parameters, market_named)
    known = _Known(prices, _read(positions, POSITIONS), _read(liquidations, LIQUIDATIONS))
    if dry_run:
        settings, count = {**market_named, "seed": seed, "model": asdict(parameters)}, sum(map(len, markets))
        tell_plan(settings, count, 1, START_SECONDS + count / VALIDATE_BARS_PER_SECOND)
        return 0
    note_compiling(MAP)
    fingerprints = "".join(market.fingerprint() for market in markets)
    name = run_name(utc_now(), "validate", asdict(parameters), fingerprints)
    with claimed_folder(name, out, overwrite, MARKER) as (target, temporary):
        with ProgressBars() as bars:
            found = _measured(markets, parameters, known, bars.say)
        write_files(found.files(), target, temporary)
    if as_json:
        print_json(found.record)
    else:
        print_evidence(found.record)
        print_results(target, PAGE)
        first = {**market_named, "data": next(iter(market_named["data"]), None)}
        suggest("backtest", {"strategy": "magnet", **market_again(first, seed), "set": assignments})
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
