"""The parts of a sweep's page about its best: one trial, its surroundings, and the next ones."""

from typing import Any

from runs.outcome.instrument import instrument_text
from runs.perpetual.accounting import NOT_OPENED
from runs.reports.competitors import EXPLAINED, SIDES, further_cash
from runs.reports.joint import MARKETS_EXPLAINED
from runs.reports.numbers import cells_table, kind_of, quantity, section, shown, spelled
from runs.reports.page import escape
from runs.reports.sweep.markets import on_account

_CAVEAT = (
    "<p class='faint'>Intervals come from this trial's days alone (block bootstrap). They do not know that it was chosen among "
    "many, so even the low end flatters.</p>"
)


def best_section(summary: dict[str, Any]) -> str:
    """Return the best trial's figures with their intervals, beside what it has to beat."""
    best = summary["best"]
    if best is None:
        return section("best", "No trial was evaluated")
    rows = []
    for name, value in best["metrics"].items():
        if not _is_told(name, [best]):
            continue
        kind, ends = kind_of(name), best["intervals"].get(name)
        interval = f"{quantity(ends['low'], kind)} .. {quantity(ends['high'], kind)}" if ends else ""
        beside = [quantity(best[side].get(name), kind) if ends else "" for side, _ in SIDES[1:]]
        rows.append((escape(spelled(name)), quantity(value, kind), interval, *beside))
    lines = cells_table(("", "trial", "95 % interval", *(title for _, title in SIDES[1:])), rows)
    said = (best["not_opened"], best["constant_exposure"]["sentence"], further_cash(best))
    explained = MARKETS_EXPLAINED if on_account(summary) else EXPLAINED
    told = "".join(f"<p>{escape(line)}</p>" for line in said if line) + f"<p class='faint'>{escape(explained)}</p>"
    told += f"<p class='faint'>{escape(instrument_text(best['instrument']))}</p>"
    title = f"The best: trial {quantity(best['number'])}"
    return section("best", title, f"<p>{escape(_named(best['parameters']))}</p>", lines, told, _CAVEAT)


def region_section(summary: dict[str, Any]) -> str:
    """Return the best point and the centre of the best region, each with what surrounds it."""
    region = summary["region"]
    if region is None:
        return ""
    rows = []
    for key, name in (("best_point", "best point"), ("best_region", "centre of the best region")):
        part = region[key]
        figures = (quantity(part[column]) for column in ("number", "objective", "median", "mean", "worst", "points"))
        rows.append((name, *figures, escape(_named(part["parameters"]))))
    objective = spelled(summary["sweep"]["objective"])
    titles = ("", "trial", objective, "median around", "mean around", "worst around", "points", "parameters")
    kind = "one value away in any parameter" if region["kind"] == "adjacent" else "nearest by rank"
    note = (
        f"<p class='faint'>Around: the point itself and those {kind}. A peak whose surroundings are poor is luck, or a setting "
        "that the next market will miss.</p>"
    )
    return section("region", "The best region rather than the best point", cells_table(titles, rows), note)


def best_table(summary: dict[str, Any]) -> str:
    """Return the table of the best trials."""
    rows = summary["table"]
    if not rows:
        return ""
    parameters, metrics = list(rows[0]["parameters"]), [name for name in rows[0]["metrics"] if _is_told(name, rows)]
    lines = [
        (
            quantity(row["number"]),
            *(escape(shown(row["parameters"][name])) for name in parameters),
            *(quantity(row["metrics"][name], kind_of(name)) for name in metrics),
        )
        for row in rows
    ]
    titles = ("trial", *parameters, *map(spelled, metrics))
    return section("table", "The best trials", cells_table(titles, lines))


def _is_told(name: str, rows: list[dict[str, Any]]) -> bool:
    """Return whether a metric is worth a line: counts of entries that were not opened are where there are any."""
    return name not in NOT_OPENED or any(row["metrics"][name] for row in rows)


def _named(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in parameters.items())
