"""Write the tables of docs/attempts.md, what other kernels and bins give: ``MARKET_DATA_DIR=... python docs/attempts.py``."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_market
from datafeeds.schema import Market
from docs.attempts_bins import tables
from indicators.liquidation.parameters import ModelParameters
from runs.statistics.bootstrap import Interval, block_sums, ratio_interval
from runs.validation.baselines.predictors import RANGE_AND_VOLUME, SideTable
from runs.validation.baselines.variants import average_map
from runs.validation.dataset import Dataset, read_market
from runs.validation.measures.expanding_window import log_size
from runs.validation.measures.reach import excursions

PAGE = Path(__file__).with_name("attempts.md")

SETS = {
    "1 h 2024": "binance_1h_liquidations",
    "1 h 2026": "binance_1h_liquidations_2026",
    "4 h": "binance_4h_liquidations",
}
"""Development data, and the folders that hold its BTCUSDT.parquet."""

BYBIT = Path("bybit_1h") / "BTCUSDT.parquet"

DEFAULT = ModelParameters(
    leverage_distribution="power", half_life_hours=(168.0,), half_life_shares=(1.0,), bin_width=0.001
)

CANDIDATES = {
    "power 168 h": DEFAULT,
    "power 72 h": replace(DEFAULT, half_life_hours=(72.0,)),
    "power 720 h": replace(DEFAULT, half_life_hours=(720.0,)),
    "power 24 and 720 h": replace(DEFAULT, half_life_hours=(24.0, 720.0), half_life_shares=(0.26, 0.74)),
    "tiers 168 h": replace(DEFAULT, leverage_distribution="tiers"),
    "tiers 72 h": replace(DEFAULT, leverage_distribution="tiers", half_life_hours=(72.0,)),
    "measured 168 h": replace(DEFAULT, leverage_distribution="measured"),
}
"""In the order of their simplicity, as the protocol has it."""

BINS = {"power 168 h, 20 bp": replace(DEFAULT, bin_width=0.002)}
"""Scored beside the candidates; no choice of a kernel."""

FIRST_MODEL = "first model"

_SECONDS_PER_WEEK = 604_800


class Scores(NamedTuple):
    """Deviances of the scored bars of one set, both sides one after the other.

    Attributes
    ----------
    days
        (m,) the day of each bar.
    without
        (m,) of range x volume x volatility.
    maps
        (m,) by name, with the map beside it.
    averages
        (m,) by name, with the map and the map's own average beside it.
    """

    days: np.ndarray
    without: np.ndarray
    maps: dict[str, np.ndarray]
    averages: dict[str, np.ndarray]


def side_tables(market: Market, forecasts: dict[str, np.ndarray]) -> tuple[SideTable, SideTable]:
    """Return the tables of longs and shorts with all maps in them, on the bars in which every one of them is known.

    `forecasts` (n, 2) base coin by name are further maps, and, by "average of" the name, their averages.
    """
    maps = dict(forecasts)
    for name, parameters in (CANDIDATES | BINS).items():
        dataset = read_market(market, parameters)
        maps[name], maps[f"average of {name}"] = dataset.model_liquidated, average_map(dataset)
    return _side(dataset, maps, 0), _side(dataset, maps, 1)


def _side(dataset: Dataset, maps: dict[str, np.ndarray], side: int) -> SideTable:
    volatility = np.nan_to_num(np.concatenate([[np.nan], dataset.snapshots["volatility"][:-1]]))
    known_without = {
        "excursion": excursions(dataset.bars)[:, side],
        "volume": dataset.bars["volume"],
        "volatility": volatility,
    }
    sizes = known_without | {name: values[:, side] for name, values in maps.items()}
    columns, reported = {name: log_size(values) for name, values in sizes.items()}, dataset.reported[:, side]
    known = np.isfinite(np.stack([reported, *columns.values()])).all(axis=0)
    kept = {name: values[known] for name, values in columns.items()}
    return SideTable(reported[known], dataset.days[known], kept, max(1, round(_SECONDS_PER_WEEK / dataset.bar_seconds)))


def scores(tables: tuple[SideTable, SideTable], names: list[str]) -> Scores:
    """Return what the maps of these names lose on one set."""

    def losses(*maps: str) -> np.ndarray:
        return np.concatenate([table.losses((*RANGE_AND_VOLUME, *maps)) for table in tables])

    days = np.concatenate([table.days[table.scored] for table in tables])
    own = {name: losses(name) for name in names}
    return Scores(days, losses(), own, {name: losses(f"average of {name}", name) for name in names})


def saved(sets: list[Scores], name: str, reference: str, beside_average: bool = False) -> Interval:
    """Return the share of the deviance without a map that one map saves over another, sets of equal weight, days as blocks."""
    gains, whole = [], []
    for one in sets:
        losses = one.averages if beside_average else one.maps
        total = one.without.sum()
        gains.append(block_sums(losses[reference] - losses[name], one.days) / total)
        whole.append(block_sums(one.without, one.days) / total)
    return ratio_interval(np.concatenate(gains), np.concatenate(whole))


def skill(sets: list[Scores], name: str) -> Interval:
    """Return the share of the deviance without a map that one map saves."""
    return saved([one._replace(maps={name: one.maps[name], "": one.without}) for one in sets], name, "")


MARK = "## Forecasts"
"""What is above it on the page is written by hand."""

HEAD = """

