"""The pages of a run with one account in several markets: tearsheet, report, and each market's map."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from runs.engines.examination import not_examined
from runs.engines.joint.result import JointResult
from runs.outcome.joint_files import joint_files
from runs.outcome.joint_held import constant_returns, joint_held
from runs.outcome.joint_metrics import joint_metrics, joint_trades
from runs.outcome.metrics import daily_returns, unopened_sentence
from runs.outcome.writing import write_files
from runs.reports.competitors import ROWS, SIDES, side_by_side
from runs.reports.heatmap.page import run_heatmap
from runs.reports.numbers import section
from runs.reports.page import table
from runs.reports.tearsheet import CAVEAT, exposure_section, settings_text, side_curves, statistics_page
from runs.statistics.headline import stated_intervals
from runs.validation.claims.trading import strategy_evidence

MOST_MAPS = 8
"""Of so many markets each gets its map and its verdict; of more, runs.analyze and runs.validate give them one by one."""

MARKETS_EXPLAINED = (
    "Profit, fees and funding of the markets add up to the account's. Buy and hold: all markets that are listed in equal parts "
    "(or by their weights), restored at each bar without cost. Perpetual held: the same with funding, fee and slippage. Its "
    "exposure, constant: the time mean of its signed notional over equity in each market, restored daily, with funding."
)

MARKET_COLUMNS = ("market", "profit, quote", "of the start", "trades", "hit rate", "fees, quote", "funding, quote",
            "own liquidations", "its coin held", "its perpetual held")  # fmt: skip


def joint_evidence(result: JointResult) -> dict[str, Any]:
    """Return what is validated, market by market, of the signals that a run's strategy trades."""
    names, strategy = result.universe.names, result.configuration.strategy
    if len(names) > MOST_MAPS:
        return {
            "verdict": "not examined",
            "sentence": f"With more than {MOST_MAPS} markets the signals are not validated here; run runs.validate on each.",
            "markets": {},
        }
    found = {
        name: strategy_evidence(strategy, part.market, part.snapshots, part.configuration.model)
        for name, part in zip(names, result.parts, strict=True)
    }
    verdicts = [each.get("verdict") for each in found.values()]
    valid = sum(verdict == "validated" for verdict in verdicts)
    first = next(iter(found.values()))
    one = len(set(verdicts)) == 1
    said = first["sentence"] if one and len(found) == 1 else (
        f"The claim that it trades on is validated in {valid} of {len(found)} markets"
        + ("." if valid else ": a result may be luck.")
    )  # fmt: skip
    return {"verdict": str(verdicts[0]) if one else "mixed", "sentence": said, "markets": found}


def joint_intervals(result: JointResult) -> dict[str, Any]:
    """Return 95 % intervals of a run's headline figures, from resampled days."""
    return stated_intervals(daily_returns(result.times, result.equity, result.start).to_numpy())


