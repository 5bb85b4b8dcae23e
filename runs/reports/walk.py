"""The page of a walk: the verdict first, then each window, the joined account, and how the choice moved."""

from collections.abc import Sequence
from typing import Any

from runs.reports.page import escape, page, table
from runs.reports.tearsheet import CAVEAT

_METRICS = (
    ("Total return", "total_return_fraction"),
    ("Annual growth", "annual_growth_fraction"),
    ("Annual volatility", "annual_volatility_fraction"),
    ("Sharpe (365 days)", "sharpe"),
    ("Sortino (365 days)", "sortino"),
    ("Largest drawdown", "max_drawdown_fraction"),
)


def walk_page(facts: dict[str, Any], summary: dict[str, Any], curves: dict[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    facts, summary
        Content of ``walk.json`` and ``summary.json``: plain values, None where a figure is not defined.
    curves
        From `runs.walks.record.daily_curves`.
    """
    title = f"Walk-forward of {facts['configuration']['strategy']} on {facts['data']['name']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        _head(facts, summary),
        f"<section><h2>Out of sample, joined</h2>{_joined(summary)}<p><a href='tearsheet.html'>Tearsheet</a></p></section>",
        f"<section><h2>Windows</h2>{_windows(facts, summary)}</section>",
        _protocol(facts, summary),
    ]
    return page(title, "".join(body))


def _head(facts: dict[str, Any], summary: dict[str, Any]) -> str:
    kind = "validated" if summary["verdict"] == "told from luck" else "not"
    simulated = "SIMULATED MARKET - nothing here ever traded. " if facts["data"]["simulated"] else ""
    warning = "One walk is one look: if it was the best of several settings of this command, that is luck the figure does not know of."
    return (
        f"<p class='verdict {kind}'>{escape(summary['sentence'])}</p>"
        f"<p class='faint'>{simulated}{escape(CAVEAT)} {warning}</p>"
    )


def _joined(summary: dict[str, Any]) -> str:
    ours, theirs = (summary["out_of_sample"][side] for side in ("performance", "buy_and_hold"))
    rows = [(label, shown(name, ours[name]), shown(name, theirs[name])) for label, name in _METRICS]
    rows.append(("Mean Sharpe of the choices in sample", shown("sharpe", summary["in_sample_sharpe_mean"]), ""))
    rows.append(("Efficiency: out of sample over in sample", shown("efficiency", summary["efficiency"]), ""))
    rows.append(("Probability of a true Sharpe above zero", shown("p_fraction", summary["probabilistic_sharpe"]), ""))
    rows.append(("Changes of parameters", f"{summary['parameter_changes']} of {summary['most_parameter_changes']}", ""))
    return table(("", "walk-forward", "buy and hold"), rows)


def _windows(facts: dict[str, Any], summary: dict[str, Any]) -> str:
    objective = facts["objective"]
    labels = [axis["parameter"] for axis in facts["space"]]
    titles = (
        "",
        "train",
        "test",
        *labels,
        f"{objective} in",
        f"{objective} out",
        "return out",
        "drawdown out",
        "trades out",
    )
    return table(titles, [_window(row, labels, objective) for row in summary["windows"]])


def _window(row: dict[str, Any], labels: Sequence[str], objective: str) -> list[str]:
    inside, outside = row["in_sample"], row["out_of_sample"]
    return [
        f"{row['number']}" + (" (defaults: nothing to choose by)" if row["combination"] is None else ""),
        *(f"{row[part]['first_bar'][:10]} to {row[part]['last_bar'][:10]}" for part in ("train", "test")),
        *(str(row["chosen"][label]) for label in labels),
        shown(objective, inside.get(objective)),
        *(
            shown(name, outside.get(name))
            for name in (objective, "total_return_fraction", "max_drawdown_fraction", "trades")
        ),
    ]


def _protocol(facts: dict[str, Any], summary: dict[str, Any]) -> str:
    spans = facts["spans"]
    kind = "anchored: train windows begin at the first bar" if spans["anchored"] else "rolling"
    lines = (
        f"{facts['combinations']:,} candidates, {facts['search']['method']} search, chosen by {facts['objective']} "
        f"({facts['choice']}). Train {spans['train']:,} bars, test {spans['test']:,}, step {spans['step']:,}; {kind}.",
        f"Between train and test lie {spans['purge'] + spans['embargo']:,} bars: purge {spans['purge']:,} "
        f"({spans['purge_source']}) and embargo {spans['embargo']:,} ({spans['embargo_source']}).",
        f"{summary['unused_bars']:,} bars after the last whole test window are not used.",
        "The choice reads no bar after its train window. The map in a test window has seen all bars before each moment, "
        "train and gap included, as it would have then; a half-life leaves half, so that train and test are not independent.",
        "Each test begins flat with the cash that the one before left; what is held at its end is closed at the last close "
        "with taker fee and slippage. Maintenance tiers are those in force at each window's end.",
    )
    return "<section><h2>Protocol</h2>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</section>"


def shown(name: str, value: float | None) -> str:
    """Return a metric as text, by the unit in its name; a dash for none.

    Examples
    --------
    >>> shown("total_return_fraction", -0.1234), shown("sharpe", 1.234), shown("trades", 12), shown("sharpe", None)
    ('-12.34 %', '1.23', '12', '-')
    """
    if value is None:
        return "-"
    if name.endswith("_fraction"):
        return f"{value:.2%}".replace("%", " %")
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
