"""The liquidation report in words and tables, as Markdown: pure text from the record of `runs.analysis.record`."""

import math
from typing import Any

from runs.analysis.record import NOT_MEASURED, analysis_record
from runs.reports.wording import minute, name, price, sentence, share, usd
from runs.result import Result

_BAR_CELLS = 20  # characters of the longest bar in the heat table


def liquidation_report(result: Result, evidence: str = NOT_MEASURED) -> str:
    """Return the report at the last bar of a run, as Markdown.

    Parameters
    ----------
    result
        The run.
    evidence
        What was found of the claim that its strategy trades on, in sentences.
    """
    return markdown_report(
        analysis_record(
            result.market, result.configuration.model, result.snapshots[-1], result.clusters, result.state,
            evidence=evidence,
        )
    )  # fmt: skip


def markdown_report(record: dict[str, Any]) -> str:
    """Return the report of a record as Markdown."""
    data = record["data"]
    simulated = " - SIMULATED MARKET, nothing here ever traded" if data["simulated"] else ""
    parts = [
        f"# Liquidation report: {name(data['name'])}{simulated}",
        f"At the close of {minute(record['at']['bar_close'])}, price {price(record['at']['price_quote'])}.",
        _overview(record["last_24_hours"]),
        _context(record["context"]),
        _clusters(record["clusters"]),
        _heat(record["heat"], record["at"]["price_quote"]),
        _summary(record["summary"]),
        _cascade(record["cascade"]),
        _after_wipes(record["after_wipes"]),
        _implications(record["implications"]),
        _data(data),
        "## Caveats\n\n" + "\n".join(f"- {line}" for line in caveats(record)),
    ]
    return "\n\n".join(parts) + "\n"


def caveats(record: dict[str, Any]) -> list[str]:
    """Return what every form of the report always says."""
    return [*record["caveats"], f"{sentence(record['evidence'])} This is research, not advice."]


def overview_rows(day: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the last day's figures, each with its label."""
    how = "as reported" if day["reported"] else "by the model, not reported"
    whale = " (a whale's size, if it was one)" if day["whale"] else ""
    ratio = "no short was" if math.isnan(day["long_over_short"]) else f"{day['long_over_short']:.2f}"
    direction = {"down": ", downward", "up": ", upward"}.get(day["phase_direction"], "")
    return [
        (f"Liquidated, {how}", usd(day["liquidated_usd"])),
        ("Longs", usd(day["long_usd"]) + _part(day["long_fraction"])),
        ("Shorts", usd(day["short_usd"]) + _part(day["short_fraction"])),
        ("Long / short", f"{ratio}: {day['squeeze']}"),
        ("Largest single bar", f"{usd(day['largest_bar_usd'])}{whale}; single liquidations are not in the data"),
        ("State", f"{day['state']} (thresholds x {day['market_share']:g}, the data's share)"),
        ("Phase", f"{day['phase']}{direction}"),
    ]


def _part(fraction: float) -> str:
    return "" if math.isnan(fraction) else f" ({fraction:.0%})"


def context_rows(context: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures around the map, each with its label."""
    held = context["open_interest_base"]
    size = "unknown" if math.isnan(held) else f"{held:,.1f} base coin, {usd(context['open_interest_usd'])}"
    return [
        ("Open interest", size),
        ("Explained by the map", share(context["coverage_fraction"])),
        ("Funding, last settled", share(context["funding_rate"], "+.4%")),
        ("Average range of a bar", f"{price(context['average_range_quote'])} quote"),
        ("Traded in 24 hours", f"{context['volume_24h_base']:,.1f} base coin"),
    ]


def cluster_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a cluster's cells: priority, price, extent, type, base coin, volume, distance."""
    return (
        str(row["priority"]), price(row["price_quote"]), f"{price(row['low_quote'])} - {price(row['high_quote'])}",
        row["type"], f"{row['size_base']:,.1f}", usd(row["size_usd"]), f"{row['distance_fraction']:+.2%}",
    )  # fmt: skip


CLUSTER_TITLES = ("priority", "price", "extent", "type", "base coin", "volume", "distance")
HEAT_TITLES = ("price", "distance", "side", "base coin", "volume", "cumulative", "clusters")


def heat_cells(level: dict[str, Any]) -> tuple[str, ...]:
    """Return a level's cells: price, distance, side, base coin, volume, cumulative volume, clusters."""
    return (
        price(level["price_quote"]), f"{level['distance_fraction']:+.2%}", level["side"], f"{level['size_base']:,.1f}",
        usd(level["size_usd"]), usd(level["cumulative_usd"]), " ".join(f"#{number}" for number in level["clusters"]),
    )  # fmt: skip


def heat_totals(heat: dict[str, Any]) -> str:
    """Return what stands on both sides, in a sentence."""
    return (
        f"Rows of {heat['level_fraction']:.2%} of price. Above, short positions that would be bought back: "
        f"{heat['short_base']:,.1f} base coin, {usd(heat['short_usd'])}. Below, long positions that would be sold: "
        f"{heat['long_base']:,.1f} base coin, {usd(heat['long_usd'])}."
    )


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in rows)])


