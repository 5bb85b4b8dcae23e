"""The tearsheet: quantstats' page, the strategy against buy-and-hold, called so that its traps do not spring."""

import hashlib
import html
import io
import logging
import math
import os
import re
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from runs.engines.configuration import Configuration
from runs.engines.result import EngineResult
from runs.outcome.instrument import instrument_text
from runs.outcome.metrics import benchmark_equity, daily_returns
from runs.outcome.writing import FolderError
from runs.reports.competitors import EXPLAINED, ROWS, SIDES, further_cash, side_by_side
from runs.reports.page import COLOURS, escape, page, table
from runs.statistics.performance import DAYS_PER_YEAR

TITLES = {
    "cluster_distance": "Hit rate by distance of the cluster ahead",
    "signal_strength": "Hit rate by strength: the cluster ahead over the opposite one",
    "phase": "Hit rate by cascade phase",
    "cascade_side": "Hit rate by side: with a cascade or against it",
}
_COLUMNS = ("trades", "wins", "hit rate", "95 % interval", "mean net return on notional", "net, quote")

STYLE = (
    COLOURS
    + """
:root{color-scheme:light}
#liquidation-heatmap{background:var(--ground);color:var(--ink);max-width:960px;margin:1em auto;padding:.8em 1em;
border:1px solid var(--line);font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
#liquidation-heatmap h2{font-size:1rem;font-weight:600;margin:.8rem 0 .2rem}
#liquidation-heatmap-facts p{display:grid;grid-template-columns:6.5rem 1fr;margin:.15rem 0}
#liquidation-heatmap-facts b{font-weight:600}
#liquidation-heatmap .wide{overflow-x:auto}
#liquidation-heatmap table{width:auto;margin:0 0 .6rem;border-collapse:collapse}
#liquidation-heatmap td,#liquidation-heatmap th{font:13px/1.4 system-ui,sans-serif;text-align:right;background:none;
padding:.15rem .8rem .15rem 0;white-space:nowrap;font-variant-numeric:tabular-nums}
#liquidation-heatmap td:first-child,#liquidation-heatmap th:first-child{text-align:left}
@media(max-width:700px){body{margin:8px}#left,#right{width:100%;float:none;margin-right:0;overflow-x:auto}
#liquidation-heatmap td:first-child{white-space:normal}#liquidation-heatmap-facts p{display:block}
#liquidation-heatmap-facts b:not(:empty)::after{content:": "}h1,h3,h4{overflow-wrap:anywhere}}
"""
)
"""Of the head alone: quantstats' own part is black on white, and stays so in the dark."""


def breakdown_tables(metrics: dict[str, Any]) -> str:
    """Return the tables as HTML, from a run's `metrics`; every figure is one of metrics.json, rounded."""
    exposure, money, trading = metrics["exposure"], metrics["money"], metrics["trading"]
    costs = (
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
        ("Hit rate", _shape(trading["hit_rate_fraction"], "{:.1%}")),
        (
            "Entries that waited for a price and were not filled",
            _shape(trading["waiting_entries_unfilled_fraction"], "{:.1%}"),
        ),
        ("Entries refused", str(trading["entries_refused"])),
        ("Entries below one step", str(trading["entries_below_one_step"])),
    )
    beside = [(label, *side_by_side(metrics, key, shape)) for label, key, shape in ROWS]
    parts = ["<h2>Against holding</h2>", table(("", *(title for _, title in SIDES)), beside)]
    parts += ["<h2>Exposure and costs</h2>", table(("", ""), costs)]
    for name, title in TITLES.items():
        rows = [group_cells(group) for group in metrics["breakdown"][name]]
        parts += [f"<h2>{title}</h2>", table(("at the close before the entry", *_COLUMNS), rows)]
    return "".join(parts)


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

_STYLE = {
    "figure.figsize": (10, 6),
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "text.color": "#333333",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so the pictures do not hang on the machine's fonts
    "svg.hashsalt": "liquidation-heatmap",
    "svg.fonttype": "path",
}
"""quantstats' own style, made repeatable."""

CAVEAT = "Liquidation levels are estimates. This is research, not advice."


class Drawing(NamedTuple):
    """quantstats' page, and a digest of all that it was drawn from."""

    digest: str
    page: str


def draw(result: EngineResult) -> Drawing | None:
    """Return quantstats' page of a run; None where it cannot draw one."""
    ours, theirs, title = _series(result)
    return Drawing(_digest(ours, theirs, title), _quantstats(ours, theirs, title)) if _drawable(ours, theirs) else None


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
        Of what should be the same run; used as `statistics_page` says.
    """
    facts = _facts(result, metrics, settings_text(result.configuration) if settings is None else settings)
    return statistics_page(*_series(result), metrics, facts, breakdown_tables(metrics), drawing)


def _series(result: EngineResult) -> tuple[pd.Series, pd.Series, str]:
    """Return daily returns of the run and of its benchmark, and the page's title."""
    ours = daily_returns(result.times, result.equity, float(result.account["start"][0]))
    theirs = daily_returns(result.times, benchmark_equity(result), float(result.market.frame["open"].iloc[0]))
    return ours, theirs, f"{result.configuration.strategy} on {result.market.name}"


