"""The options that commands share: the market's, a configuration's, and those of what is tried."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from datafeeds.universe.selection import is_selection
from runs.commandline.command import InputError, as_input_error
from runs.engines.configuration import read_settings, with_assignments

MARKET_OPTIONS = ("data", "timeframe", "mapping", "catalog", "start", "end")
"""Their names; each is a setting of `runs.engines.configuration.Configuration` as well."""

_DATA_HELP = (
    "Market file (parquet or CSV), or venue:symbol:timeframe in the catalog (venue+venue:... sums sizes over venues); "
    "default simulated."
)

_RANGE = (
    click.option("--timeframe", help="Make bars of this length of the data's, such as 4h."),
    click.option("--mapping", help="TOML file that names the columns of a foreign --data file, or preset:NAME."),
    click.option("--catalog", help="The catalog's folder (see runs.download)."),
    click.option("--start", help="First bar, ISO time (UTC)."),
    click.option("--end", help="End of the range, ISO time (UTC), exclusive."),
)

_MARKET = (click.option("--data", help=_DATA_HELP), *_RANGE)

_MARKETS = (click.option("--data", multiple=True, help=f"{_DATA_HELP} Several are pooled."), *_RANGE)

_UNIVERSE = (
    click.option(
        "--data", multiple=True,
        help=f"{_DATA_HELP} Several, or catalog:venue:timeframe for all of a venue, are traded by one account.",
    ),
    click.option("--universe", help="TOML file that names several markets, with dates in and out, and weights."),
    click.option("--allocation", help="Equity by market: equal (default), inverse-volatility, or package.module:function."),
)  # fmt: skip

_CONFIGURATION = (
    click.option("--strategy", help="magnet, cascade, wipe, overlay, or package.module:Class."),
    click.option(
        "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter; may be repeated."
    ),
    click.option("--config", type=click.Path(path_type=Path), help="TOML file, or the run.json of an earlier run."),
    click.option("--strict", is_flag=True, help="Refuse other data or code than those of the run.json in --config."),
)

_TRIED = (
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUES",
        help="Vary one parameter: NAME=low:high:step, NAME=low:high:log:count, or NAME=a,b,c; may be repeated.",
    ),
    click.option("--market-seed", type=click.IntRange(min=0), help="Seed of the simulated market."),
    click.option("--trials", type=click.IntRange(min=1), help="How many combinations a search other than grid tries."),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of the search; default 0."),
    click.option("--objective", help="Metric to compare by; default sharpe."),
    click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes on this machine."),
)


def _with(options: tuple[Callable[..., Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def market_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a market; it gets them by the names in `MARKET_OPTIONS`."""
    return _with(_MARKET, command)


def markets_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of one market or more; ``data`` is a tuple of what ``--data`` named, each time it came."""
    return _with(_MARKETS, command)


def universe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of one market or a universe, as `asked_settings` reads them."""
    return _with((*_UNIVERSE[:-1], *_RANGE), command)


def configuration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a configuration, those of its market or markets included."""
    return _with((*_CONFIGURATION[:1], *_UNIVERSE, *_RANGE, *_CONFIGURATION[1:]), command)


def trial_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which parameters are tried, and how."""
    return _with(_TRIED, command)


def asked_settings(
    flags: Mapping[str, Any],
    assignments: tuple[str, ...],
    config: Path | None,
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return nested settings for `runs.engines.configuration.configuration_from`: earlier ones, under a file's, under flags'.

    Parameters
    ----------
    flags
        Settings by name; None where a flag was not given.
    assignments
        Of ``--set``.
    config
        File of ``--config``.
    earlier
        Settings to begin with.

    Raises
    ------
    InputError, click.UsageError
        For a file or an assignment that cannot be read, or where no strategy is named.
    """
    settings: dict[str, Any] = dict(earlier or {})
    settings |= dict(as_input_error(read_settings, config)) if config else {}
    settings |= _markets_named({key: value for key, value in flags.items() if value is not None}, settings)
    if not settings.get("strategy"):
        raise click.UsageError(
            "no strategy named: give --strategy magnet, cascade, wipe, overlay or package.module:Class"
        )
    return as_input_error(with_assignments, settings, assignments)


def _markets_named(flags: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return flags in which one ``--data`` is `data` and several are `markets`; what `known` named before them is dropped.

    Raises
    ------
    InputError
        For ``--data`` and ``--universe`` at once.
    """
    data = flags.pop("data", ())
    named = (data,) if isinstance(data, str) else tuple(data)
    if named and flags.get("universe"):
        raise InputError("--data and --universe are given at once: name the markets in the file alone")
    if named or flags.get("universe"):
        for name in ("data", "markets", "universe"):
            known.pop(name, None)
    if len(named) == 1 and not is_selection(named[0]):
        return {**flags, "data": named[0]}
    return {**flags, "markets": named} if named else flags


def market_named_by(settings: Any) -> dict[str, Any]:
    """Return the options that name the market of a configuration again, the simulated one by its seed."""
    return market_again({name: getattr(settings, name) for name in MARKET_OPTIONS}, settings.seed)


def market_again(named: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the options that name a market again, the simulated one by its seed."""
    return dict(named) if named["data"] else {**named, "seed": seed}


layers_option = click.option(
    "--layers",
    is_flag=True,
    help="Show the map by group of leverages too, and by exchange; pages are larger and take longer.",
)
"""For commands that write the map."""

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would be done, and about how long it takes; do nothing."
)
"""For commands that do long work."""
