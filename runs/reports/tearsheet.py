"""The tearsheet: the first screen, drawdown, exposure and costs, hit rates, months, facts, and quantstats' part below."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from runs.engines.configuration import Configuration
from runs.engines.result import EngineResult
from runs.outcome.competitors import held_of
from runs.outcome.instrument import instrument_text
from runs.outcome.metrics import benchmark_equity, daily_returns
from runs.reports.competitors import EXPLAINED, ROWS, SIDES, further_cash, side_by_side
from runs.reports.daily_statistics import Drawing, draw_statistics, drawable, enough_days, statistics_part
from runs.reports.figures.timeline import TIMELINE_STYLE, Curve, timeline_figure
from runs.reports.first_screen import dates, first_screen
from runs.reports.monthly import monthly_table
from runs.reports.numbers import section
from runs.reports.page import escape, page, table
from runs.statistics.holding import constant_exposure_returns, held_worth
from runs.statistics.performance import drawdowns

TITLES = {
    "cluster_distance": "Hit rate by distance of the cluster ahead",
    "signal_strength": "Hit rate by strength: the cluster ahead over the opposite one",
    "phase": "Hit rate by cascade phase",
    "cascade_side": "Hit rate by side: with a cascade or against it",
}
_COLUMNS = ("trades", "wins", "hit rate", "95 % interval", "mean net return on notional", "net, quote")

STYLE = """
#first{padding:0}#first h1{margin:0}#first p{margin:.15rem 0}#first .verdict{font-size:1.05rem}
#figures th,#drawdown th{white-space:normal}
h3{font-size:.9rem;font-weight:600;margin:.6rem 0 .1rem}section>p,#facts{font-size:.9rem}
#facts p{display:grid;grid-template-columns:7rem 1fr}#facts b{font-weight:600}
@media(max-width:700px){body{padding:.5rem}#first h1{font-size:1.15rem}#first p{font-size:.85rem}#first .verdict{font-size:1rem}
#figures td,#figures th,#drawdown td,#drawdown th{padding-right:.35rem;font-size:.75rem}
#figures .wide :first-child,#drawdown .wide :first-child{min-width:0}
#facts p{display:block}#facts b:not(:empty)::after{content:": "}}
@media print{body{max-width:none;padding:0}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}}
"""
"""Beside the look that all pages share."""

_BASES = (
    "Time in the market above counts bars that end with a position. quantstats counts days with a return other than zero, so "
    "its figure is the higher one."
)
_DRAWDOWNS = tuple(row for row in ROWS if "drawdown" in row[1])


def breakdown_sections(metrics: dict[str, Any]) -> str:
    """Return exposure, costs and hit rates as HTML, from a run's `metrics`; every figure is one of metrics.json, rounded."""
    parts = []
    for name, title in TITLES.items():
        rows = [group_cells(group) for group in metrics["breakdown"][name] if group["trades"]]
        if rows:
            parts += [f"<h3>{title}</h3>", table(("", *_COLUMNS), rows)]
    said = "<p class='faint'>Closed trades, by what the map said at the close before their entry.</p>"
    rates = section("hit-rates", "Hit rates", said, *parts) if parts else ""
    return exposure_section(metrics) + rates


def exposure_section(metrics: dict[str, Any]) -> str:
    """Return exposure, costs and trades as HTML."""
    exposure, money, trading = metrics["exposure"], metrics["money"], metrics["trading"]
    rows = (
        ("Mean exposure, notional / equity", _shape(exposure["mean_exposure"], "{:+.3g}")),
        ("Time in the market, by bar", _shape(exposure["time_in_market_fraction"], "{:.1%}")),
        ("Average leverage in the market", _shape(exposure["average_leverage_in_market"], "{:.2f}")),
        ("Highest leverage", _shape(exposure["highest_leverage"], "{:.2f}")),
        ("Turnover, quote", _shape(money["turnover_quote"], "{:,.2f}")),
        ("Fees, quote", _shape(money["fees_quote"], "{:,.2f}")),
        ("Funding paid, quote", _shape(money["funding_paid_quote"], "{:,.2f}")),
        ("Own liquidations", str(money["liquidations"])),
        ("Liquidation fees, quote", _shape(money["liquidation_fees_quote"], "{:,.2f}")),
        ("Trades", str(trading["trades"])),
        ("Trades still open at the end", str(trading["trades_open"])),
        ("Hit rate, closed trades", _shape(trading["hit_rate_fraction"], "{:.1%}")),
        (
            "Entries that waited for a price and were not filled",
            _shape(trading["waiting_entries_unfilled_fraction"], "{:.1%}"),
        ),
        ("Entries refused", str(trading["entries_refused"])),
        ("Entries below one step", str(trading["entries_below_one_step"])),
    )
    return section("exposure", "Exposure and costs", table(("", ""), rows), f"<p class='faint'>{_BASES}</p>")