From here on written by `python docs/attempts.py --first-model FOLDER`; without the folder the first model's figures are missing.
Percent of the deviance of range x volume x volatility, with 95 % intervals over whole days.
Bars scored: {bars}.
"""

BINS_HEAD = """## Bins

Bybit BTC, 12,000 bars, eight phases of the grid. Percent of settled bars in which an answer differs; of the density, percent of its
mass in cells of 50 bp.
"""

BINS_FOOT = "Five years of the magnet, total return over eight phases, and the time of a step in one run.\n"


def page(above: str, sets: dict[str, Scores], bins: tuple[list[list[str]], list[list[str]]]) -> str:
    """Return the page: what stands `above`, and the tables."""
    bars = ", ".join(f"{name} {len(one.days) // 2:,}" for name, one in sets.items())
    names = list(next(iter(sets.values())).maps)
    references = [name for name in (FIRST_MODEL, "power 168 h") if name in names]
    below = [BINS_HEAD, _table(*bins[0]), BINS_FOOT, _table(*bins[1])]
    forecasts = [_over(reference, names, sets) for reference in references]
    forecasts += [_over_no_map(names, sets), _each(list(sets.values()))]
    return "\n".join([above + MARK + HEAD.format(bars=bars), *forecasts, *below])


def _over(reference: str, names: list[str], sets: dict[str, Scores]) -> str:
    found, rows = list(sets.values()), []
    for name in names:
        if name != reference:
            pooled = [saved(found, name, reference, beside) for beside in (False, True)]
            single = [saved([one], name, reference, beside) for beside in (False, True) for one in found]
            rows.append([name, *map(_cell, [*pooled, *single])])
    return f"### Over {reference}\n\n" + _table(
        ["map", "F", "T", *(f"F, {name}" for name in sets), *(f"T, {name}" for name in sets)], *rows
    )


def _over_no_map(names: list[str], sets: dict[str, Scores]) -> str:
    found = list(sets.values())
    rows = [[name, *map(_cell, [skill(found, name), *(skill([one], name) for one in found)])] for name in names]
    return "### Over no map\n\n" + _table(["map", "pooled", *sets], *rows)


def _each(found: list[Scores]) -> str:
    rows = [[a, *("" if a == b else _cell(saved(found, a, b)) for b in CANDIDATES)] for a in CANDIDATES]
    return "### Each over each\n\nF of the row's map over the column's.\n\n" + _table(["", *CANDIDATES], *rows)


def _table(head: list[str], *rows: list[str]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(interval: Interval) -> str:
    shown = (100.0 * value for value in (interval.estimate, interval.low, interval.high))
    return "{:+.1f} ({:+.1f} .. {:+.1f})".format(*shown)


def main(arguments: list[str] | None = None) -> None:
    """Score all maps on all sets and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-model", type=Path, help="folder of what the first model forecast, one .npz a set")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen, sets = parser.parse_args(arguments), {}
    folder = Path(os.environ["MARKET_DATA_DIR"])
    for label, name in SETS.items():
        market, forecasts = open_market(str(folder / name / "BTCUSDT.parquet")), {}
        if chosen.first_model:
            exported = np.load(chosen.first_model / f"{name}.npz")
            forecasts = {FIRST_MODEL: exported["map"], f"average of {FIRST_MODEL}": exported["average"]}
        names = [*([FIRST_MODEL] if forecasts else []), *CANDIDATES, *BINS]
        sets[label] = scores(side_tables(market, forecasts), names)
    bins = tables(open_market(str(folder / BYBIT)), DEFAULT)
    above = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    chosen.out.write_text(page(above, sets, bins), encoding="utf-8")


if __name__ == "__main__":
    main()
