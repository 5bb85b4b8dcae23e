"""What a backtest earns under changes that should not matter: where the price grid begins, and where the data begins.

A rule with thresholds amplifies what should not matter. So a return stands beside its range over eight phases of the grid and
eight starts; if its sign is not the same in all of them, it is undetermined.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market, Quality
from indicators.liquidation.model import SECONDS_PER_HOUR, build_model
from indicators.liquidation.step import run
from runs.engines.compiled import evaluate
from runs.engines.configuration import Configuration, configuration_from
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.event import model_bars
from runs.engines.snapshot_cache import Heatmaps
from strategies.registry import load_strategy

PHASES = tuple(part / 8 for part in range(8))
"""Where in a bin the grid's origin lies; the first is the backtest's own."""

STARTS = (1, 2, 3, 5, 8, 13, 24, 50)
"""How many of the first bars are left out."""

_MIN_BARS_BESIDE = 10_000  # below it a second process takes longer to start than the work (measured: some .4 s)


def not_examined(reason: str) -> dict[str, Any]:
    """Return what is said of a backtest whose irrelevant changes nobody examined."""
    return {"examined": False, "sentence": f"Changes that should not matter are not examined: {reason}."}


def irrelevant_changes(configuration: Configuration, market: Market) -> dict[str, Any]:
    """Return a backtest's total return under changes that should not matter, by the compiled engine.

    Returns
    -------
    dict
        ``examined``; ``phases`` and ``starts`` (total return of each of `PHASES` and `STARTS`, as fractions; no starts on a
        market that is too short); ``median_fraction``, ``low_fraction`` and ``high_fraction`` over all; ``undetermined``, whether
        the sign is not the same in all; ``sentence``. Of a rule that is not compiled only why not.

    Notes
    -----
    Starts are compared on the bars after the warm-up that all of them have: the backtest's return is scaled by how much more, or
    less, the later start earns there from flat.
    """
    kind: Any = load_strategy(configuration.strategy)
    if not is_compiled(kind):
        return not_examined("the rule is not compiled")
    loop, inputs = Evaluator(market, Heatmaps(None)).prepared(configuration)
    parameters, bars = configuration.model, model_bars(market)

    def growth(**changed: Any) -> float:
        return float(evaluate(loop, replace(inputs, **changed)).equity[-1]) / inputs.starting_cash

    models = [build_model(parameters, market.bar_seconds, grid_phase=phase) for phase in PHASES]
    phases, starts = [growth(), *(growth(snapshots=run(model, bars)) for model in models[1:])], []
    common = math.ceil(parameters.warmup_hours * SECONDS_PER_HOUR / market.bar_seconds) + max(STARTS)
    if common < len(market):
        whole = growth(first=common)
        for drop in STARTS:
            later = growth(
                snapshots=run(models[0], bars[drop:]), prices=inputs.prices[drop:],
                first=common - drop, last=len(market) - drop,
            )  # fmt: skip
            starts.append(phases[0] * later / whole if whole > 0.0 else later)
    return summary([value - 1.0 for value in phases], [value - 1.0 for value in starts])


def summary(phases: list[float], starts: list[float]) -> dict[str, Any]:
    """Return what `irrelevant_changes` says of these total returns, as fractions."""
    returns = np.array(phases + starts)
    low, median, high = (float(value) for value in (returns.min(), np.median(returns), returns.max()))
    undetermined = len(set(np.sign(returns))) > 1
    sentence = (
        f"Under changes that should not matter ({len(phases)} grid phases, {len(starts)} starts of the data) the total return "
        f"is {low * 100.0:+.1f} .. {high * 100.0:+.1f} %, median {median * 100.0:+.1f} %"
    )
    sentence += ": its sign is not the same in all, so it is undetermined." if undetermined else "."
    return {
        "examined": True, "phases": phases, "starts": starts, "median_fraction": median, "low_fraction": low,
        "high_fraction": high, "undetermined": undetermined, "sentence": sentence,
    }  # fmt: skip


@contextmanager
def examined_beside(configuration: Configuration, market: Market) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start `irrelevant_changes` in a second process, and yield a function that waits for the answer.

    On a short market, and of a rule that is not compiled, the answer is worked out where it is asked for. A second process that
    dies costs the answer, not the backtest.
    """
    kind: Any = load_strategy(configuration.strategy)
    if len(market) < _MIN_BARS_BESIDE or not is_compiled(kind):
        yield lambda: irrelevant_changes(configuration, market)
        return
    with tempfile.TemporaryDirectory() as folder:
        market.frame.to_parquet(Path(folder) / "market.parquet")
        asked = {
            "name": market.name,
            "bar_seconds": market.bar_seconds,
            "configuration": {key: value for key, value in configuration.as_dict().items() if value is not None},
        }
        (Path(folder) / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        # The parent's own path, and not the working folder before it: a folder named `runs` there is not ours.
        process = subprocess.Popen(  # noqa: S603 - this module, and a folder of our own
            [sys.executable, "-P", "-m", "runs.engines.irrelevant_changes", folder],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        with process:
            try:
                yield lambda: _answer(process)
            finally:
                process.kill()


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    said, _ = process.communicate()
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        return not_examined(f"the second process ended with code {process.returncode}")
    return found


def _main(folder: Path) -> None:
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    market = Market(pd.read_parquet(folder / "market.parquet"), asked["name"], asked["bar_seconds"], Quality(()))
    sys.stdout.write(json.dumps(irrelevant_changes(configuration_from(asked["configuration"]), market)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
