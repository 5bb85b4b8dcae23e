"""What the liquidation report says, as rows and sentences: the same words for every form of it."""

import math
from typing import Any

from runs.reports.text import minute, name, price, sentence, share, usd

CLUSTER_TITLES = ("priority", "price", "extent", "type", "base coin", "volume", "distance")
EXCHANGE_TITLES = ("exchange", "liquidated", "share", "open interest", "share", "volume", "share")
HEAT_TITLES = ("price", "distance", "side", "base coin", "volume", "cumulative", "clusters")
CASCADE_TITLES = ("direction", "risk", "stacked clusters", "set off per unit forced")


def caveats(record: dict[str, Any]) -> list[str]:
    """Return what every form of the report always says."""
    return [*record["caveats"], f"{sentence(record['evidence'])} This is research, not advice."]


def overview_rows(day: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the last day's figures, each with its label."""
    how = "as reported" if day["reported"] else "by the model, not reported"
    single = day["largest_single"]
    whale = " (a whale's size, if it was one)" if day["whale"] and not single else ""
    unknown = "" if single else "; single liquidations are not in the data"
    ratio = "no short was" if math.isnan(day["long_over_short"]) else f"{day['long_over_short']:.2f}"
    direction = {"down": ", downward", "up": ", upward"}.get(day["phase_direction"], "")
    return [
        (f"Liquidated, {how}", usd(day["liquidated_usd"])),
        ("Longs", usd(day["long_usd"]) + _part(day["long_fraction"])),
        ("Shorts", usd(day["short_usd"]) + _part(day["short_fraction"])),
        ("Long / short", f"{ratio}: {day['squeeze']}"),
        *([("Largest single liquidation", _largest(single))] if single else []),
        ("Largest single bar", f"{usd(day['largest_bar_usd'])}{whale}{unknown}"),
        ("State", f"{day['state']} (thresholds x {day['market_share']:g}, the data's share)"),
        ("Phase", f"{day['phase']}{direction}"),
    ]


def _largest(single: dict[str, Any]) -> str:
    some = single["bars_known"] < single["bars"]
    seen = f"; events are known of {single['bars_known']} of {single['bars']} bars" if some else ""
    if not single["size_usd"] > 0.0:
        return f"none{seen}"
    whale = ", a whale" if single["whale"] else ""
    found = f"{usd(single['size_usd'])}, a {single['type']} on {name(single['venue'])}{whale}"
    return f"{found}, in the bar of {minute(single['bar_open'])}{seen}"


def exchange_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row an exchange: its liquidations, open interest and volume, each with its share; none for a market of one."""
    return [
        (
            name(row["venue"]), usd(row["liquidated_usd"]), share(row["liquidated_fraction"]),
            usd(row["open_interest_usd"]), share(row["open_interest_fraction"]),
            _base(row["volume_24h_base"]), share(row["volume_24h_fraction"]),
        )
        for row in (record["exchanges"] or {"venues": ()})["venues"]
    ]  # fmt: skip


def _base(size: float) -> str:
    return "unknown" if math.isnan(size) else f"{size:,.1f}"


def exchange_note(exchanges: dict[str, Any]) -> str:
    """Return over which bars the exchanges are compared."""
    bars = exchanges["bars"]
    return (
        f"Liquidations as reported, over the {exchanges['liquidated_bars']} of the last {bars} bars in which all that report are "
        f"known; volume in base coin, over {exchanges['volume_bars']}. Open interest at the close."
    )


def _part(fraction: float) -> str:
    return "" if math.isnan(fraction) else f" ({fraction:.0%})"


def context_rows(context: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures around the map, each with its label."""
    held = context["open_interest_base"]
    size = "unknown" if math.isnan(held) else f"{held:,.1f} base coin, {usd(context['open_interest_usd'])}"
    return [
        ("Open interest", size),
        ("Funding, last settled", share(context["funding_rate"], "+.4%")),
        ("Average true range of a bar", f"{price(context['atr_quote'])} quote"),
        ("Traded in 24 hours", f"{context['volume_24h_base']:,.1f} base coin"),
        ("Sizes of the map", f"shares of {context['level_from']}"),
        ("Age of the map", f"{context['map_age_half_lives']:,.1f} half-lives"),
    ]


def cluster_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a cluster's cells: priority, price, extent, type, base coin, volume, distance."""
    return (
        str(row["priority"]), price(row["price_quote"]), f"{price(row['low_quote'])} - {price(row['high_quote'])}",
        row["type"], f"{row['size_base']:,.1f}", usd(row["size_usd"]), f"{row['distance_fraction']:+.2%}",
    )  # fmt: skip


def leverage_titles(leverage: dict[str, Any]) -> tuple[str, ...]:
    """Return the titles of `leverage_rows`."""
    return ("priority", "price", *(group["name"] for group in leverage["groups"]))


def leverage_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a cluster: priority, price, and what part of it each group of leverages holds; none if not asked for."""
    if "leverage" not in record:
        return []
    return [
        (str(row["priority"]), price(row["price_quote"]), *(share(fraction) for fraction in fractions))
        for row, fractions in zip(record["clusters"], record["leverage"]["clusters"], strict=True)
    ]


def leverage_note(leverage: dict[str, Any]) -> str:
    """Return where the groups are cut, and what the split rests on."""
    ends = ", ".join(f"{group['highest']:.1f}x" for group in leverage["groups"][:-1])
    return (
        f"Groups are cut at {ends}. How size is split by leverage is assumed ({name(leverage['distribution'])}), "
        "and seen in no data."
    )


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


def cascade_rows(cascade: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row each way: direction, risk, stacked clusters, size set off per unit forced."""
    return [
        (way, found["risk"], str(found["stacked_clusters"]), _gain(found["set_off_per_unit"]))
        for way, found in cascade.items()
    ]


def _gain(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"


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


def implication_lines(implied: dict[str, Any]) -> list[str]:
    """Return where liquidations begin, then each signal with what the evidence says of it."""
    down, up = implied["long_liquidations_begin_below_quote"], implied["short_liquidations_begin_above_quote"]
    begin = [f"of longs below {price(down)}"] if not math.isnan(down) else []
    begin += [f"of shorts above {price(up)}"] if not math.isnan(up) else []
    return [
        "The map forecasts how much is liquidated, given where price goes; mostly the price path tells that.",
        f"Nearest liquidations of a significant size: {'; '.join(begin) or 'none near'}.",
        f"Bias: {implied['bias']}. Not proven: it is no forecast of direction.",
        f"Risk of a cascade: {implied['risk']}. Not proven beyond volatility.",
        "The phase of a cascade says what has fallen. Not proven: it is no forecast of what comes.",
        "Support and resistance after wipes are not proven to hold.",
    ]


def data_lines(data: dict[str, Any]) -> list[str]:
    """Return what the data lacks, and its defects."""
    return [sentence(line) for line in (*data["caveats"], *data["defects"])] or ["nothing to report."]
