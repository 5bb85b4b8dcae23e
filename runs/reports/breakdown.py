"""What quantstats does not show, for the head of the tearsheet: exposure, costs, and hit rates by what the map said."""

import math
from typing import Any

from runs.reports.page import COLOURS, table

TITLES = {
    "cluster_distance": "Hit rate by distance of the cluster ahead",
    "signal_strength": "Hit rate by strength: the cluster ahead over the opposite one",
    "phase": "Hit rate by cascade phase",
}
_COLUMNS = ("trades", "wins", "hit rate", "95 % interval", "mean net return", "net, quote")

STYLE = (
    COLOURS
    + """
:root{color-scheme:light}
#liquidation-heatmap{background:var(--ground);color:var(--ink);max-width:960px;margin:1em auto;padding:.8em 1em;
border:1px solid var(--line);font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
#liquidation-heatmap h2{font-size:1rem;font-weight:600;margin:.8rem 0 .2rem}
#liquidation-heatmap .wide{overflow-x:auto}
#liquidation-heatmap table{width:auto;margin:0 0 .6rem;border-collapse:collapse}
#liquidation-heatmap td,#liquidation-heatmap th{font:13px/1.4 system-ui,sans-serif;text-align:right;background:none;
padding:.15rem .8rem .15rem 0;white-space:nowrap;font-variant-numeric:tabular-nums}
#liquidation-heatmap td:first-child,#liquidation-heatmap th:first-child{text-align:left}
@media(max-width:700px){body{margin:8px}#left,#right{width:100%;float:none;margin-right:0;overflow-x:auto}
#liquidation-heatmap td:first-child{white-space:normal}h1,h3,h4{overflow-wrap:anywhere}}
"""
)
"""Of the head alone: quantstats' own part is black on white, and stays so in the dark."""


def breakdown_tables(metrics: dict[str, Any]) -> str:
    """Return the tables as HTML, from a run's `metrics`; every figure is one of metrics.json, rounded."""
    exposure, money, trading = metrics["exposure"], metrics["money"], metrics["trading"]
    costs = (
        ("Time in the market", _shape(exposure["time_in_market_fraction"], "{:.1%}")),
        ("Average leverage in the market", _shape(exposure["average_leverage_in_market"], "{:.2f}")),
        ("Highest leverage", _shape(exposure["highest_leverage"], "{:.2f}")),
        ("Turnover, quote", _shape(money["turnover_quote"], "{:,.2f}")),
        ("Fees, quote", _shape(money["fees_quote"], "{:,.2f}")),
        ("Funding paid, quote", _shape(money["funding_paid_quote"], "{:,.2f}")),
        ("Own liquidations", str(money["liquidations"])),
        ("Liquidation fees, quote", _shape(money["liquidation_fees_quote"], "{:,.2f}")),
        ("Trades", str(trading["trades"])),
        ("Hit rate", _shape(trading["hit_rate_fraction"], "{:.1%}")),
    )
    parts = ["<h2>Exposure and costs</h2>", table(("", ""), costs)]
    for name, title in TITLES.items():
        rows = [group_cells(group) for group in metrics["breakdown"][name]]
        parts += [f"<h2>{title}</h2>", table(("at the close before the entry", *_COLUMNS), rows)]
    return "".join(parts)


def group_cells(group: dict[str, Any]) -> tuple[str, ...]:
    """Return a group's cells: name, trades, wins, hit rate, its interval, mean net return, net profit."""
    ends = [_shape(group[f"hit_rate_{end}_fraction"], "{:.1%}") for end in ("low", "high")]
    return (
        group["group"], str(group["trades"]), str(group["wins"]), _shape(group["hit_rate_fraction"], "{:.1%}"),
        "-" if ends[0] == "-" else " .. ".join(ends), _shape(group["mean_net_return_fraction"], "{:+.3%}"),
        _shape(group["net_pnl_quote"], "{:+,.2f}"),
    )  # fmt: skip


def _shape(value: float, shape: str) -> str:
    return shape.format(value) if math.isfinite(value) else "-"
