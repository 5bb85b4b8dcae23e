"""Write docs/attempts.md, what other parameters of the map would forecast: ``MARKET_DATA_DIR=... python docs/attempts.py``."""

import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_market
from datafeeds.schema import Market
from indicators.liquidation.parameters import ModelParameters
from runs.validation.baselines.predictors import RANGE_AND_VOLUME, SideTable, side_tables
from runs.validation.claims.forecast import SIDES
from runs.validation.dataset import read_market
from runs.validation.measures.skill import skill_test

DATA = Path("binance_1h_liquidations") / "BTCUSDT.parquet"

DEFAULT = ModelParameters()

TRIES: dict[str, ModelParameters] = {
    "as it is: power law, 168 h": DEFAULT,
    "listed leverages": replace(DEFAULT, leverage_distribution="tiers"),
    "listed leverages, an equal mixture": replace(
        DEFAULT, leverage_distribution="tiers", leverage_weights=(0.125,) * 8
    ),
    "listed leverages, sharper": replace(DEFAULT, leverage_distribution="tiers", liquidation_price_spread=0.05),
    "listed leverages, wider": replace(DEFAULT, leverage_distribution="tiers", liquidation_price_spread=0.2),
    "large accounts as measured": replace(DEFAULT, leverage_distribution="measured"),
    "positions live 72 hours": replace(DEFAULT, half_life_hours=(72.0,)),
    "positions live 336 hours": replace(DEFAULT, half_life_hours=(336.0,)),
    "two half-lives, 24 and 720 h": replace(DEFAULT, half_life_hours=(24.0, 720.0), half_life_shares=(0.26, 0.74)),
    "bins of 20 bp": replace(DEFAULT, bin_width=0.002),
}
"""One change each; none was chosen by its outcome."""

HEAD = """# What was tried

Written by `python docs/attempts.py`. Binance BTC, hourly, {first} to {last}; forecasts one bar ahead, given the bar's range; models
fitted on the past alone, anew each week, scored from {scored} on. Figures are Poisson deviance skills in percent, with 95 %
intervals over whole days.

- *beyond range*: range, volume, volatility and the map, over the same without the map: the claim `forecast`.
- *by its level*: range, volume, volatility and the map, over the same with the path-only map: the same shares of a constant number
  of coins.

{verdict}

Every line changes one parameter of the default; all were looked at, none was adopted for what it shows here. With so many lines one
in twenty shows an interval above zero by luck. What was tried with the first model, and what became of its parameters, is in
[attempts-first-model.md](attempts-first-model.md).

| tried | side | beyond range | by its level |
|---|---|---|---|
"""

MAP = (*RANGE_AND_VOLUME, "map")
COMPARISONS = {"beyond range": (RANGE_AND_VOLUME, MAP), "by its level": ((*RANGE_AND_VOLUME, "path"), MAP)}


def text(market: Market) -> str:
    """Return the page for one market."""
    rows, found = [], dict.fromkeys(COMPARISONS, 0)
    for label, parameters in TRIES.items():
        tables = side_tables(read_market(market, parameters))
        for side, table in zip(SIDES, tables, strict=True):
            cells = []
            for name, comparison in COMPARISONS.items():
                cell, above = _cell(table, *comparison)
                found[name] += above
                cells.append(cell)
            rows.append(f"| {label} | {side} | {' | '.join(cells)} |")
    counts = ", ".join(f"{count} of {len(rows)} {name}" for name, count in found.items())
    verdict = f"Intervals above zero: {counts}."
    times, first = market.times.astype("datetime64[D]"), len(market) - len(tables[0].sizes[tables[0].scored])
    return HEAD.format(first=times[0], last=times[-1], scored=times[first], verdict=verdict) + "\n".join(rows) + "\n"


def _cell(table: SideTable, without: tuple[str, ...], with_it: tuple[str, ...]) -> tuple[str, bool]:
    interval = skill_test("", table, without, with_it).interval
    shown = (100.0 * value for value in (interval.estimate, interval.low, interval.high))
    return "{:+.1f} ({:+.1f} .. {:+.1f})".format(*shown), interval.low > 0.0


if __name__ == "__main__":
    folder = Path(os.environ["MARKET_DATA_DIR"])
    Path(__file__).with_name("attempts.md").write_text(text(open_market(str(folder / DATA))), encoding="utf-8")
