"""Strategies by name: the built-in ones, and any ``package.module:Class`` of the user's."""

import importlib
import sys
from pathlib import Path

import backtrader as bt

from indicators.liquidation.parameter_fields import unknown
from indicators.liquidation.renamed import RenamedError
from strategies.base import PerpetualStrategy
from strategies.errors import error_of
from strategies.rule import check_rule

BUILT_IN = {
    "magnet": "strategies.magnet:Magnet",
    "cascade": "strategies.cascade:Cascade",
    "wipe": "strategies.wipe:Wipe",
    "overlay": "strategies.overlay:Overlay",
}
"""Names that the commands accept, and where each strategy lives."""


def load_strategy(name: str) -> type[bt.Strategy]:
    """Return a strategy class by its name.

    Parameters
    ----------
    name
        A key of `BUILT_IN`, or ``package.module:Class``; the module is imported from the current folder or the
        installed packages. Code is only ever loaded by such a name given on the command line or in a configuration file
        of the user's own.

    Raises
    ------
    ValueError
        If there is no such strategy (with the nearest name), module or class, it is no backtrader strategy, its rule cannot be
        asked, or its module imports a name that is called otherwise now.
    """
    path = BUILT_IN.get(name, name)
    if ":" not in path:
        raise ValueError(unknown("strategy", name, list(BUILT_IN)))
    module_name, class_name = path.split(":", 1)
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise ValueError(f"strategy {name!r} is not of the form package.module:Class")
    if str(Path.cwd()) not in sys.path and "" not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that the user's folder cannot hide an installed module
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise ValueError(f"strategy {name!r}: there is no module {error.name!r} here or installed") from None
        raise error_of(name, error) from error
    except RenamedError as error:
        raise ValueError(f"strategy {name!r}: {error}") from None
    except Exception as error:
        raise error_of(name, error) from error
    found = getattr(module, class_name, None)
    if found is None:
        known = [
            key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, bt.Strategy)
        ]
        raise ValueError(f"in {module_name}: " + unknown("strategy", class_name, known))
    if not (isinstance(found, type) and issubclass(found, bt.Strategy)):
        raise ValueError(f"strategy {name!r} is no backtrader strategy: it must subclass bt.Strategy")
    if issubclass(found, PerpetualStrategy):
        try:
            check_rule(found)
        except ValueError as error:
            raise ValueError(f"strategy {name!r}: {error}") from None
    return found
