"""The page of a walk: the verdict first, then each window, the joined account, and how the choice moved."""

from collections.abc import Sequence
from typing import Any

from runs.outcome.instrument import instrument_text
from runs.outcome.metrics import unopened_sentence
from runs.reports.competitors import EXPLAINED, ROWS, SIDES, further_cash
from runs.reports.figures.choices import choices_figure
from runs.reports.figures.curves import curves_figure
from runs.reports.figures.drawing import FIGURE_STYLE
from runs.reports.figures.scatter import promises_figure
from runs.reports.joint import MARKETS_EXPLAINED
from runs.reports.numbers import cells_table, kind_of, quantity, setting
from runs.reports.page import escape, page
from runs.reports.tearsheet import CAVEAT

_SIDES = ("in_sample", "out_of_sample")

_TRADED = "Each test is traded by one account in all markets, and rules begin anew in each window."
_ACROSS = {
    "account": f"Candidates are judged on one account in all markets. {_TRADED}",
    "median": f"Candidates are judged on their median market, each traded alone with the whole cash. {_TRADED}",
    "worst": f"Candidates are judged on their worst market, each traded alone with the whole cash. {_TRADED}",
}


def walk_page(record: dict[str, Any], summary: dict[str, Any], curves: dict[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    record, summary
        Content of ``walk.json`` and ``summary.json``: plain values, None where a figure is not defined.
    curves
        From `runs.walks.folder.daily_curves`.
    """
    title = f"Walk-forward of {record['configuration']['strategy']} on {record['data']['name']}"
    labels = [axis["parameter"] for axis in record["space"]]
    chosen = [row["chosen"] for row in summary["windows"]]
    sections = (
        (
            "Out of sample, joined",
            f"{_joined(summary)}<p><a href='tearsheet.html'>Tearsheet</a></p>{curves_figure(curves)}",
        ),
        *([("By market", _markets(summary["out_of_sample"]["markets"]))] if "across" in record else []),
        ("Windows", _windows(record, summary)),
        ("Promised and kept", promises_figure(_points(record["objective"], summary), record["objective"])),
        ("The choice, window by window", choices_figure(labels, chosen)),
        ("Protocol", _protocol(record, summary)),
    )
    body = [f"<h1>{escape(title)}</h1>", _head(record, summary)]
    body += [f"<section><h2>{heading}</h2>{content}</section>" for heading, content in sections]
    return page(title, "".join(body), FIGURE_STYLE)


def _points(objective: str, summary: dict[str, Any]) -> list[tuple[int, float, float]]:
    found = [(row["number"], *(row[side].get(objective) for side in _SIDES)) for row in summary["windows"]]
    return [point for point in found if None not in point]


def _head(record: dict[str, Any], summary: dict[str, Any]) -> str:
    kind = "validated" if summary["verdict"] == "told from luck" else "not"
    simulated = "SIMULATED MARKET - nothing here ever traded. " if record["data"]["simulated"] else ""
    warning = "One walk is one look. If this is the best of several walks with other settings, no figure here knows of that luck."
    return (
        f"<p class='verdict {kind}'>{escape(summary['sentence'])}</p>"
        f"<p class='faint'>{simulated}{escape(CAVEAT)} {warning}</p>"
    )


def _joined(summary: dict[str, Any]) -> str:
    joined = summary["out_of_sample"]
    rows = [[label, *(cell(name, joined[side].get(name)) for side, _ in SIDES)] for label, name, _ in ROWS]
    for label, value in (
        ("Mean Sharpe of the choices, in sample", quantity(summary["in_sample_sharpe_mean"])),
        ("Efficiency: Sharpe out of sample over in sample", quantity(summary["efficiency"])),
        ("Probability of a true Sharpe above zero", quantity(summary["probabilistic_sharpe"], "share")),
        ("Changes of parameters", quantity(summary["parameter_changes"])),
    ):
        rows.append([label, value, *[""] * (len(SIDES) - 1)])
    unopened = unopened_sentence(joined["trading"])
    said = (
        joined["constant_exposure"]["sentence"], MARKETS_EXPLAINED if "markets" in joined else EXPLAINED, further_cash(joined),
        unopened and f"{unopened}.", instrument_text(joined["instrument"]),
    )  # fmt: skip
    told = " ".join(filter(None, said))
    titles = ("", "walk-forward", *(title for _, title in SIDES[1:]))
    return f"{cells_table(titles, rows)}<p class='faint'>{escape(told)}</p>"


def _markets(parts: Sequence[dict[str, Any]]) -> str:
    """Return the table of what the joined account earned in each market."""
    names = (
        "return_fraction",
        "trades",
        "hit_rate_fraction",
        "fees_quote",
        "funding_paid_quote",
        "price_return_fraction",
    )
    titles = ("", "part of the return", "trades", "hit rate", "fees, quote", "funding, quote", "its coin held")
    rows = [(escape(part["name"]), *(cell(name, part[name]) for name in names)) for part in parts]
    return cells_table(titles, rows)


def _windows(record: dict[str, Any], summary: dict[str, Any]) -> str:
    name = record["objective"]
    labels = [axis["parameter"] for axis in record["space"]]
    titles = (
        "",
        "train",
        "test",
        f"{name} in",
        f"{name} out",
        "return out",
        "drawdown out, bars",
        "trades out",
        *labels,
    )
    return cells_table(titles, [_window(row, labels, name) for row in summary["windows"]])


def _window(row: dict[str, Any], labels: Sequence[str], objective: str) -> list[str]:
    inside, outside = (row[side] for side in _SIDES)
    shown = (objective, "total_return_fraction", "max_bar_drawdown_fraction", "trades")
    return [
        f"{row['number']}" + (" (defaults: nothing to choose by)" if row["combination"] is None else ""),
        *(escape(f"{row[part]['first_bar'][:10]} to {row[part]['last_bar'][:10]}") for part in ("train", "test")),
        cell(objective, inside.get(objective)),
        *(cell(name, outside.get(name)) for name in shown),
        *(_setting(row["chosen"][label]) for label in labels),
    ]


def _setting(value: Any) -> str:
    """Return a parameter's value, exact beneath where it is a number."""
    return quantity(value) if isinstance(value, float) else escape(setting(value))


def cell(name: str, value: float | None) -> str:
    """Return a metric as an element whose value is exact, in the unit of its name; a dash for none."""
    return quantity(value, kind_of(name))


def _protocol(record: dict[str, Any], summary: dict[str, Any]) -> str:
    lengths = record["lengths"]
    kind = "anchored: train windows begin at the first bar" if lengths["anchored"] else "rolling"
    lines = (
        f"{record['combinations']:,} candidates, {record['search']['method']} search, chosen by {record['objective']} "
        f"({record['choice']}). Train {lengths['train']:,} bars, test {lengths['test']:,}, step {lengths['step']:,}, {kind}.",
        f"Between train and test lie {lengths['purge'] + lengths['embargo']:,} bars. Purge: {lengths['purge']:,} "
        f"({lengths['purge_source']}). Embargo: {lengths['embargo']:,} ({lengths['embargo_source']}).",
        f"{summary['unused_bars']:,} bars after the last whole test window are not used.",
        "The choice reads no bar after its train window. The map in a test window has seen all bars before each moment, "
        "train and gap included, as it would have then. A half-life leaves half, so train and test are not independent.",
        "Each test begins flat with the cash that the one before left. What is held at its end is closed at the last close "
        "with taker fee and slippage. Brackets and fees are those in force at each bar.",
        *([_ACROSS[record["across"]]] if "across" in record else []),
    )
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
