"""Write docs/attempts.md, what was tried to beat the path-only map: ``MARKET_DATA_DIR=... python docs/attempts.py``."""

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
    "as it is": DEFAULT,
    "nothing learned from reports": replace(DEFAULT, calibrate=False),
    "the prior counts a day, not a week": replace(DEFAULT, calibration_prior_hours=24.0),
    "forgets in a week, not a month": replace(DEFAULT, calibration_half_life_hours=168.0),
    "pure change of open interest": replace(DEFAULT, half_life_hours=8760.0, half_life_spread=1.0),
    "positions live half as long": replace(DEFAULT, half_life_hours=36.0),
    "positions live twice as long": replace(DEFAULT, half_life_hours=144.0),
    "one population": replace(DEFAULT, half_life_spread=1.0),
    "populations four times apart": replace(DEFAULT, half_life_spread=4.0),
    "high leverage closes no sooner": replace(DEFAULT, leverage_close_power=0.0),
    "high leverage closes in proportion": replace(DEFAULT, leverage_close_power=1.0),
    "losers close as winners do": replace(DEFAULT, loss_close_ratio=1.0),
    "losers close at a third of the rate": replace(DEFAULT, loss_close_ratio=0.33),
    "sharper tiers": replace(DEFAULT, smear=0.05),
    "wider tiers": replace(DEFAULT, smear=0.2),
    "an equal mixture to begin with": replace(DEFAULT, leverage_weights=(0.125,) * 8),
}
"""One change each; none was chosen by its outcome."""

HEAD = """# What was tried to beat the path-only map

Written by `python docs/attempts.py`. Binance BTC, hourly, {first} to {last}; forecasts one bar ahead, given the bar's range; models
fitted on the past alone, anew each week, scored from {scored} on. The path-only map is the same model, fed with the same volume in
every bar and no open interest. Figures are Poisson deviance skills in percent, with 95 % intervals over whole days.

- *beyond*: range, volume, volatility, path-only map, *and* the map, over the same without the map: the claim `open_interest`.
- *in its place*: range, volume, volatility and the map, over range, volume, volatility and the path-only map.
- *alone*: the map and nothing else, over the path-only map and nothing else.

{verdict}

Every line changes one parameter of the default; all were looked at, none was adopted for what it shows here. With so many lines one
in twenty shows an interval above zero by luck.

| tried | side | beyond | in its place | alone |
|---|---|---|---|---|
"""

PATH = (*RANGE_AND_VOLUME, "path")
COMPARISONS = {
    "beyond": (PATH, (*PATH, "map")),
    "in its place": (PATH, (*RANGE_AND_VOLUME, "map")),
    "alone": (("path",), ("map",)),
}


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