def statistics_page(
    ours: pd.Series, theirs: pd.Series, title: str, metrics: dict[str, Any], facts: Iterable[tuple[str, str]], tables: str,
    drawing: Drawing | None = None,
) -> str:  # fmt: skip
    """Return quantstats' page of daily returns against a benchmark's, under a head of facts (title, text) and tables (HTML).

    A `drawing` takes the place of quantstats' page if it was drawn from the same, bit for bit.
    """
    if drawing is not None and drawing.digest == _digest(ours, theirs, title):
        whole = drawing.page
    elif _drawable(ours, theirs):
        whole = _quantstats(ours, theirs, title)
    else:
        whole = _plain(ours, title, metrics, _enough(ours, theirs))
    return re.sub(r"(<body[^>]*>)", lambda match: match.group(1) + _block(facts, tables), whole, count=1)


def _digest(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    parts = (ours.index.to_numpy(), ours.to_numpy(), theirs.to_numpy())
    return hashlib.sha256(b"".join([title.encode(), *(part.tobytes() for part in parts)])).hexdigest()


def _enough(ours: pd.Series, theirs: pd.Series) -> bool:
    """Return whether there are variance and a few days: without them quantstats' statistics divide by zero."""
    return len(ours) > 2 and float(ours.std()) > 0.0 and float(theirs.std()) > 0.0


def _drawable(ours: pd.Series, theirs: pd.Series) -> bool:
    """Return whether quantstats takes these for what they are and not for prices: never negative, and one above 1."""
    priced = any(float(series.min()) >= 0.0 and float(series.max()) > 1.0 for series in (ours, theirs))
    return _enough(ours, theirs) and not priced


def _quantstats(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    """Return quantstats' page.

    Notes
    -----
    A benchmark Series, never a ticker: that would be fetched, and offline silently compared with a flat line. 365 periods,
    not 252. `match_dates` off: on, it drops leading flat days. Naive daily index: zoned ones raise.
    """
    try:
        return _drawn(ours, theirs, title)
    except OSError as error:  # it writes its page to a temporary folder, and matplotlib keeps its fonts there at times
        place = Path(tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - a name for the sentence
        raise FolderError(place, f"no page can be drawn there ({error.strerror or error})", option="TMPDIR") from None


def _drawn(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter(
            "ignore"
        )  # deprecations inside quantstats and what it calls; ours are errors in the tests
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        import matplotlib as mpl

        before = mpl.get_backend()
        mpl.use("Agg")
        with mpl.rc_context():
            import quantstats as qs
            import seaborn as sns
            from matplotlib import pyplot as plt

            others = plt.get_fignums()
            # Importing quantstats sets a style once in a process; set it each time, or a second page differs from the first.
            mpl.rcdefaults()
            sns.set_theme(font_scale=1.1, rc=_STYLE)

            path = Path(folder) / "tearsheet.html"
            strategy = ours.rename("Strategy")
            benchmark = theirs.rename("Buy and hold")
            if not isinstance(benchmark, pd.Series):  # a ticker here would be fetched, or be a flat line
                raise TypeError("the benchmark must be a series of returns")
            qs.reports.html(  # type: ignore[no-untyped-call]
                strategy,
                benchmark=benchmark,
                output=str(path),
                title=html.escape(title),
                periods_per_year=DAYS_PER_YEAR,
                match_dates=False,
                compounded=True,
            )
            for number in set(plt.get_fignums()) - set(others):
                plt.close(number)
            plt.switch_backend(before)  # a notebook goes on drawing where it drew
        made = path.read_text(encoding="utf-8")
    return _without_outside(made)


def _without_outside(made: str) -> str:
    """Remove what varies, reaches out or fails: dates inside the pictures, links to other hosts, a call of nothing."""
    made = made.replace('<body onload="save()">', "<body>")  # quantstats defines no save(): an error in the console
    made = made.replace("\N{SMALL PERCENT SIGN}", " %")  # few fonts have it
    made = re.sub(r"<dc:date>[^<]*</dc:date>", "", made)
    made = re.sub(r"<link[^>]+href=[\"']https?://[^>]*>", "", made)
    return re.sub(r"<script[^>]+src=[\"']https?://[^>]*>\s*</script>", "", made)


def _plain(ours: pd.Series, title: str, metrics: dict[str, Any], enough: bool) -> str:
    """Return a truthful page for what quantstats cannot draw.

    No trade was made, there are too few days, or the returns look to it like prices (never negative and one above 100 %:
    it would take their changes, and show a loss of everything).
    """
    if float(np.abs(ours).sum()) == 0.0:
        reason = "No trade was made" if not metrics["trading"]["trades"] else "No trade changed the account"
    else:
        reason = "The returns look like prices to quantstats" if enough else "There are too few days for statistics"
    span = f"{reason} ({len(ours)} days, {ours.index[0]:%Y-%m-%d} to {ours.index[-1]:%Y-%m-%d})."
    return page(title, f"<h1>{escape(title)}</h1><p>{span}</p>")


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


def _block(facts: Iterable[tuple[str, str]], tables: str) -> str:
    """Return the head: what is said of the run, a line each, and the tables."""
    lines = "".join(
        f"<p><b>{title}</b><span>{escape(text.strip())}</span></p>" for title, text in facts if text.strip()
    )
    return (
        f"<style>{STYLE}</style><div id='liquidation-heatmap'><div id='liquidation-heatmap-facts'>{lines}</div>"
        f"{tables}</div>"
    )
