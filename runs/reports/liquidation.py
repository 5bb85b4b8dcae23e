"""The liquidation report: what the heatmap says at one bar, in words and tables. Pure text from a snapshot."""

import math
from typing import Any

import numpy as np

from indicators.liquidation.anatomy import MARKET_STATES, PHASES, WHALE_USD, squeeze
from runs.result import Result

_NEUTRAL = str.maketrans({"<": "(", "|": "/", "`": "'", "[": "(", "]": ")"})
_RISK = ("low", "moderate", "high")
_CAVEATS = """
- Liquidation levels are estimates: nobody publishes positions, and leverage is assumed, not observed.
- A level is a zone, and it shifts as positions open and close.
- Wicks hunt stops: price can pierce a level and come back within a bar.
- {evidence} This is research, not advice.
"""
_NOT_MEASURED = "The signals have not been validated on this data by this version."


def liquidation_report(result: Result, evidence: str = _NOT_MEASURED) -> str:
    """Return the report at the last bar of a run, as Markdown.

    Parameters
    ----------
    result
        The run.
    evidence
        What was found of the claim that its strategy trades on, in sentences.
    """
    view, last = result.snapshots[-1], len(result.snapshots) - 1
    market = result.market
    closes = market.times[last] + np.timedelta64(market.bar_seconds, "s")
    simulated = " - SIMULATED MARKET, nothing here ever traded" if market.simulated else ""
    parts = [
        f"# Liquidation report: {_plain(market.name)}{simulated}",
        f"At the close of {np.datetime_as_string(closes, unit='m')} UTC, price {float(view['close']):,.2f}.",
        _overview(view, result),
        _levels(result.clusters),
        _summary(result.clusters),
        _cascade(view, result.clusters),
        _post_wipe(view, market.times),
        _implications(view, result.clusters),
        _data(result),
        "## Caveats\n" + _CAVEATS.format(evidence=_plain_sentence(evidence)).rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Keep outside text from being read as markup."""
    return "".join(c if c.isalnum() or c in " ._:/-" else "_" for c in text)


def _usd(value: float) -> str:
    for scale, name in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            return f"{value / scale:,.2f} {name} USD"
    return f"{value:,.2f} USD"


def _share(part: float, total: float) -> str:
    return f" ({part / total:.0%})" if total > 0.0 else ""


def _overview(view: Any, result: Result) -> str:
    longs, shorts = float(view["liquidated_long_24h_usd"]), float(view["liquidated_short_24h_usd"])
    total = longs + shorts
    how = "as reported" if view["liquidation_reported"] else "by the model, not reported"
    largest = float(view["largest_liquidation_bar_usd"])
    whale = " (a whale's size, if it was one)" if largest > WHALE_USD else ""
    ratio = f"{longs / shorts:.2f}" if shorts > 0.0 else "no short was"
    return f"""## Last 24 hours

| | |
|---|---|
| Liquidated, {how} | {_usd(total)} |
| Longs | {_usd(longs)}{_share(longs, total)} |
| Shorts | {_usd(shorts)}{_share(shorts, total)} |
| Long / short | {ratio}: {squeeze(longs, shorts)} |
| Largest single bar | {_usd(largest)}{whale}; single liquidations are not in the data |
| State | {MARKET_STATES[int(view["market_state"])]} (thresholds x {result.configuration.model.market_share:g}, the data's share) |
| Phase | {PHASES[int(view["phase"])]}{_direction(view)} |"""


def _direction(view: Any) -> str:
    return {-1.0: ", downward", 1.0: ", upward"}.get(float(view["phase_direction"]), "")


def _levels(clusters: np.ndarray) -> str:
    if not len(clusters):
        return "## Key levels\n\nNo significant cluster within the window."
    rows = [
        f"| {number} | {c['price']:,.2f} | {c['low']:,.2f} - {c['high']:,.2f} | {'long' if c['side'] > 0 else 'short'} "
        f"| {c['magnitude']:,.1f} | {_usd(float(c['magnitude_usd']))} | {float(c['distance']):+.2%} |"
        for number, c in enumerate(clusters, 1)
    ]
    head = "| priority | price | extent | type | base coin | volume | distance |\n|---|---|---|---|---|---|---|"
    return "## Key levels\n\n" + head + "\n" + "\n".join(rows)


def _strongest(clusters: np.ndarray, side: float) -> Any:
    """Return the largest cluster above (+1) or below (-1) the price, whatever type it is."""
    found = clusters[clusters["distance"] * side > 0.0]
    return found[0] if len(found) else None


def _summary(clusters: np.ndarray) -> str:
    above, below = _strongest(clusters, 1.0), _strongest(clusters, -1.0)
    mass_above = float(clusters["magnitude_usd"][clusters["distance"] > 0.0].sum())
    mass_below = float(clusters["magnitude_usd"][clusters["distance"] < 0.0].sum())

    def line(name: str, found: Any) -> str:
        if found is None:
            return f"- Strongest {name}: none."
        size = _usd(float(found["magnitude_usd"]))
        return f"- Strongest {name}: {found['price']:,.2f} ({float(found['distance']):+.2%}), {size}."

    total = mass_above + mass_below
    lean = (
        f"{mass_above / total:.0%} above, {mass_below / total:.0%} below" if total > 0.0 else "nothing on either side"
    )
    return f"## Heatmap\n\n{line('above', above)}\n{line('below', below)}\n- Asymmetry of the clusters: {lean}."


def _cascade(view: Any, clusters: np.ndarray) -> str:
    return (
        "## Cascade risk\n\n| direction | risk | stacked clusters | set off per unit forced |\n|---|---|---|---|\n"
        f"| down | {_RISK[int(view['cascade_risk_down'])]} | {int(view['stacked_below'])} | {_gain(view['cascade_gain_down'])} |\n"
        f"| up | {_RISK[int(view['cascade_risk_up'])]} | {int(view['stacked_above'])} | {_gain(view['cascade_gain_up'])} |"
    )


def _gain(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"


def _post_wipe(view: Any, times: np.ndarray) -> str:
    lines = []
    for name in ("support", "resistance"):
        price = float(view[f"{name}_price"])
        if math.isnan(price):
            lines.append(f"- {name.capitalize()}: none stands.")
            continue
        source = "reported" if view[f"{name}_reported"] else "modelled"
        made = np.datetime_as_string(times[int(view[f"{name}_bar"])], unit="m")
        size = _usd(float(view[f"{name}_size_usd"]))
        lines.append(f"- {name.capitalize()}: {price:,.2f}, from {made} UTC, {size} wiped ({source}).")
    return "## After wipes\n\n" + "\n".join(lines)


def _implications(view: Any, clusters: np.ndarray) -> str:
    magnet = float(view["magnet"])
    bias = (
        "no signal" if math.isnan(magnet) else {1.0: "upward magnet", -1.0: "downward magnet", 0.0: "balanced"}[magnet]
    )
    down, up = float(view["cluster_below_price"]), float(view["cluster_above_price"])
    trigger = [f"below {down:,.2f} long liquidations begin"] if not math.isnan(down) else []
    trigger += [f"above {up:,.2f} short liquidations begin"] if not math.isnan(up) else []
    worst = max(int(view["cascade_risk_down"]), int(view["cascade_risk_up"]))
    return (
        f"## What follows, if the map is right\n\n- Bias: {bias}.\n- Risk: {_RISK[worst]}.\n"
        f"- Levels whose break would set it off: {'; '.join(trigger) or 'none near'}."
    )


def _data(result: Result) -> str:
    lines = [*result.market.facts(), *result.market.quality.lines()]
    return "## Data\n\n" + ("\n".join(f"- {_plain_sentence(line)}" for line in lines) or "- nothing to report.")


def _plain_sentence(text: str) -> str:
    """Keep a sentence readable, but without what Markdown or HTML would act on, and on one line."""
    return " ".join(text.translate(_NEUTRAL).split())
