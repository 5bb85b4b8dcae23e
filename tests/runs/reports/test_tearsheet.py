"""quantstats' traps (measured, ecosystem.md section 2), each sprung on purpose; and what stands before its part."""

import dataclasses
import html
import os
import re
import socket
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.outcome.metrics import run_metrics
from runs.reports import daily_statistics
from runs.reports import tearsheet as module
from runs.reports.competitors import ROWS, SIDES
from runs.reports.first_screen import FIRST_ROWS
from runs.reports.tearsheet import draw, tearsheet
from runs.statistics.performance import DAYS_PER_YEAR


@cache
def result() -> EngineResult:
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=2400))


@cache
def metrics() -> dict[str, Any]:
    return run_metrics(result())


@cache
def page() -> str:
    return tearsheet(result(), metrics())


def without_trade(bars: int = 24 * 40) -> EngineResult:
    """Return a run whose account nothing moved."""
    run = result()
    market = dataclasses.replace(run.market, frame=run.market.frame.iloc[:bars].reset_index(drop=True))
    account = run.account.copy()
    for name in account.dtype.names or ():
        if name not in ("start", "wallet"):
            account[name] = 0.0
    account["wallet"] = account["start"]
    return dataclasses.replace(
        run, market=market, equity=np.full(bars, float(account["start"][0])), position=np.zeros(bars),
        fills=run.fills[:0], account=account, snapshots=run.snapshots[:bars],
    )  # fmt: skip


def row(name: str) -> list[str]:
    """Return the cells of quantstats' metrics table in the row that starts with `name`: benchmark, strategy."""
    found = re.search(
        rf"<tr><td>{re.escape(name)}[^<]*</td>((?:<td>[^<]*</td>)+)</tr>", page().split('class="container"')[1]
    )
    assert found, name
    return re.findall(r"<td>([^<]*)</td>", found.group(1))


def percent(text: str) -> float:
    return float(text.replace("%", "").replace(",", "")) / 100.0


def daily(values: list[float]) -> pd.Series:
    return pd.Series(values, index=pd.date_range("2024-01-01", periods=len(values)))


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Cumulative Return", "total_return_fraction"),
        ("CAGR", "annual_growth_fraction"),
        ("Volatility (ann.)", "annual_volatility_fraction"),
        ("Max Drawdown", "max_daily_drawdown_fraction"),
    ],
)
def test_the_pages_shares_are_those_of_the_metrics(title, key):
    benchmark, strategy = (percent(cell) for cell in row(title))
    assert strategy == pytest.approx(metrics()["performance"][key], abs=1e-4)
    assert benchmark == pytest.approx(metrics()["buy_and_hold"][key], abs=1e-4)


@pytest.mark.parametrize(("title", "key"), [("Sharpe", "sharpe"), ("Sortino", "sortino")])
def test_the_pages_ratios_are_those_of_the_metrics(title, key):
    benchmark, strategy = (float(cell) for cell in row(title))
    assert strategy == pytest.approx(metrics()["performance"][key], abs=0.0051)
    assert benchmark == pytest.approx(metrics()["buy_and_hold"][key], abs=0.0051)


@cache
def watched() -> tuple[str, list[tuple[Any, dict[str, Any]]]]:
    """Return the page made again where no socket can be opened, and how quantstats was called."""
    import quantstats as qs

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    calls: list[tuple[Any, dict[str, Any]]] = []
    genuine = qs.reports.html
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qs.reports, "html", lambda *a, **k: (calls.append((a, k)), genuine(*a, **k))[1])
        for owner, name in (
            (socket.socket, "connect"),
            (socket.socket, "connect_ex"),
            (socket, "create_connection"),
            (socket, "getaddrinfo"),
        ):
            patch.setattr(owner, name, refuse)
        return tearsheet(result(), metrics()), calls


def test_the_benchmark_is_a_series_and_days_are_neither_matched_nor_zoned():
    ((returns,), options) = watched()[1][0]
    assert isinstance(options["benchmark"], pd.Series)
    assert options["match_dates"] is False
    assert options["periods_per_year"] == DAYS_PER_YEAR == 365
    for given in (returns, options["benchmark"]):
        assert given.index.tz is None
        assert (np.diff(given.index) == np.timedelta64(1, "D")).all()
        assert not given.isna().any()


def test_a_ticker_as_benchmark_is_refused():
    with pytest.raises((TypeError, AttributeError)):
        daily_statistics._quantstats(daily([0.01, 0.0, -0.01, 0.02]), "SPY", "x")  # type: ignore[arg-type]