def part_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row of text a market, and one of the whole account."""
    money, trading = metrics["money"], metrics["trading"]
    start = money["starting_cash_quote"]
    total = {
        "name": "account", "profit_quote": money["final_equity_quote"] - start, **money, "trades": trading["trades"],
        "return_fraction": money["final_equity_quote"] / start - 1.0, "hit_rate_fraction": trading["hit_rate_fraction"],
        "price_return_fraction": metrics["buy_and_hold"]["total_return_fraction"],
        "perpetual_held_return_fraction": metrics["perpetual_held"]["total_return_fraction"],
    }  # fmt: skip
    shapes = (
        ("profit_quote", "{:+,.2f}"), ("return_fraction", "{:+.2%}"), ("trades", "{:,}"), ("hit_rate_fraction", "{:.1%}"),
        ("fees_quote", "{:,.2f}"), ("funding_paid_quote", "{:,.2f}"), ("liquidations", "{:,}"),
        ("price_return_fraction", "{:+.1%}"), ("perpetual_held_return_fraction", "{:+.1%}"),
    )  # fmt: skip
    return [
        (str(each["name"]), *("-" if each[key] != each[key] else shape.format(each[key]) for key, shape in shapes))
        for each in (*metrics["markets"], total)
    ]


def joint_tearsheet(result: JointResult, metrics: dict[str, Any], settings: str | None = None) -> str:
    """Return the account's tearsheet, against the markets held in equal parts, with the parts of the markets.

    `settings` is what is said of parameters and costs; by default those of the run's configuration.
    """
    held = joint_held(result)
    ours = daily_returns(result.times, result.equity, result.start)
    theirs = daily_returns(result.times, held.spot, 1.0)
    perpetual = held.perpetual - metrics["perpetual_held"]["entry_cost_fraction"]
    constant = np.cumprod(1.0 + constant_returns(result, held))
    curves = side_curves(result.times, result.equity / result.start, constant, perpetual, held.spot)
    data, money = metrics["data"], metrics["money"]
    facts = (
        ("Simulated", "SIMULATED MARKETS - nothing here ever traded." if data["simulated"] else ""),
        ("Claim", metrics["evidence"]["sentence"] if "evidence" in metrics else ""),
        ("Competitors", metrics["constant_exposure"]["sentence"]),
        ("Account", f"Reconciliation error {money['reconciliation_error']:.1e} of the start."),
        ("", unopened_sentence(metrics["trading"])),
        ("Settings", f"{settings or settings_text(result.configuration)} Allocation: {metrics['allocation']}."),
        ("Instruments", " ".join(metrics["instrument"]["stand_ins"])),
        ("Data", f"{', '.join(data['markets'])}, {data['first_bar']} to {data['last_bar']}"),
        *(("", line) for line in (*data["caveats"], *data["defects"])),
        ("Read so", f"{MARKETS_EXPLAINED} {CAVEAT}"),
    )  # fmt: skip
    markets = section("markets", "By market", table(MARKET_COLUMNS, part_rows(metrics)))
    title, sections = f"{metrics['strategy']} on {data['name']}", exposure_section(metrics) + markets
    return statistics_page(title, metrics, curves, (ours, theirs), sections, facts, data["simulated"])


def joint_report(metrics: dict[str, Any]) -> str:
    """Return report.md: the account's figures, the parts of the markets, and what has to be said of the data."""
    rows = [
        f"| {' | '.join(cells)} |" for cells in (MARKET_COLUMNS, ("---",) * len(MARKET_COLUMNS), *part_rows(metrics))
    ]
    figures = [f"| {label} | {' | '.join(side_by_side(metrics, key, shape))} |" for label, key, shape in ROWS]
    data, titles = metrics["data"], ["", *(title for _, title in SIDES)]
    lines = [
        f"# {metrics['strategy']} on {data['name']}",
        f"{data['first_bar']} to {data['last_bar']}. {metrics['evidence']['sentence']}",
        "\n".join([f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *figures]),
        "## By market",
        "\n".join(rows),
        MARKETS_EXPLAINED,
        "## Data",
        "\n".join(f"- {line}" for line in (*data["caveats"], *data["defects"])),
        CAVEAT,
    ]
    return "\n\n".join(lines) + "\n"


def joint_record(result: JointResult, figures: dict[str, Any]) -> dict[str, Any]:
    """Return the content of metrics.json: all figures of `joint_metrics`, evidence and intervals."""
    return figures | {
        **not_examined("one account trades several markets"),
        "evidence": joint_evidence(result),
        "intervals": joint_intervals(result),
    }


def write_joint_run(result: JointResult, target: Path, temporary: Path) -> None:
    """Write all of a run's files into a claimed folder.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    trades = joint_trades(result)
    write_files(joint_pages(result, trades, joint_record(result, joint_metrics(result, trades))), target, temporary)


def joint_pages(
    result: JointResult, trades: pd.DataFrame, record: dict[str, Any], layers: bool = False
) -> dict[str, str | bytes]:
    """Return a run's files by name, given its round trips, the content of metrics.json, and whether the maps have layers."""
    pages = {"report.md": joint_report(record), "tearsheet.html": joint_tearsheet(result, record)}
    if len(result.parts) <= MOST_MAPS:
        for name, part in zip(result.universe.names, result.parts, strict=True):
            own = trades[trades["market"] == name].drop(columns="market").reset_index(drop=True)
            pages[map_file(name)] = run_heatmap(part, own, layers)
    return joint_files(result, trades, record, pages)


def map_file(name: str) -> str:
    """Return the file of a market's map.

    Examples
    --------
    >>> map_file("binance BTC/USDT:USDT 1h")
    'heatmap-binance-BTC-USDT-USDT-1h.html'
    """
    return f"heatmap-{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')}.html"
