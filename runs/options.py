"""The options by which every command names its market."""

from collections.abc import Callable
from typing import Any

import click

MARKET_OPTIONS = ("data", "timeframe", "mapping", "catalog", "start", "end")
"""Their names; each is a setting of `runs.config.Configuration` as well."""

_OPTIONS = (
    click.option(
        "--data", help="Market file (parquet or CSV), or venue:symbol:timeframe in the catalog; default simulated."
    ),
    click.option("--timeframe", help="Make bars of this length of the data's, such as 4h."),
    click.option("--mapping", help="TOML file that names the columns of a foreign --data file."),
    click.option("--catalog", help="The catalog's folder (see runs.download)."),
    click.option("--start", help="First bar, ISO time (UTC)."),
    click.option("--end", help="End of the range, ISO time (UTC), exclusive."),
)


def market_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a market; it gets them by the names in `MARKET_OPTIONS`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def market_named_by(settings: Any) -> dict[str, Any]:
    """Return the options that name the market of a configuration again, the simulated one by its seed."""
    named = {name: getattr(settings, name) for name in MARKET_OPTIONS}
    return named if settings.data else {**named, "seed": settings.seed}


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would be done, and about how long it takes; do nothing."
)
"""For commands that do long work."""
