"""The shelf's compiled strategies with their rules as plain Python: quick to begin, and the compiled ones' oracle."""

import importlib
import inspect
from pathlib import Path

from indicators.liquidation.compiled import plain
from strategies.base import PerpetualStrategy

SHELF = Path(__file__).resolve().parents[3] / "docs" / "examples" / "strategies"
MODULES = {path.stem: importlib.import_module(f"docs.examples.strategies.{path.stem}") for path in SHELF.glob("*.py")}


def _kinds():
    for module in MODULES.values():
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and issubclass(kind, PerpetualStrategy) and kind.__module__ == module.__name__:
                yield name, kind


COMPILED = dict(sorted(_kinds()))
globals().update({name: type(name, (kind,), {"decide": plain(kind.decide)}) for name, kind in COMPILED.items()})
