"""The console script: its subcommands are the command modules of `runs`, each loaded only when it is called."""

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version

import click
from click.shell_completion import CompletionItem

from indicators.liquidation.parameter_fields import unknown
from runs.commandline.command import run_command, with_debug

COMMANDS = {
    "backtest": "run one strategy on one market, and leave tearsheet, report and metrics",
    "sweep": "try many combinations of parameters, on one machine or many",
    "walkforward": "choose parameters on the past and trade them on what came next",
    "analyze": "the liquidation report at any bar: levels, clusters, cascade risk",
    "download": "bring market data into the local catalog, and show what it holds",
    "stress": "what a move of price liquidates, with intervals and how often they have held",
    "validate": "measure what the heatmap knows: validated, not validated, or too little data",
    "review": "look over a folder of results: table, curves, fills and notes on one page",
    "new": "write a strategy of your own to begin with: rule, parameters, test",
    "lookahead": "look for look-ahead in a strategy",
    "benchmark": "measure speed against stock backtrader",
}
"""Subcommands, each a module of `runs` with a click ``command`` and ``main(argv) -> int``, and what they do."""

_NAME = "liquidation-heatmap"


class _Modules(click.Group):
    """A group whose subcommands are modules; neither its help nor completion of their names loads one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a subcommand; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        return with_debug(importlib.import_module(f"runs.{cmd_name}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; for an unknown one say what it should have been."""
        if args[0] not in COMMANDS:
            raise click.UsageError(unknown("command", args[0], list(COMMANDS)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the subcommands do, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a subcommand's name, or an option of the group."""
        names = [CompletionItem(name, help=what) for name, what in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    try:
        sys.stdout.write(version(_NAME) + "\n")
    except PackageNotFoundError:
        sys.stdout.write("not installed (run from a checkout)\n")
    ctx.exit()


command = _Modules(
    name=_NAME,
    help="Where leveraged crypto positions would be force-closed, and whether it pays to know.",
    epilog=f"Example: {_NAME} backtest --strategy magnet",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
    invoke_without_command=True,
    callback=None,
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
            help="Show the version.",
        )
    ],
)  # fmt: skip
"""The group; click completes its words in a shell (``_LIQUIDATION_HEATMAP_COMPLETE``)."""


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand; return its exit code (2 for an unknown one)."""
    arguments = sys.argv[1:] if argv is None else argv
    return run_command(command, arguments or ["--help"])


if __name__ == "__main__":
    sys.exit(main())