def drawdown_section(metrics: dict[str, Any], curves: Sequence[Curve]) -> str:
    """Return the falls of the strategy and of what it is compared with, as HTML."""
    falls = [Curve(curve.name, curve.times, drawdowns(curve.values, 1.0)) for curve in curves]
    beside = [(label, *side_by_side(metrics, key, shape)) for label, key, shape in _DRAWDOWNS]
    return section(
        "drawdown",
        "Drawdown",
        timeline_figure("falls", falls, "Below the highest worth before", "{:.0%}".format),
        table(("", *(side for _, side in SIDES)), beside),
        f"<p class='faint'>{escape(_deepest(metrics['performance']))}</p>",
    )


def _deepest(performance: dict[str, Any]) -> str:
    """Return from when to when the strategy's deepest fall lasted, in words."""
    if performance["max_bar_drawdown_start"] is None:
        return "The strategy never closed a bar below its highest worth before."
    begun, lowest, ended = (performance[f"max_bar_drawdown_{end}"] for end in ("start", "time", "end"))
    until = f"It was made good on {ended[:10]}" if ended else "It was not made good by the end"
    return (
        f"By bar, the strategy's deepest fall began on {begun[:10]} and was lowest on {lowest[:10]}. {until}, after "
        f"{performance['max_bar_drawdown_bars']:,} bars."
    )


def group_cells(group: dict[str, Any]) -> tuple[str, ...]:
    """Return a group's cells: name, trades, wins, hit rate, its interval, mean net return, net profit."""
    ends = [_shape(group[f"hit_rate_{end}_fraction"], "{:.1%}") for end in ("low", "high")]
    return (
        group["group"], str(group["trades"]), str(group["wins"]), _shape(group["hit_rate_fraction"], "{:.1%}"),
        "-" if ends[0] == "-" else " .. ".join(ends), _shape(group["mean_net_return_on_notional_fraction"], "{:+.3%}"),
        _shape(group["net_pnl_quote"], "{:+,.2f}"),
    )  # fmt: skip


def _shape(value: float, shape: str) -> str:
    return shape.format(value) if math.isfinite(value) else "-"


_NOT_MEASURED = "The signals are not validated on this data by this version."

CAVEAT = "Liquidation levels are estimates. This is research, not advice."


def draw(result: EngineResult) -> Drawing | None:
    """Return quantstats' page of a run; None where it cannot draw one."""
    return draw_statistics(*_series(result))


def tearsheet(
    result: EngineResult, metrics: dict[str, Any], settings: str | None = None, drawing: Drawing | None = None
) -> str:
    """Return the page as text; the same run gives the same bytes.

    Parameters
    ----------
    result
        The run.
    metrics
        Its `run_metrics`, for the head of the page.
    settings
        What is said of parameters and costs; by default those of the run's configuration.
    drawing
        Of what should be the same run; used if it was drawn from the same returns, bit for bit.
    """
    ours, theirs, title = _series(result)
    facts = _facts(result, metrics, settings_text(result.configuration) if settings is None else settings)
    curves = _curves(result, metrics)
    return statistics_page(
        title, metrics, curves, (ours, theirs), breakdown_sections(metrics), facts, result.market.simulated, drawing
    )


def _series(result: EngineResult) -> tuple[pd.Series, pd.Series, str]:
    """Return daily returns of the run and of its benchmark, and the run's title."""
    ours = daily_returns(result.times, result.equity, float(result.account["start"][0]))
    theirs = daily_returns(result.times, benchmark_equity(result), float(result.market.frame["open"].iloc[0]))
    return ours, theirs, f"{result.configuration.strategy} on {result.market.name}"


def _curves(result: EngineResult, metrics: dict[str, Any]) -> list[Curve]:
    """Return what one unit of quote became, in the order of `SIDES`; a bar's value is that of its close."""
    start, held = float(result.account["start"][0]), held_of(result.market)
    earned = constant_exposure_returns(metrics["constant_exposure"]["mean_exposure"], held.daily_returns)
    perpetual = held_worth(held.close, held.paid) / held.opened - metrics["perpetual_held"]["entry_cost_fraction"]
    coin = benchmark_equity(result) / float(result.market.frame["open"].iloc[0])
    return side_curves(result.times, result.equity / start, np.cumprod(1.0 + earned), perpetual, coin)


def side_curves(times: np.ndarray, ours: np.ndarray, constant: np.ndarray, *others: np.ndarray) -> list[Curve]:
    """Return the curves of `SIDES`, each from 1 at the first open.

    Parameters
    ----------
    times
        (n,) bar opens, datetime64.
    ours, others
        (n,) what one unit became by each bar's close.
    constant
        (d,) the same by the end of each day.
    """
    step = np.diff(times).min() if len(times) > 1 else np.timedelta64(1, "h")
    bars = np.concatenate([times[:1], times + step])
    days = times[0].astype("datetime64[D]") + np.arange(1, len(constant) + 1)
    ends = np.concatenate([times[:1], np.minimum(days.astype(times.dtype), bars[-1])])
    names = iter(side for _, side in SIDES)
    found = ((bars, ours), (ends, constant), *((bars, other) for other in others))
    return [Curve(next(names), when, np.concatenate([[1.0], worth])) for when, worth in found]


