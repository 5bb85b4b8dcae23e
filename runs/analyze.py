"""The liquidation report at any bar: where the map stands, in the terminal, as Markdown, as a page, or as JSON."""

import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from datafeeds.markets import read
from datafeeds.schema import Market
from indicators.liquidation.parameter_fields import from_mapping
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.commandline.command import Command, as_input_error, run_command, suggest
from runs.commandline.compiling import MAP, note_compiling
from runs.commandline.options import layers_option, market_again, market_options
from runs.engines.configuration import Configuration, model_parameters
from runs.engines.event import load_market
from runs.outcome.folder import claimed_folder
from runs.outcome.writing import check_file, json_text, jsonable, write_file, write_files
from runs.reports.analysis.markdown import markdown_report
from runs.reports.analysis.page import analysis_page
from runs.reports.analysis.terminal import print_analysis, terminal_text
from runs.reports.heatmap.page import heatmap_page
from runs.results.heatmap import Heatmap

MARKER = "analysis.json"
"""The file by which a folder is known as an earlier analysis's."""

HEATMAP = "heatmap.html"
"""The map through time, beside the report's page."""

_TEXT_WIDTH = 100


def heatmap(data: Market | pd.DataFrame | Path | str, *, every: int = 1, **model: Any) -> Heatmap:
    """Return where positions stand that would be force-closed, after every bar of a market. Nothing is printed or written.

    Parameters
    ----------
    data
        As `datafeeds.markets.read` takes it: a table of bars, a path, a name in the catalog, or a market.
    every
        Bars from one row of the map's `matrix` to the next.
    **model
        Parameters of the model (`indicators.liquidation.parameters.ModelParameters`).

    Raises
    ------
    InputError
        For an unknown parameter, or a value outside its domain.
    MarketError
        If there is no such market, or it breaks the schema.

    Examples
    --------
    >>> from datafeeds.simulated.market import simulate
    >>> heatmap(simulate(7, bars=1500), half_life_hours=48)
    Heatmap(simulated-7, 1,500 bars 2024-01-01..2024-03-03)
    """
    market, parameters = read(data), as_input_error(from_mapping, ModelParameters, model)
    return as_input_error(Heatmap, market, parameters, every)


@click.command(
    cls=Command,
    epilog="Example: python -m runs.analyze --data btc_1h.parquet --at 2024-08-05T12:00, "
    "or --out report --html for all forms and the heatmap's page",
)
@market_options
@click.option("--at", help="Moment of the report, ISO time (UTC): the last bar closed by then. Default the last bar.")
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Seed of the simulated market.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter of the model; may be repeated."
)
@click.option(
    "--level", default=1.0, show_default=True, type=click.FloatRange(0.1, 10.0), help="Height of a level, % of price."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File (.md, .html, .json, .txt), or a folder for all of them."
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier analysis in --out.")
@click.option(
    "--html", "as_html", is_flag=True, help="Add heatmap.html to --out; without --out, print the page on stdout."
)
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON on stdout.")
@layers_option
def command(
    at: str | None, seed: int, assignments: tuple[str, ...], level: float, out: Path | None, overwrite: bool,
    as_html: bool, as_json: bool, layers: bool, **market_named: Any,
) -> int:  # fmt: skip
    """Say what the liquidation map knows at one bar; only bars up to it are used."""
    if as_html and as_json:
        raise click.UsageError("--html and --json both want stdout: name one, or a folder with --out")
    mapped = as_html and out is not None
    if as_html and out is not None and _is_file(out) and (out.suffix != ".html" or out.name == HEATMAP):
        raise click.UsageError(f"--out {out}: with --html a folder, or a page of another name than {HEATMAP}")
    parameters: ModelParameters = as_input_error(model_parameters, assignments)
    # The strategy is named because a configuration has one; only what names the market is read of it.
    market = load_market(Configuration("magnet", seed=seed, model=parameters, **market_named))
    market = market if at is None else market.until(at)
    note_compiling(MAP)
    record = analyse(market, parameters, level / 100.0, layers)
    forms = _forms(record, HEATMAP if mapped else None)
    if out is not None:
        _write(forms, {HEATMAP: heatmap_page(market, parameters, layers=layers)} if mapped else {}, out, overwrite)
    if as_json or (as_html and out is None):
        sys.stdout.write(forms[".html" if as_html else ".json"])
        return 0
    if out is None:
        print_analysis(record, Console())
    else:
        sys.stdout.write(f"Report at {out}\n" + (f"Heatmap at {_beside(out)}\n" if mapped else ""))
    suggest("validate", {**market_again(market_named, seed), "set": assignments})
    return 0


def _forms(record: dict[str, Any], heatmap: str | None) -> dict[str, str]:
    """Return the report in every form, by the ending of its file."""
    plain = jsonable(record)
    return {
        ".md": markdown_report(record),
        ".html": analysis_page(plain, heatmap),
        ".json": json_text(plain),
        ".txt": terminal_text(record, _TEXT_WIDTH),
    }


def _is_file(out: Path) -> bool:
    return bool(out.suffix) and not out.is_dir()


def _beside(out: Path) -> Path:
    return (out.parent if _is_file(out) else out) / HEATMAP


def _write(forms: dict[str, str], further: dict[str, str], out: Path, overwrite: bool) -> None:
    """Write the forms, and further files beside them; what may not be replaced is found before anything is written."""
    if _is_file(out):
        if out.suffix not in forms:
            raise click.UsageError(f"--out {out}: a file ends in {', '.join(forms)}; a folder has no ending")
        files = {out: forms[out.suffix], **{out.parent / name: text for name, text in further.items()}}
        for path in files:
            check_file(path, overwrite)
        for path, text in files.items():
            write_file(path, text, overwrite)
        return
    with claimed_folder(out.name, out, overwrite, MARKER) as (target, temporary):
        write_files({f"analysis{ending}": text for ending, text in forms.items()} | further, target, temporary)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
