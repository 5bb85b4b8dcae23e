"""What a backtest is asked beside itself: what it earns under changes that should not matter, and where its fills are doubted."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from datafeeds.schema import Market, Quality
from runs.engines.configuration import Configuration, configuration_from
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.irrelevant_changes import irrelevant_changes
from runs.engines.sensitivity import sensitivity
from runs.engines.snapshot_cache import Heatmaps
from strategies.registry import load_strategy

_MIN_BARS_BESIDE = 10_000  # below it a second process takes longer to start than the work (measured: some .4 s)


def examine(configuration: Configuration, market: Market) -> dict[str, Any]:
    """Return `irrelevant_changes` and `sensitivity` of a backtest by name; of a rule that is not compiled only why not."""
    kind: Any = load_strategy(configuration.strategy)
    if not is_compiled(kind):
        return not_examined("the rule is not compiled")
    prepared = Evaluator(market, Heatmaps(None)).prepared(configuration)
    return {
        "irrelevant_changes": irrelevant_changes(configuration, market, prepared),
        "sensitivity": sensitivity(prepared),
    }


def not_examined(reason: str) -> dict[str, Any]:
    """Return what `examine` says where it does not ask."""
    questions = {"irrelevant_changes": "Changes that should not matter", "sensitivity": "Doubts about fills"}
    return {
        name: {"examined": False, "sentence": f"{words} are not examined: {reason}."}
        for name, words in questions.items()
    }


@contextmanager
def examined_beside(configuration: Configuration, market: Market) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start `examine` in a second process, and yield a function that waits for the answer.

    On a short market, and of a rule that is not compiled, the answer is worked out where it is asked for. A second process that
    dies costs the answer, not the backtest.
    """
    kind: Any = load_strategy(configuration.strategy)
    if len(market) < _MIN_BARS_BESIDE or not is_compiled(kind):
        yield lambda: examine(configuration, market)
        return
    with ExitStack() as kept:
        try:
            folder = kept.enter_context(tempfile.TemporaryDirectory())
            _write_asked(Path(folder), configuration, market)
        except OSError:  # the temporary folder is full, or there is none
            yield lambda: examine(configuration, market)
            return
        # The parent's own path, and not the working folder before it: a folder named `runs` there is not ours.
        process = subprocess.Popen(  # noqa: S603 - this module, and a folder of our own
            [sys.executable, "-P", "-m", "runs.engines.examination", folder],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        with process:
            try:
                yield lambda: _answer(process)
            finally:
                process.kill()


def _write_asked(folder: Path, configuration: Configuration, market: Market) -> None:
    market.frame.to_parquet(folder / "market.parquet")
    asked = {
        "name": market.name,
        "bar_seconds": market.bar_seconds,
        "simulated": market.simulated,
        "configuration": {key: value for key, value in configuration.as_dict().items() if value is not None},
    }
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    said, _ = process.communicate()
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        return not_examined(f"the second process ended with code {process.returncode}")
    return found


def _main(folder: Path) -> None:
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    frame = pd.read_parquet(folder / "market.parquet")
    market = Market(frame, asked["name"], asked["bar_seconds"], Quality(()), simulated=asked["simulated"])
    sys.stdout.write(json.dumps(examine(configuration_from(asked["configuration"]), market)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
