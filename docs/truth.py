"""Write the table of docs/truth.md, kernels against real positions: ``MARKET_DATA_DIR=... python docs/truth.py``."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_market
from datafeeds.records import POSITIONS, read_records
from docs.attempts import CANDIDATES, FIRST_MODEL
from runs.statistics.bootstrap import Interval
from runs.statistics.crossed import crossed_draws, crossed_interval, crossed_means
from runs.validation.claims.truth import SLOPE_DRAWS, ScoredMap, scored_map, scored_shares
from runs.validation.dataset import Dataset, grid_starts, positions_in, read_market
from runs.validation.measures.cells import NEAR, WIDE, Panel, cell_shares
from runs.validation.measures.map_cells import bits
from runs.validation.measures.position_sample import PositionSample, Rows, position_sample
from runs.validation.measures.shape import slope, slope_draws

PAGE = Path(__file__).with_suffix(".md")

FOLDER, COINS = "hyperliquid_positions", ("BTC", "ETH", "SOL", "HYPE", "DOGE")

REFERENCE = next(iter(CANDIDATES))
"""What the others are compared with: the first candidate."""

MARK = "## Kernels against real positions"
"""What is above it on the page is written by hand."""

HEAD = """

From here on written by `python docs/truth.py --first-model FOLDER`; without the folder the first model's figures are missing.
{accounts} accounts ({new} of them in no earlier snapshot, {near} within 15 %), {rows:,} positions, {snapshots} coins in snapshots.
LEVEL in bits; 95 % intervals. "Nearer to 1" is `|b - 1|` of `{reference}` less that of the line.

"""


class Slope(NamedTuple):
    """A map's slope, and its resamples (draws,)."""

    estimate: float
    draws: np.ndarray


def gain(rows: Rows, ours: np.ndarray, theirs: np.ndarray) -> Interval:
    """Return how many bits more one map's mixed shares (s, cells) know of the rows' cells than another's."""
    gains = bits(ours, rows) - bits(theirs, rows)
    draws = crossed_means(gains, rows.weight, *rows.blocks, crossed_draws(*rows.block_counts))
    return crossed_interval(float(np.average(gains, weights=rows.weight)), draws, rows.block_counts[1])


def slope_of(scored: ScoredMap, rows: Rows) -> Slope:
    """Return a map's slope; resamples of the same rows are the same for all maps."""
    drawn = crossed_draws(*rows.block_counts, draws=SLOPE_DRAWS)
    return Slope(
        slope(rows, scored.departures, scored.panel), slope_draws(rows, scored.departures, scored.panel, drawn)
    )


def nearer(ours: Slope, theirs: Slope) -> Interval:
    """Return how much nearer to 1 our slope is, ``|b' - 1| - |b - 1|``."""
    return crossed_interval(
        abs(theirs.estimate - 1.0) - abs(ours.estimate - 1.0), abs(theirs.draws - 1.0) - abs(ours.draws - 1.0), 0
    )


def maps_of(
    datasets: Sequence[Dataset], sample: PositionSample, exported: dict[str, np.ndarray] | None
) -> dict[str, ScoredMap]:
    """Return every candidate's map in the cells of a sample, and the first model's where its densities are known."""
    maps = {}
    if exported:
        maps[FIRST_MODEL] = scored_shares(_exported_shares(datasets, sample, exported), sample)
    for name, parameters in CANDIDATES.items():
        maps[name] = scored_map([replace(dataset, parameters=parameters) for dataset in datasets], sample)
    return maps


def _exported_shares(
    datasets: Sequence[Dataset], sample: PositionSample, exported: dict[str, np.ndarray]
) -> np.ndarray:
    shares = np.zeros((len(sample.situations), 2 * sample.panel.cells))
    for coin, dataset in enumerate(datasets):
        own, width = sample.situations["coin"] == coin, CANDIDATES[REFERENCE].bin_width
        bars, moved = sample.situations["bar"][own], sample.situations["moved"][own]
        starts = grid_starts(np.log(dataset.bars["close"][bars]) / width)
        shares[own] = cell_shares(exported[COINS[coin]][bars], starts, width, moved, sample.panel)
    return shares


def table(panels: dict[Panel, tuple[PositionSample, dict[str, ScoredMap]]]) -> str:
    """Return a line a map, each against the reference."""
    wide, near = panels[WIDE], panels[NEAR]
    rows, new, close = wide[0].later_rows, wide[0].new_rows, near[0].later_rows
    slopes = {name: slope_of(scored, rows) for name, scored in wide[1].items()}
    near_slopes = {name: slope_of(scored, close) for name, scored in near[1].items()}
    even = np.full_like(wide[1][REFERENCE].mixed, 1.0 / wide[1][REFERENCE].mixed.shape[1])
    lines = [
        "| map | LEVEL over even cells | over its own average | over the reference | new accounts | within 15 % | "
        "SHAPE b | nearer to 1 | b within 15 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, scored in wide[1].items():
        against, against_near = wide[1][REFERENCE].mixed, near[1][REFERENCE].mixed
        paired = [
            gain(rows, scored.mixed, against),
            gain(new, scored.mixed, against),
            gain(close, near[1][name].mixed, against_near),
        ]
        cells = [
            _text(gain(rows, scored.mixed, even)),
            _text(gain(rows, scored.mixed, scored.average)),
            *("" if name == REFERENCE else _text(each) for each in paired),
            _text(crossed_interval(*slopes[name], 0)),
            "" if name == REFERENCE else _text(nearer(slopes[name], slopes[REFERENCE])),
            _text(crossed_interval(*near_slopes[name], 0)),
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _text(interval: Interval) -> str:
    return f"{interval.estimate:+.2f} ({interval.low:+.2f} .. {interval.high:+.2f})"


def main(arguments: list[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-model", type=Path, help="folder of the first model's densities, one .npz a coin")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    folder = Path(os.environ["MARKET_DATA_DIR"]) / FOLDER
    records = read_records(folder / "positions.parquet", POSITIONS)
    datasets, exported = [], {}
    for coin in COINS:
        market = open_market(str(folder / f"{coin}USDT.parquet"))
        datasets.append(read_market(market, CANDIDATES[REFERENCE], positions=positions_in(market, records)))
        if chosen.first_model:
            exported[coin] = np.load(chosen.first_model / f"{coin}.npz")["density"]
    panels = {}
    for panel in (WIDE, NEAR):
        sample = position_sample(datasets, panel)
        panels[panel] = sample, maps_of(datasets, sample, exported)
    wide, near = panels[WIDE][0], panels[NEAR][0]
    head = HEAD.format(
        accounts=wide.later_rows.accounts,
        new=wide.new_rows.accounts,
        near=near.later_rows.accounts,
        rows=len(wide.later_rows.cell),
        snapshots=int(wide.later.sum()),
        reference=REFERENCE,
    )
    above = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    chosen.out.write_text(above + MARK + head + table(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
