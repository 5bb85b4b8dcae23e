"""Write docs/evidence.md from real market data: ``MARKET_DATA_DIR=... python docs/evidence.py``."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_market
from indicators.liquidation.parameters import ModelParameters
from runs.reports.page import figure
from runs.statistics.multiplicity import adjusted_p_values
from runs.validation.claim import DISCOVERY_RATE, TOO_LITTLE_DATA, VALIDATED
from runs.validation.dataset import read_market
from runs.validation.protocol import measure_claims
from runs.validation.record import ORDER, validation_record

PROJECT = Path(__file__).resolve().parents[1]

HEAD = """# Evidence

Written by `python docs/evidence.py` from market data that is not part of the project; `python -m runs.validate` gives the same
for any data of yours. How claims are measured, and why so: [design.md](design.md#evidence).

## What it means for a user

- *Not validated* means that on this data the claim could not be told from luck, from its baseline, or from a placebo. It is no
  proof of the contrary, but no money should follow it.
- *Too little data* is the usual answer, because few archives hold reported liquidations. Nothing was tested; nothing is known.
- *Validated* means better than every baseline on bars that took no part in fitting, with an interval above zero, after adjustment
  for all the claims tested together. It holds for that market and time.
- Range and volume of the hour explain most of what is liquidated in it, and they are known only when it is over. The forecast
  claims are *given* the range: they ask whether the map knows which levels hold size, not whether price will go there. A
  validated forecast is no direction, and no trade.
- The path of the price alone makes a good map (levels not visited since positions could have been opened at the matching
  distance). Whether open interest adds to it is asked on its own, and a map is worth its data only where that is validated.
- The magnet is measured before costs, as a share of the distance between target and stop. Two of seven files validate it by
  themselves, at a twentieth of that distance, which fees and slippage can eat; taken together with the other files neither stands.
- Cascade risk forecasts no large move beyond volatility on any file, and no reaction at levels after wipes is established.
- Throttled feeds report a part of what is liquidated, the less the busier the second. All sizes here are lower bounds.
"""
"""The fixed part: what no run changes."""

TRUTH = Path(__file__).with_name("evidence-truth.md")
"""Maps against the truth of simulated markets, where `evidence_truth.py` has left them."""

WORLDS = Path(__file__).with_name("evidence-worlds.md")
"""Results on simulated markets whose truth is known, where the slow suite has left them."""


def text(folder: Path) -> str:
    """Return the page for all market files below a folder."""
    parts = [HEAD]
    records = [record_of(path) for path in sorted(folder.glob("*/*.parquet"))]
    parts.append(_overview(records))
    parts += [_section(record) for record in sorted(records, key=_unwelcome_first)]
    parts += [page.read_text(encoding="utf-8") for page in (TRUTH, WORLDS) if page.exists()]
    return "\n".join(parts)


def record_of(path: Path) -> dict[str, Any]:
    """Return the verdicts on one file."""
    started = time.perf_counter()
    dataset = read_market(open_market(str(path)), ModelParameters())
    record = validation_record(measure_claims(dataset), dataset)
    sys.stderr.write(f"{record['data']['name']}: {time.perf_counter() - started:.0f} s\n")
    return record


def _unwelcome_first(record: dict[str, Any]) -> tuple[int, str]:
    return -record["counts"][ORDER[0]], record["data"]["name"]


def _overview(records: list[dict[str, Any]]) -> str:
    rows = ["## Overview\n", "| data | " + " | ".join(ORDER) + " |", "|---" * (len(ORDER) + 1) + "|"]
    for record in sorted(records, key=_unwelcome_first):
        counts = " | ".join(str(record["counts"][verdict]) for verdict in ORDER)
        rows.append(f"| {record['data']['name']} | {counts} |")
    return "\n".join([*rows, "", *_survivors(records)]) + "\n"


def _survivors(records: list[dict[str, Any]]) -> list[str]:
    """Return which verdicts outlast an adjustment for all claims of all files, which a verdict on one file does not have."""
    tested = [
        (record["data"]["name"], claim)
        for record in records
        for claim in record["claims"]
        if claim["weakest"] and claim["verdict"] != TOO_LITTLE_DATA
    ]
    adjusted = adjusted_p_values(np.array([claim["weakest"]["p_value"] for _, claim in tested]))
    rows = [
        f"Each file is judged by itself. Over all {len(tested)} claims tested here together (Benjamini-Hochberg; the files overlap "
        "in time and market), of what is *validated* above:\n"
    ]
    for (name, claim), p_value in zip(tested, adjusted, strict=True):
        if claim["verdict"] == VALIDATED:
            outcome = "remains" if p_value <= DISCOVERY_RATE else "does not remain"
            rows.append(f"- `{claim['name']}` on {name} {outcome} (adjusted p {p_value:.3f}).")
    return rows


def _section(record: dict[str, Any]) -> str:
    data = record["data"]
    head = f"## {data['name']}\n\n{data['bars']:,} bars, {data['first_bar'][:10]} to {data['last_bar'][:10]}."
    tested = [claim for claim in record["claims"] if claim["weakest"]]
    rows = [head, ""]
    if tested:
        rows += [
            "| claim | verdict | statistic against its hardest baseline | 95 % interval | n | effective | hardest baseline |"
        ]
        rows += ["|---|---|---|---|---|---|---|", *map(_row, tested), ""]
        rows += [f"- {claim['statement']}: {remark}." for claim in tested for remark in claim["remarks"]]
        rows += _against(tested)
    for reason, names in _reasons(record["claims"]).items():
        rows.append(f"Too little data for {', '.join(names)}: {reason}.\n")
    return "\n".join(rows)


def _row(claim: dict[str, Any]) -> str:
    weakest = claim["weakest"]
    interval = f"{figure(weakest['low'])} .. {figure(weakest['high'])}"
    observed = f"{weakest['observations']:,} | {weakest['effective']:,.0f}"
    cells = (
        f"`{claim['name']}`",
        claim["verdict"],
        figure(weakest["estimate"]),
        interval,
        observed,
        weakest["baseline"],
    )
    return f"| {' | '.join(cells)} |"


def _against(tested: list[dict[str, Any]]) -> list[str]:
    """Return the comparisons behind claims that have several, and the placebos."""
    rows = ["| claim | against | statistic | 95 % interval | p |", "|---|---|---|---|---|"]
    for claim in tested:
        labelled = [("", test) for test in claim["tests"]] + [("placebo: ", test) for test in claim["placebos"]]
        for label, test in labelled:
            interval = f"{figure(test['low'])} .. {figure(test['high'])}"
            values = f"{figure(test['estimate'])} | {interval} | {figure(test['p_value'])}"
            rows.append(f"| `{claim['name']}` | {label}{test['baseline']} | {values} |")
    return [*rows, ""]


def _reasons(claims: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the names of claims that were not tested, by the reason."""
    reasons: dict[str, list[str]] = {}
    for claim in claims:
        if claim["weakest"] is None:
            reasons.setdefault("; ".join(claim["remarks"]) or "no reason given", []).append(f"`{claim['name']}`")
    return reasons


if __name__ == "__main__":
    source = Path(os.environ.get("MARKET_DATA_DIR", PROJECT / ".." / "shared" / "data")).resolve()
    if not source.is_dir():
        sys.exit(f"no market data in {source}: set MARKET_DATA_DIR to its folder")
    Path(__file__).with_suffix(".md").write_text(text(source), encoding="utf-8")
