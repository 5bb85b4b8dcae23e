"""Write a first strategy into the current folder: rule, parameters, a test of the rule, and how to run and sweep it."""

import importlib.util
import keyword
import sys
from pathlib import Path

import click

from runs.commandline.command import Command, run_command, suggest
from runs.commandline.output import print_json, print_lines

_RULE = '''"""NAME: buy above the mean of the last bars while a cluster of shorts stands above; out below the mean.

Test:        python -m pytest test_NAME.py
Backtest:    python -m runs.backtest --strategy NAME:CLASS
Look-ahead:  python -m runs.lookahead --strategy NAME:CLASS
Sweep:       python -m runs.sweep --strategy NAME:CLASS --param window=24,48,96 --param stop_atr=2:4:1
"""

from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import check, parameter
from indicators.window.mean import mean
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep


@dataclass(frozen=True)
class CLASSParameters:
    """What `--set` sets and `--param` sweeps."""

    window: int = parameter(48, unit="bars", low=2, high=1000, source="assumption")
    stop_atr: float = parameter(3.0, unit="average true ranges", low=0.1, high=20.0, source="assumption")

    def __post_init__(self):
        """Refuse what is outside low .. high."""
        check(self)


class CLASS(PerpetualStrategy):
    """Buy above the mean, out at the cluster, at the stop, or below the mean."""

    parameters_kind = CLASSParameters

    @staticmethod
    def history(parameters):
        """Return how many bars the rule sees: market.close[-1] is the present, market.close[-window] the oldest."""
        return parameters.window

    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        """Return what is to be done at the next open."""
        now = market.snapshot[-1]
        above = now.close > mean(market.close, parameters.window)
        if position.size:
            return keep() if above else close()
        if above and now.cluster_above_price > now.close:
            return enter(1.0, now.close - parameters.stop_atr * now.atr, now.cluster_above_price, 0.0)
        return keep()
'''

_TEST = '''"""What the rule answers at bars written down by hand."""

from strategies.asking import ask
from strategies.intent import ENTER, EXIT, KEEP

from NAME import CLASS, CLASSParameters

FEW = CLASSParameters(window=3, stop_atr=2.0)


def test_it_buys_above_the_mean_while_a_cluster_stands_above():
    intent = ask(CLASS, FEW, close=[100.0, 100.0, 103.0], snapshot={"atr": 1.5, "cluster_above_price": 110.0})
    assert intent.action == ENTER
    assert (intent.direction, intent.stop, intent.target) == (1.0, 100.0, 110.0)


def test_it_stays_out_without_a_cluster_and_below_the_mean():
    assert ask(CLASS, FEW, close=[100.0, 100.0, 103.0], snapshot={"atr": 1.5}).action == KEEP
    assert ask(CLASS, FEW, close=[100.0, 100.0, 97.0], snapshot={"cluster_above_price": 110.0}).action == KEEP


def test_it_closes_below_the_mean():
    assert ask(CLASS, FEW, close=[100.0, 100.0, 97.0], position={"size": 1.0}).action == EXIT
'''


def class_name(name: str) -> str:
    """Return the class's name.

    >>> class_name("fade_the_wipe")
    'FadeTheWipe'
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def files_of(name: str) -> dict[str, str]:
    """Return the text of each file by its name."""
    texts = {f"{name}.py": _RULE, f"test_{name}.py": _TEST}
    return {file: text.replace("NAME", name).replace("CLASS", class_name(name)) for file, text in texts.items()}


def write_strategy(name: str, folder: Path) -> list[Path]:
    """Write a strategy's files; return them.

    Raises
    ------
    click.UsageError
        For a name that no module or class can have, one that hides another module, or a file that is there.
    """
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name) or not class_name(name).isidentifier():
        raise click.UsageError(f"{name!r} is no name of a module: letters, digits and _, as in my_rule")
    files = {folder / file: text for file, text in files_of(name).items()}
    for path in files:
        if path.exists() or path.is_symlink():
            raise click.UsageError(f"{path.name} is there already: name another, or remove it")
    if importlib.util.find_spec(name) is not None:
        raise click.UsageError(f"{name}: a module of that name is installed, and would be taken instead; name another")
    written: list[Path] = []
    try:
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise click.UsageError(f"{folder}: cannot be written ({error.strerror})") from None
    return list(files)


@click.command(cls=Command, epilog="Example: python -m runs.new my_rule")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON on stdout.")
def command(name: str, as_json: bool) -> int:
    """Write a strategy NAME.py with a test of it into the current folder.

    It runs as it stands, and is there to be changed. No file is overwritten.
    """
    written = write_strategy(name, Path.cwd())
    if as_json:
        print_json({"files": [path.name for path in written]})
        return 0
    print_lines(*(f"wrote {path.name}" for path in written))
    suggest("backtest", {"strategy": f"{name}:{class_name(name)}"})
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