def test_returns_that_look_like_prices_get_the_plain_page_with_the_true_figures():
    # never negative and above 1: quantstats takes such a series for prices and shows -100 %
    run = without_trade(24 * 10)
    equity = run.equity * np.repeat([1.0, 2.5, 2.5, 3.0, 3.0, 3.1, 3.1, 3.2, 3.2, 3.3], 24)
    grown = dataclasses.replace(run, equity=equity)
    text = tearsheet(grown, run_metrics(grown))
    assert "look like prices" in text
    assert "+230.00%" in text


def test_no_socket_is_opened():
    assert "Cumulative Return" in watched()[0]


def test_the_page_loads_nothing_from_elsewhere():
    loaded = re.findall(r"<(?:script|img|iframe|link|source|object)\b[^>]*(?:src|href|data)=[\"']([^\"']+)", page())
    assert [address for address in loaded if not address.startswith("data:")] == []
    assert not re.search(r"@import|url\(\s*[\"']?https?:", page())


def test_the_same_run_gives_the_same_bytes():
    assert watched()[0] == page()


@pytest.mark.slow
def test_a_drawing_is_used_only_if_it_was_drawn_from_the_same_returns(monkeypatch):
    drawn = draw(result())
    monkeypatch.setattr(daily_statistics, "_quantstats", lambda *_: "<body>drawn here</body>")
    assert tearsheet(result(), metrics(), drawing=drawn) == page()
    other = result().equity.copy()
    other[-1] = np.nextafter(other[-1], np.inf)
    assert "drawn here" in tearsheet(dataclasses.replace(result(), equity=other), metrics(), drawing=drawn)