def statistics_page(
    title: str,
    metrics: dict[str, Any],
    curves: Sequence[Curve],
    daily: tuple[pd.Series, pd.Series],
    sections: str,
    facts: Iterable[tuple[str, str]],
    simulated: bool,
    drawing: Drawing | None = None,
) -> str:
    """Return a tearsheet.

    Parameters
    ----------
    title
        Strategy and market, plain text.
    metrics
        Content of metrics.json.
    curves
        From `side_curves`.
    daily
        Daily returns, of the strategy and of its benchmark.
    sections
        HTML between drawdown and months.
    facts
        Title and text of what else has to be said.
    simulated
        Whether the market is simulated.
    drawing
        quantstats' page, if it is at hand.
    """
    whole_title = f"{title}, {dates(metrics['data'])}"
    body = (
        first_screen(title, metrics, curves, simulated),
        drawdown_section(metrics, curves),
        sections,
        section("months", "Monthly returns", monthly_table(daily[0]), f"<p class='faint'>{_MONTHS}</p>"),
        _facts_section(facts),
        section(
            "statistics", "Statistics of daily returns, by quantstats", *_statistics(*daily, title, metrics, drawing)
        ),
    )
    return page(whole_title, "".join(body), STYLE + TIMELINE_STYLE)


_MONTHS = "From daily closes, compounded. The first and the last month count the days that the data has."


def _statistics(
    ours: pd.Series, theirs: pd.Series, title: str, metrics: dict[str, Any], drawing: Drawing | None
) -> tuple[str, ...]:
    """Return quantstats' part, or why there is none."""
    if drawable(ours, theirs):
        return f"<p class='faint'>{_BY_DAY}</p>", statistics_part(ours, theirs, title, drawing)
    if float(np.abs(ours).sum()) == 0.0:
        reason = "No trade was made" if not metrics["trading"]["trades"] else "No trade changed the account"
    else:
        reason = (
            "The returns look like prices to quantstats"
            if enough_days(ours, theirs)
            else "There are too few days for statistics"
        )
    return (f"<p>{reason} ({len(ours)} days, {ours.index[0]:%Y-%m-%d} to {ours.index[-1]:%Y-%m-%d}).</p>",)


_BY_DAY = (
    "All of it is by day: drawdowns are of daily closes, and time in market counts days with a return other than zero. The "
    "figures above say where they are by bar."
)


def settings_text(configuration: Configuration) -> str:
    """Return what a run was set to, in a sentence."""
    costs, rule = configuration.costs, configuration.rule
    parameters = ", ".join(f"{name} {value}" for name, value in rule.items()) or "its defaults"
    return (
        f"Strategy {configuration.strategy} with {parameters}; {costs.margin_mode} margin, leverage {costs.leverage:g}, "
        f"slippage {costs.slippage_bps:g} bps. "
    )


def _facts(result: EngineResult, metrics: dict[str, Any], settings: str) -> Iterable[tuple[str, str]]:
    data, money, trading = metrics["data"], metrics["money"], metrics["trading"]
    asked = (metrics.get(name, {}).get("sentence", "") for name in ("irrelevant_changes", "sensitivity"))
    account = (
        f"Trades {trading['trades']}, fees {money['fees_quote']:,.2f}, funding paid {money['funding_paid_quote']:,.2f}, "
        f"own liquidations {money['liquidations']}, reconciliation error {money['reconciliation_error']:.1e} of the start."
    )
    return (
        ("Simulated", "SIMULATED MARKET - nothing here ever traded." if result.market.simulated else ""),
        ("Claim", metrics.get("evidence", {}).get("sentence", _NOT_MEASURED)),
        ("Doubts", " ".join(filter(None, asked))),
        ("Competitors", f"{metrics['constant_exposure']['sentence']} {further_cash(metrics)}"),
        ("Account", account),
        ("Settings", settings),
        ("Instrument", instrument_text(metrics["instrument"])),
        ("Data", f"{data['name']}, {data['first_bar']} to {data['last_bar']}"),
        *(("", line) for line in (*data["caveats"], *data["defects"])),
        ("Read so", f"{EXPLAINED} {CAVEAT}"),
    )


def _facts_section(facts: Iterable[tuple[str, str]]) -> str:
    """Return what has to be said of the run, a titled line each."""
    lines = [f"<p><b>{title}</b><span>{escape(text.strip())}</span></p>" for title, text in facts if text.strip()]
    return section("facts", "Facts", *lines)
