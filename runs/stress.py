"""The stress test: if price moves so far within so long, how much is liquidated, and how often such answers have held."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from datafeeds.markets import read
from datafeeds.schema import Market
from indicators.liquidation.parameter_fields import from_mapping
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import Command, InputError, as_input_error, note, run_command, suggest
from runs.commandline.compiling import MAP, note_compiling
from runs.commandline.options import market_again, market_options
from runs.commandline.output import print_json, print_results, wide_console
from runs.engines.configuration import Configuration, model_parameters
from runs.engines.event import load_market
from runs.outcome.folder import claimed_folder
from runs.outcome.writing import write_files
from runs.reports.stress.terminal import print_stress
from runs.results.stress import MARKER, PAGE, Stress
from runs.stress_test.record import stress_record
from runs.stress_test.scenarios import MOVES, MoveError


def stress(
    data: Market | pd.DataFrame | Path | str,
    *,
    moves: Sequence[float] = MOVES,
    deviations: Sequence[float] = (),
    **model: Any,
) -> Stress:
    """Ask at the last bar of a market what moves of price liquidate, and how often such answers have held.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market.
    moves, deviations
        Fractions of price, and daily standard deviations, each asked as a fall and as a rise.
    **model
        Parameters of the model (`indicators.liquidation.parameters.ModelParameters`).

    Returns
    -------
    Stress
        Scenarios and coverage. Nothing is printed or written.

    Raises
    ------
    InputError
        For a move that cannot be asked, an unknown parameter or a value outside its domain.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> stress(simulate(1, bars=200), moves=(0.05,))
    Stress(simulated-1, 200 bars 2024-01-01..2024-01-09: 2 answers in the model's own units)
    """
    parameters: ModelParameters = as_input_error(from_mapping, ModelParameters, model)
    market = read(data)
    return _tested(market, parameters, moves, deviations)


def _tested(market: Market, parameters: ModelParameters, moves: Sequence[float], deviations: Sequence[float]) -> Stress:
    try:
        return Stress(stress_record(market, parameters, moves, deviations))
    except MoveError as error:
        raise InputError(str(error)) from None


class _Numbers(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """Numbers, separated by commas."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r}: numbers separated by commas, such as 2,5,10", param, ctx)


@click.command(
    cls=Command,
    epilog="Example: python -m runs.stress --data btc_1h.parquet --moves 2,5,10, or --deviations 1,2,3 --out stressed",
)
@market_options
@click.option("--at", help="Moment of the question, ISO time (UTC): the last bar closed by then. Default the last bar.")
@click.option("--moves", type=_Numbers(), help="Moves in percent of price, each way; default 1,2,3,5,8,10,15.")
@click.option("--deviations", type=_Numbers(), help="Moves in daily standard deviations, each way.")
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Seed of the simulated market.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter of the model; may be repeated."
)
@click.option("--out", type=click.Path(path_type=Path), help=f"Folder for {MARKER} and {PAGE}.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier stress test in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON on stdout.")
def command(
    at: str | None, moves: tuple[float, ...] | None, deviations: tuple[float, ...] | None, seed: int,
    assignments: tuple[str, ...], out: Path | None, overwrite: bool, as_json: bool, **market_named: Any,
) -> int:  # fmt: skip
    """Say what a move of price liquidates, from the last bar on, and how often such answers have held."""
    parameters: ModelParameters = as_input_error(model_parameters, assignments)
    fractions = tuple(move / 100.0 for move in moves or ()) or (() if deviations else MOVES)
    # The strategy is named because a configuration has one; only what names the market is read of it.
    market = load_market(Configuration("magnet", seed=seed, model=parameters, **market_named))
    market = market if at is None else market.until(at)
    note_compiling(MAP)
    with claimed_folder(out.name, out, overwrite, MARKER) if out else contextlib.nullcontext() as folder:
        tested = _tested(market, parameters, fractions, deviations or ())
        if folder:
            write_files(tested.files(), *folder)
    if as_json:
        print_json(tested.record)
        return 0
    note(*market.caveats())
    print_stress(dict(tested.record), wide_console())
    if folder:
        print_results(folder[0], PAGE)
    suggest("analyze", {**market_again(market_named, seed), "at": at, "set": assignments})
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
