"""Bins of 20 bp and of 10 bp: phases of the grid, answers at the same phase, five years of the magnet, the step's time."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import HeatmapRecord, record_heatmap
from indicators.liquidation.step import run
from runs.benchmarks.timing import times_in_turn
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator
from runs.engines.event import model_bars
from runs.engines.irrelevant_changes import PHASES, irrelevant_changes
from runs.engines.snapshot_cache import Heatmaps

BARS = slice(20_000, 32_000)
SETTLED, EVERY = 1000, 40
CELL, CELLS = 0.005, 20  # log price; outward on either side
NEAR = 0.002  # log price: a nearest cluster further off than this is another one
ROUNDS, TIMED = 60, slice(20_000, 21_000)

WIDTHS = {"10 bp": 0.001, "20 bp": 0.002}


class Answers(NamedTuple):
    """What a map says of the settled bars: mass by cell (rows, 2 x `CELLS`), and the snapshots."""

    cells: np.ndarray
    snapshots: np.ndarray


def answers(parameters: ModelParameters, bars: np.ndarray, phase: float) -> Answers:
    """Return what the map says with the grid's origin at `phase` of a bin."""
    rows = np.arange(len(bars) - 1, SETTLED, -EVERY)[::-1]
    record = record_heatmap(build_model(parameters, 3600.0, grid_phase=phase), bars, rows)
    return Answers(_cells(record, parameters.bin_width), record.snapshots[SETTLED:])


def _cells(record: HeatmapRecord, width: float) -> np.ndarray:
    found = []
    for row, close in enumerate(record.positions):
        for side, place in enumerate((-close, close)):
            edges = np.concatenate([[place], np.floor(place) + np.arange(1, record.density.shape[2] + 1)])
            held = np.concatenate([[0.0], np.cumsum(record.density[row, side], dtype=np.float64)])
            found.append(np.diff(np.interp(place + CELL / width * np.arange(CELLS + 1), edges, held)))
    return np.array(found).reshape(len(record.positions), -1)


def differences(one: Answers, other: Answers) -> dict[str, float]:
    """Return how far two maps differ, in percent: density, nearest cluster, and states."""
    away = np.abs(one.cells - other.cells).sum(axis=1) / one.cells.sum(axis=1)
    said = {
        "density": away.mean(),
        "nearest cluster": np.mean([_apart(one, other, side) for side in ("above", "below")]),
    }
    for label, names in (
        ("magnet", ["magnet"]),
        ("risk", ["cascade_risk_down", "cascade_risk_up"]),
        ("phase", ["phase"]),
    ):
        said[label] = np.mean([_unequal(one.snapshots[name], other.snapshots[name]) for name in names])
    return {name: 100.0 * float(value) for name, value in said.items()}


def _apart(one: Answers, other: Answers, side: str) -> float:
    a, b = (answer.snapshots[f"cluster_{side}_price"] for answer in (one, other))
    return float(np.mean((np.abs(np.log(a / b)) > NEAR) | (np.isnan(a) != np.isnan(b))))


def _unequal(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(~((a == b) | (np.isnan(a) & np.isnan(b)))))


def _mean(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def tables(market: Market, default: ModelParameters) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows of two tables: differences by kind of change, and five years of the magnet with the step's time."""
    bars = model_bars(market)
    kinds = {name: replace(default, bin_width=width) for name, width in WIDTHS.items()}
    said = {name: [answers(kind, bars[BARS], phase) for phase in PHASES] for name, kind in kinds.items()}
    changes = {
        f"{name}, another phase": _mean([differences(found[0], other) for other in found[1:]])
        for name, found in said.items()
    }
    changes["20 bp for 10 bp"] = _mean([differences(a, b) for a, b in zip(said["10 bp"], said["20 bp"], strict=True)])
    first = [["change", *changes["20 bp for 10 bp"]]]
    first += [[change, *(f"{value:.2f}" for value in row.values())] for change, row in changes.items()]
    times = seconds(kinds, bars[TIMED])
    second = [["bins", "magnet, mean of phases", "s.d., points", "step's time"]]
    for name, kind in kinds.items():
        asked = Configuration(strategy="magnet", model=kind)
        prepared = Evaluator(market, Heatmaps(None)).prepared(asked)
        returns = 100.0 * np.array(irrelevant_changes(asked, market, prepared)["phases"])
        cells = (f"{returns.mean():+.1f} %", f"{returns.std(ddof=1):.1f}", f"{times[name] / times['10 bp']:.2f}")
        second.append([name, *cells])
    return first, second


def seconds(kinds: dict[str, ModelParameters], bars: np.ndarray) -> dict[str, float]:
    """Return the least time that each kind takes for the bars, in turn."""
    actions = {name: partial(run, build_model(kind, 3600.0), bars) for name, kind in kinds.items()}
    times = times_in_turn(actions, ROUNDS)
    return {name: min(taken) for name, taken in times.items()}
