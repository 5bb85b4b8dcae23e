"""Write docs/evidence.md from real market data: ``MARKET_DATA_DIR=... python docs/evidence.py``."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_market
from datafeeds.schema import Market
from runs.reports.page import figure
from runs.validate import validate
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED

PROJECT = Path(__file__).resolve().parents[1]

RECORDS = ("positions.parquet", "orders.parquet")
"""Files in the folders that are no markets."""

HEAD = """# Evidence

What the heatmap is proven to do, on real data. `python docs/evidence.py` writes this page; `python -m runs.validate` does the
same for data of yours. How it is measured, and why so: [design.md](design.md#evidence).

## In short
"""

PROVEN = frozenset({"forecast_long", "forecast_short", "today_long", "today_short", "truth_shape"})
"""The claims that `SHORT` calls proven; with others it has to be written anew."""

SHORT = """- **Proven: how much is liquidated, given how far price goes.** The map takes away {forecast_long:.0%} (longs) and
  {forecast_short:.0%} (shorts) of what its hardest competitor leaves open. Today's map says more than its own average.
- **Proven in one reading: today's map knows of real positions.** Large accounts of one venue are liquidated where it stands
  higher: slope {truth_shape:.2f}, where one is exact and zero knows nothing. Against its average over months it is not told
  from zero ([truth](truth.md)).
- **It is the price path that knows.** Open interest adds nothing that could be seen.
- **Not proven: direction.** Price reaches the larger [cluster](glossary.md#cluster) no more often than levels that match
  it.
- **Not proven: [cascades](glossary.md#cascade) beyond volatility, and levels after [wipes](glossary.md#wipe).**
- **What *not proven* is worth.** In half a year of a simulated market where such a [claim](glossary.md#claim) is true it is
  seldom found, a cascade no more often than by luck ([simulated markets](evidence-worlds.md)). Longer data see more: *would
  have seen*, below.
- **Refuted: forecasts in coins as they stand.** Reports rise more slowly than forecasts. The [stress test](stress.md) fits the
  link, and measures its intervals.
- **No strategy earns more than its own exposure held constant.** Of eight rules on two years held out none does by an interval, at
  taker, maker or no costs; 19 changes had been tried. The wipe as first specified loses ([figures](evidence-strategies.md)).
- **So**: use the map to say what a move would liquidate. Do not take a trade from it. No strategy here is validated.
- **How far to trust this.** Reports are lower bounds. Two hourly sets differ: summer 2024 alone validates nothing.
  [Kernel](glossary.md#kernel) and half-life were chosen on these three sets and these positions ([attempts](attempts.md)):
  nothing here is held out.
"""

READ = """
## All markets together

Each statistic is the mean of the markets that can test the claim; whole days are drawn jointly over them. It stands against the
competitor that it beats least. Beside it is the smallest effect that would have been seen four times in five. Verdicts are
adjusted for all claims of the table.

- *Forecast, today, open interest, kernel*: the share of what a forecast misses (its [deviance](glossary.md#deviance)) that
  the map takes away. The forecast is given how far price went.
- *In proportion*: how far the slope of reports on forecasts lies above .8; below zero it is flatter.
- *[Magnet](glossary.md#magnet)*: targets reached before a stop as far away, less one half. Before costs.
- *Cascade*: the share of the log loss that the risk takes away, when asked for a large move within a day.
- *How real positions lie*: bits of information about the price at which an account is liquidated.
- *Where positions stand today*: the slope on the map over its own average; one is exact, zero knows nothing of today.
- *Wipe*: return away from a level after its first retest, in standard deviations.
"""

NAMES = {
    "forecast": "given how far price goes, the map says how much is liquidated",
    "today": "today's shape of the map says more than its own average",
    "open_interest": "open interest adds to the price path",
    "kernel": "this kernel is better than another",
    "calibration": "what the map forecasts is reported in proportion",
    "capture": "of the levels reached, the map names those with size",
    "truth_level": "the map says how real positions lie around the price",
    "truth_shape": "where positions stand today, the map stands higher",
    "magnet": "price is drawn to the larger cluster",
    "cascade": "cascade risk forecasts large moves beyond volatility",
    "wipe": "levels after wipes hold",
}
"""Claims in plain words; those by side end in _long or _short."""

MARKS = {VALIDATED: "yes", NOT_VALIDATED: "no", TOO_LITTLE_DATA: "-"}

MORE = """
## More evidence

- [Simulated markets whose truth is known](evidence-worlds.md): how often a false claim passes, and a true one.
- [The map against the truth of simulated markets](evidence-truth.md).
- [The stress test's intervals](stress.md), held against reports.
- [Which kernel and half-life, and what else was tried](attempts.md).
- [What the strategies earn](evidence-strategies.md) on both sides of the costs, and [what was tried](attempts-strategies.md).
- [What a sweep says of luck](evidence-sweeps.md), and [the level of its test](evidence-level.md).
- [Maps against real positions](truth.md), and [volatility](volatility.md).
"""


def plain(name: str) -> str:
    """Return a claim in plain words."""
    stem, _, side = name.rpartition("_")
    return f"{NAMES[stem]}: {side}s" if side in ("long", "short") else NAMES[name]


def table(claims: Sequence[Mapping[str, Any]]) -> str:
    """Return a row a claim that could be tested, as it stands against the competitor that it beats least."""
    rows = [
        "| claim | verdict | statistic | 95 % interval | against | would have seen |",
        "|---|---|---|---|---|---|",
    ]
    for claim in claims:
        test = claim["weakest"]
        if test is None:
            rows.append(f"| {plain(claim['name'])} | **{claim['verdict']}** | | | | |")
            continue
        interval = f"{figure(test['low'])} .. {figure(test['high'])}"
        seen = "" if test["minimum_detectable_effect"] is None else figure(test["minimum_detectable_effect"])
        rows.append(
            f"| {plain(claim['name'])} | **{claim['verdict']}** | {figure(test['estimate'])} | {interval} "
            f"| {test['baseline']} | {seen} |"
        )
    return "\n".join(rows)


def by_market(markets: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return what each market says by itself: a row a claim, a column a market that can test any."""
    shown = [market for market in markets if any(claim["weakest"] for claim in market["claims"])]
    numbers = [f"{place}. {market['data']['name']}: {_span(market['data'])}" for place, market in enumerate(shown, 1)]
    rows = [
        "\n".join(numbers) + "\n",
        "| claim | " + " | ".join(str(place) for place in range(1, len(shown) + 1)) + " |",
    ]
    rows.append("|---" * (len(shown) + 1) + "|")
    for name in names:
        found = [next(claim for claim in market["claims"] if claim["name"] == name) for market in shown]
        cells = [MARKS[claim["verdict"]] if claim["weakest"] else "" for claim in found]
        if any(cells):
            rows.append(f"| {plain(name)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _span(data: Mapping[str, Any]) -> str:
    return f"{data['bars']:,} bars, {data['first_bar'][:10]} to {data['last_bar'][:10]}"


def text(markets: list[Market], with_positions: list[Market], positions: Path | None, liquidations: Path | None) -> str:
    """Return the page; the claims on real positions are those of the markets whose positions are known."""
    record = validate(markets, liquidations=liquidations).record
    held = validate(with_positions, positions=positions).record if with_positions else {"claims": []}
    claims = [claim for claim in record["claims"] if not claim["name"].startswith("truth")]
    claims += [claim for claim in held["claims"] if claim["name"].startswith("truth")]
    proven = {claim["name"] for claim in claims if claim["verdict"] == VALIDATED}
    short = "- *To be written: other claims are validated than the text says.*\n"
    if proven == PROVEN:
        short = SHORT.format(**{claim["name"]: claim["weakest"]["estimate"] for claim in claims if claim["weakest"]})
    parts = [HEAD, short, READ, table(claims), "\n## Each market by itself\n"]
    parts.append("*yes* validated, *no* not validated, *-* too little data, empty: not in the data.\n")
    parts += [by_market(record["markets"], [claim["name"] for claim in claims]), MORE]
    return "\n".join(parts)


if __name__ == "__main__":
    source = Path(os.environ.get("MARKET_DATA_DIR", PROJECT / ".." / "shared" / "data")).resolve()
    if not source.is_dir():
        sys.exit(f"no market data in {source}: set MARKET_DATA_DIR to its folder")
    files = [path for path in sorted(source.glob("*/*.parquet")) if path.name not in RECORDS]
    held = [path for path in files if path.with_name(RECORDS[0]).exists()]
    written = text(
        [open_market(str(path)) for path in files if path not in held], [open_market(str(path)) for path in held],
        next(source.glob(f"*/{RECORDS[0]}"), None), next(source.glob(f"*/{RECORDS[1]}"), None),
    )  # fmt: skip
    Path(__file__).with_suffix(".md").write_text(written, encoding="utf-8")