def _overview(day: dict[str, Any]) -> str:
    return "## Last 24 hours\n\n" + "\n".join(
        ["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in overview_rows(day))]
    )


def _context(context: dict[str, Any]) -> str:
    return "## Market\n\n" + "\n".join(
        ["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in context_rows(context))]
    )


def _clusters(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "## Key levels\n\nNo significant cluster within the window."
    return "## Key levels\n\n" + _table(CLUSTER_TITLES, [cluster_cells(row) for row in rows])


def _heat(heat: dict[str, Any], close: float) -> str:
    rows: list[tuple[str, ...]] = []
    before = "short"
    for level in heat["levels"]:
        if level["side"] != before:
            rows.append((price(close), "", "price", "", "", "", "", ""))
            before = level["side"]
        bar = {"short": "=", "long": "#"}[level["side"]] * bar_cells(level, _BAR_CELLS)
        rows.append((*heat_cells(level), bar))
    return f"## Map by price level\n\n{heat_totals(heat)}\n\n{_table((*HEAT_TITLES, ''), rows)}"


def bar_cells(level: dict[str, Any], room: int) -> int:
    """Return the length of a level's bar in characters: its share of the largest, at least one for what shows as a size."""
    cells = round(level["share_of_largest_fraction"] * room)
    return max(cells, 1) if level["size_usd"] > 0.0 else 0


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Return the strongest cluster each way, and the asymmetry."""

    def line(way: str) -> str:
        found = summary[f"strongest_{way}"]
        if found is None:
            return f"Strongest {way}: none."
        return f"Strongest {way}: {price(found['price_quote'])} ({found['distance_fraction']:+.2%}), {usd(found['size_usd'])}."

    above = summary["above_fraction"]
    lean = "nothing on either side" if math.isnan(above) else f"{above:.0%} above, {1.0 - above:.0%} below"
    return [line("above"), line("below"), f"Asymmetry of the clusters: {lean}."]


def _summary(summary: dict[str, Any]) -> str:
    return "## Heatmap\n\n" + "\n".join(f"- {line}" for line in summary_lines(summary))


def cascade_rows(cascade: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row each way: direction, risk, stacked clusters, size set off per unit forced."""
    return [
        (way, found["risk"], str(found["stacked_clusters"]), _gain(found["set_off_per_unit"]))
        for way, found in cascade.items()
    ]


CASCADE_TITLES = ("direction", "risk", "stacked clusters", "set off per unit forced")


def _gain(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"


def _cascade(cascade: dict[str, Any]) -> str:
    return "## Cascade risk\n\n" + _table(CASCADE_TITLES, cascade_rows(cascade))


def wipe_lines(levels: dict[str, Any]) -> list[str]:
    """Return the standing support and resistance after wipes."""
    lines = []
    for kind, level in levels.items():
        if level is None:
            lines.append(f"{kind.capitalize()}: none stands.")
            continue
        source = "reported" if level["reported"] else "modelled"
        lines.append(
            f"{kind.capitalize()}: {price(level['price_quote'])}, from {minute(level['made'])}, "
            f"{usd(level['size_usd'])} wiped ({source})."
        )
    return lines


def _after_wipes(levels: dict[str, Any]) -> str:
    return "## After wipes\n\n" + "\n".join(f"- {line}" for line in wipe_lines(levels))


def implication_lines(implied: dict[str, Any]) -> list[str]:
    """Return bias, risk, and the levels whose break would set it off."""
    down, up = implied["long_liquidations_begin_below_quote"], implied["short_liquidations_begin_above_quote"]
    trigger = [f"below {price(down)} long liquidations begin"] if not math.isnan(down) else []
    trigger += [f"above {price(up)} short liquidations begin"] if not math.isnan(up) else []
    return [
        f"Bias: {implied['bias']}.",
        f"Risk: {implied['risk']}.",
        f"Levels whose break would set it off: {'; '.join(trigger) or 'none near'}.",
    ]


def _implications(implied: dict[str, Any]) -> str:
    return "## What follows, if the map is right\n\n" + "\n".join(f"- {line}" for line in implication_lines(implied))


def data_lines(data: dict[str, Any]) -> list[str]:
    """Return what the data lacks, and its defects."""
    return [sentence(line) for line in (*data["facts"], *data["defects"])] or ["nothing to report."]


def _data(data: dict[str, Any]) -> str:
    return "## Data\n\n" + "\n".join(f"- {line}" for line in data_lines(data))