@pytest.mark.slow
def test_the_page_has_the_same_bytes_under_any_hash_seed_and_time_zone(tmp_path):
    code = (
        "import hashlib; from datafeeds.simulated.market import simulate;"
        "from runs.engines.configuration import configuration_from as c;"
        "from runs.engines.event import run_backtest as r; from runs.outcome.metrics import run_metrics as m;"
        "from runs.reports.tearsheet import draw, tearsheet as t; x = r(c({'strategy': 'magnet'}), simulate(3, bars=2400));"
        "print(hashlib.sha256(t(x, m(x)).encode()).hexdigest())"
    )
    seen = set()
    for seed, zone in (("0", "UTC"), ("1", "America/New_York"), ("77", "Asia/Kathmandu")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        seen.add(done.stdout.strip())
    assert len(seen) == 1


def test_our_own_warnings_are_not_swallowed(monkeypatch):
    genuine = module.daily_returns

    def warning(*arguments: Any) -> pd.Series:
        warnings.warn("ours", UserWarning, stacklevel=1)
        return genuine(*arguments)

    monkeypatch.setattr(module, "daily_returns", warning)
    with pytest.warns(UserWarning, match="ours"):
        tearsheet(without_trade(), run_metrics(without_trade()))


def test_quantstats_is_not_imported_before_a_page_is_made():
    code = "import sys, runs.reports.tearsheet; print([m for m in ('quantstats', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_without_a_trade_leaves_a_complete_and_truthful_page():
    run = without_trade()
    figures = run_metrics(run)
    text = tearsheet(run, figures)
    assert text.rstrip().endswith("</html>")
    assert "No trade" in text
    assert "+0.00%" in text
    held = figures["buy_and_hold"]
    assert f"{held['total_return_fraction']:+.2%}" in text
    assert f"{held['max_bar_drawdown_fraction']:.2%}" in text
    assert f"{held['sharpe']:.2f}" in text


def test_two_days_are_too_few_for_statistics_and_the_page_says_so():
    run = without_trade(30)
    equity = run.equity.copy()
    equity[20:] *= 1.01
    text = tearsheet(dataclasses.replace(run, equity=equity), run_metrics(dataclasses.replace(run, equity=equity)))
    assert "too few days" in text


def facts_of(text: str) -> str:
    return re.search(r"<section id='facts'>.*?</section>", text, re.DOTALL).group(0)


def test_the_facts_say_simulated_name_the_data_and_the_configuration_and_disclaim():
    facts = facts_of(page())
    assert "SIMULATED" in facts
    assert result().market.name in facts
    assert "not advice" in facts
    assert f"leverage {result().configuration.costs.leverage:g}" in facts
    assert "binance BTCUSDT: taker fee 5 bps, maker fee 2 bps" in facts


def test_real_data_is_not_called_simulated():
    run = without_trade()
    real = dataclasses.replace(run, market=dataclasses.replace(run.market, simulated=False))
    assert "SIMULATED" not in tearsheet(real, run_metrics(real))


@pytest.mark.parametrize("trading", [True, False])
def test_outside_text_is_escaped(trading):
    hostile = "<script>alert(1)</script>\"'&"
    run = result() if trading else without_trade()
    named = dataclasses.replace(run, market=dataclasses.replace(run.market, name=hostile))
    text = tearsheet(named, run_metrics(named))
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;" in text


def head_rows(text: str) -> dict[str, list[str]]:
    """Return the rows of the tables before quantstats' part, by section or title, and first cell."""
    rows = {}
    before = text.split("<section id='statistics'>")[0]
    tables = re.findall(
        r"(?:<h3>([^<]*)</h3>|id='([a-z-]+)')(?:(?!<h3>|id=').)*?<tbody>(.*?)</tbody>", before, re.DOTALL
    )
    for title, name, body in tables:
        for line in re.findall(r"<tr>(.*?)</tr>", body):
            first, *others = [html.unescape(cell) for cell in re.findall(r"<td>([^<]*)</td>", line)] or [""]
            rows[title or name, first] = others
    return rows


def same(shown: str, value: float) -> bool:
    """Return whether a figure is a value, rounded to the digits shown."""
    if shown == "-":
        return not np.isfinite(value)
    plain = shown.replace(",", "").rstrip("%")
    digits = len(plain.partition(".")[2])
    return abs(float(plain) - value * (100.0 if "%" in shown else 1.0)) <= 0.5001 * 10.0**-digits


def test_every_figure_of_our_tables_is_that_of_the_json():
    found, rows = metrics(), head_rows(page())
    titles = {
        "cluster_distance": "Hit rate by distance of the cluster ahead",
        "signal_strength": "Hit rate by strength: the cluster ahead over the opposite one",
        "phase": "Hit rate by cascade phase",
    }
    for key, title in titles.items():
        for group in found["breakdown"][key]:
            assert ((title, group["group"]) in rows) == (group["trades"] > 0), "groups without a trade are hidden"
            if not group["trades"]:
                continue
            count, wins, rate, interval, mean, net = rows[title, group["group"]]
            ends = interval.split(" .. ") if interval != "-" else ["-", "-"]
            assert (int(count), int(wins)) == (group["trades"], group["wins"])
            assert same(rate, group["hit_rate_fraction"])
            assert same(ends[0], group["hit_rate_low_fraction"])
            assert same(ends[1], group["hit_rate_high_fraction"])
            assert same(mean, group["mean_net_return_on_notional_fraction"])
            assert same(net, group["net_pnl_quote"])
    assert len([place for place, _ in rows if place == "figures"]) == len(FIRST_ROWS) == 6
    for label, key, _ in ROWS:
        for place in ("figures", "falls"):
            for shown, (side, _) in zip(rows.get((place, label), ["-"] * 4), SIDES, strict=True):
                assert same(shown, found[side].get(key, np.nan)) or (place, label) not in rows, (label, side)
        assert ("figures", label) in rows or ("falls", label) in rows
    for label, group, key in (
        ("Mean exposure, notional / equity", "exposure", "mean_exposure"),
        ("Time in the market, by bar", "exposure", "time_in_market_fraction"),
        ("Average leverage in the market", "exposure", "average_leverage_in_market"),
        ("Highest leverage", "exposure", "highest_leverage"),
        ("Turnover, quote", "money", "turnover_quote"),
        ("Fees, quote", "money", "fees_quote"),
        ("Funding paid, quote", "money", "funding_paid_quote"),
        ("Own liquidations", "money", "liquidations"),
        ("Liquidation fees, quote", "money", "liquidation_fees_quote"),
        ("Trades", "trading", "trades"),
        ("Trades still open at the end", "trading", "trades_open"),
        ("Hit rate, closed trades", "trading", "hit_rate_fraction"),
        ("Entries refused", "trading", "entries_refused"),
        ("Entries below one step", "trading", "entries_below_one_step"),
    ):
        assert same(rows["exposure", label][0], found[group][key]), label


def test_the_figures_of_the_facts_are_those_of_the_json():
    head = facts_of(page())
    for label, group, key in (
        ("Trades", "trading", "trades"),
        ("fees", "money", "fees_quote"),
        ("funding paid", "money", "funding_paid_quote"),
        ("own liquidations", "money", "liquidations"),
    ):
        (shown,) = re.findall(rf"{label} (-?[\d,]+(?:\.\d+)?)", head)
        assert same(shown, metrics()[group][key]), label
    (error,) = re.findall(r"reconciliation error (\S+) of the start", head)
    assert float(error) == pytest.approx(metrics()["money"]["reconciliation_error"], rel=0.05)
    assert f"{metrics()['data']['first_bar']} to {metrics()['data']['last_bar']}" in head


def test_quantstats_own_part_stays_black_on_white_and_its_rules_reach_nothing_else():
    assert re.search(r"#quantstats\{[^}]*background:#fff;color:#000", page())
    style = page().split("<section id='statistics'>")[1].split("<style>")[1].split("</style>")[0]
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"@media[^{]*\{", "", style))
    assert len(selectors) > 20
    assert all(part.strip().startswith("#quantstats") for each in selectors for part in each.split(","))


