"""What of a backtest's results needs no event engine, worked out in a second process while that runs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from datafeeds.schema import Market, Quality
from runs.engines.configuration import Configuration, configuration_from
from runs.engines.evaluator import is_compiled, run_compiled
from runs.engines.examination import examine, not_examined
from runs.engines.processes import belong_to
from runs.reports.daily_statistics import Drawing
from runs.reports.tearsheet import draw
from strategies.registry import load_strategy

_MIN_BARS = 10_000  # below it a second process takes longer to start than it saves (assumption)


class Beside(NamedTuple):
    """What `examine` says, and quantstats' page of the compiled evaluation; None where there is none."""

    examined: dict[str, Any]
    drawing: Drawing | None = None


@contextmanager
def worked_out_beside(configuration: Configuration, market: Market) -> Iterator[Callable[[], Beside]]:
    """Start a second process, and yield a function that waits for what it has worked out.

    On a short market, and of a rule that is not compiled, there is none: the examination is made where it is asked for. A second
    process that dies costs the examination, not the backtest. It ends with this block, and with this process.
    """
    kind: Any = load_strategy(configuration.strategy)
    if len(market) < _MIN_BARS or not is_compiled(kind):
        yield lambda: Beside(examine(configuration, market))
        return
    with ExitStack() as kept:
        try:
            folder = kept.enter_context(tempfile.TemporaryDirectory())
            _write_asked(Path(folder), configuration, market)
        except OSError:  # the temporary folder is full, or there is none
            yield lambda: Beside(examine(configuration, market))
            return
        # The parent's own path, and not the working folder before it: a folder named `runs` there is not ours.
        process = subprocess.Popen(  # noqa: S603 - this module, and a folder of our own
            [sys.executable, "-P", "-m", "runs.reports.beside", folder],
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
        "parent": os.getpid(),
    }
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")


def _answer(process: "subprocess.Popen[str]") -> Beside:
    said, _ = process.communicate()
    try:
        examined, drawing = json.loads(said)
    except ValueError:
        return Beside(not_examined(f"the second process ended with code {process.returncode}"))
    return Beside(examined, Drawing(*drawing) if drawing else None)


def _main(folder: Path) -> None:
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    frame = pd.read_parquet(folder / "market.parquet")
    shutil.rmtree(folder, ignore_errors=True)  # also where the parent has been killed
    belong_to(asked["parent"])
    market = Market(frame, asked["name"], asked["bar_seconds"], Quality(()), simulated=asked["simulated"])
    configuration = configuration_from(asked["configuration"])
    sys.stdout.write(json.dumps([examine(configuration, market), draw(run_compiled(configuration, market))]))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
