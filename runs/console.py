"""The console script: its subcommands are the command modules of `runs`, each loaded only when it is called."""

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version

from indicators.liquidation.domain import unknown

COMMANDS = {
    "backtest": "run one strategy on one market, and leave tearsheet, report and metrics",
    "download": "bring market data into the local catalog, and show what it holds",
    "validate": "measure what the heatmap knows: validated, not validated, or too little data",
    "review": "look over a folder of results: table, curves, fills and notes on one page",
    "lookahead": "look for look-ahead in a strategy",
    "benchmark": "measure speed against stock backtrader",
}
"""Subcommands, each a module of `runs` with ``main(argv) -> int``, and what they do."""


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand; return its exit code (2 for an unknown one)."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write("usage: liquidation-heatmap COMMAND [OPTIONS]\n\n")
        sys.stdout.writelines(f"  {name:<12}{what}\n" for name, what in COMMANDS.items())
        sys.stdout.write("\nExample: liquidation-heatmap backtest --strategy magnet\n")
        return 0
    if arguments[0] == "--version":
        try:
            sys.stdout.write(version("liquidation-heatmap") + "\n")
        except PackageNotFoundError:
            sys.stdout.write("not installed (run from a checkout)\n")
        return 0
    if arguments[0] not in COMMANDS:
        sys.stderr.write(f"error: {unknown('command', arguments[0], list(COMMANDS))}\n")
        return 2
    return int(importlib.import_module(f"runs.{arguments[0]}").main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