def part_of(ours: pd.Series, theirs: pd.Series) -> tuple[str, str]:
    """Return quantstats' page and what ours shows of it."""
    return daily_statistics._quantstats(ours, theirs, "x"), daily_statistics.statistics_part(ours, theirs, "x")


def rows_of(text: str) -> list[str]:
    return re.findall(r"<tr[^>]*>(?:(?!</tr>).)*</tr>", text.split("Key Performance Metrics")[1], re.DOTALL)


def test_quantstats_figures_and_pictures_are_untouched_and_only_rows_of_more_years_are_hidden():
    random = np.random.default_rng(3)
    days = pd.date_range("2019-01-01", periods=4 * 365)
    ours, theirs = (pd.Series(random.normal(0.0, 0.02, len(days)), index=days) for _ in range(2))
    theirs.iloc[:] = -np.abs(theirs) - 0.001
    whole, part = part_of(ours, theirs)
    assert [row.replace("<tr hidden>", "<tr>") for row in rows_of(part)] == rows_of(whole)
    hidden = re.findall(r"<tr hidden><td>([^<]*)</td>", part)
    assert hidden == ["5Y (ann.)", "10Y (ann.)"], "of four years of data"
    assert re.findall(r"<svg.*?</svg>", part, re.DOTALL) == re.findall(r"<svg.*?</svg>", whole, re.DOTALL)
    assert "(Compounded)" not in part
    assert "(Compounded)" in whole


def test_a_series_under_water_from_first_to_last_day_has_its_drawdown():
    run = without_trade(24 * 10)
    equity = run.equity * np.linspace(0.99, 0.8, len(run.equity))
    sunk = dataclasses.replace(run, equity=equity)
    figures = run_metrics(sunk)
    text = tearsheet(sunk, figures)
    assert f"{figures['performance']['max_bar_drawdown_fraction']:.2%}" == "-20.00%"
    assert "-20.00%" in text.split("<section id='drawdown'>")[1].split("</section>")[0]
    assert "was not made good by the end, after 240 bars" in text
    assert "Under water from the first to the last day" in text.split("Worst 10 Drawdowns")[1]


def test_the_title_is_our_own():
    data = metrics()["data"]
    title = f"magnet on {result().market.name}, {data['first_bar'][:10]} to {data['last_bar'][:10]}"
    assert re.findall(r"<title>([^<]*)</title>", page().split("<body")[0]) == [html.escape(title)]


def test_the_curves_end_at_the_returns_of_the_json():
    for curve, (side, name) in zip(module._curves(result(), metrics()), SIDES, strict=True):
        assert curve.name == name
        assert curve.values[0] == 1.0
        assert curve.values[-1] - 1.0 == pytest.approx(metrics()[side]["total_return_fraction"], abs=1e-9)
        assert (np.diff(curve.times).astype(int) >= 0).all()


def test_a_callers_figures_and_backend_are_left_alone(monkeypatch):
    def html_of(*_: object, output: str, **__: object) -> None:
        pyplot.figure()
        Path(output).write_text("<body>made</body>")

    monkeypatch.setattr("quantstats.reports.html", html_of)
    pyplot.switch_backend("svg")
    pyplot.figure()
    before = pyplot.get_fignums()  # another test may have left one
    try:
        assert "made" in tearsheet(result(), metrics())
        assert pyplot.get_fignums() == before
        assert matplotlib.get_backend() == "svg"
    finally:
        pyplot.close("all")
        pyplot.switch_backend("agg")
