"""The page of verdicts: one self-contained file, the unwelcome first, each number the one in validation.json."""

from typing import Any

from runs.reports.page import escape, figure, page, table

_COLUMNS = ("estimate", "low", "high", "p_value", "minimum_detectable_effect", "observations", "effective", "blocks")
_TITLES = ("estimate", "low", "high", "p", "detectable", "n", "effective n", "days or episodes")


def validation_page(record: dict[str, Any]) -> str:
    """Return the page of a `runs.validation.record.validation_record`; it loads nothing from anywhere."""
    data, counts = record["data"], record["counts"]
    title = f"What the heatmap knows: {data['name']}"
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    caveats = "".join(f"<li>{escape(caveat)}</li>" for caveat in data["caveats"])
    sections = "".join(_section(claim) for claim in record["claims"])
    return page(
        title,
        f"<h1>{escape(title)}</h1><p>{data['bars']} bars of {data['bar_seconds']} s, {data['first_bar']} to {data['last_bar']}. "
        f"{escape(summary)}.</p><ul class='faint'>{caveats}</ul>{_reading_help(record)}{sections}",
    )


def _reading_help(record: dict[str, Any]) -> str:
    return (
        "<p class='faint'>A claim is validated where every comparison's 95 % interval lies above zero, the largest p-value "
        f"survives the adjustment for all claims (false discovery rate {record['false_discovery_rate']:g}), and no placebo shows "
        "an effect. A true effect of the size under 'detectable' would have been told from zero four times in five. Estimates are "
        "of the past of one market. Liquidation levels are estimates; this is research, not advice.</p>"
    )


def _section(claim: dict[str, Any]) -> str:
    kind, remarks = claim["verdict"].split()[0], "".join(f"<p>{escape(text)}</p>" for text in claim["remarks"])
    details = _details(claim["details"]) if claim["details"] else ""
    placebos = _table("Placebos, which must show nothing", claim["placebos"]) if claim["placebos"] else ""
    adjusted = f" Largest p, adjusted: {figure(claim['adjusted_p'])}." if claim["adjusted_p"] is not None else ""
    return (
        f"<section id='{escape(claim['name'])}'><p class='verdict {kind}'>{escape(claim['verdict'])}</p>"
        f"<h2>{escape(claim['statement'])}</h2>{remarks}"
        f"<p class='faint'>{escape(claim['statistic'])}.{adjusted}</p>"
        f"{_table('Against', claim['tests']) if claim['tests'] else ''}{placebos}{details}</section>\n"
    )


def _table(title: str, tests: list[dict[str, Any]]) -> str:
    rows = ((test["baseline"], *(figure(test[name]) for name in _COLUMNS)) for test in tests)
    return table((title, *_TITLES), rows)


def _details(details: dict[str, Any]) -> str:
    lines = "\n".join(_lines(details, 0))
    return f"<details><summary>Details</summary><pre>{escape(lines)}</pre></details>"


def _lines(value: Any, depth: int) -> list[str]:
    """Return nested values as indented text; a mapping of plain figures is one line."""
    if not isinstance(value, dict):
        return [f"{'  ' * depth}{_plain(value)}"]
    out: list[str] = []
    for key, item in value.items():
        if isinstance(item, dict) and any(isinstance(inner, (dict, list)) for inner in item.values()):
            out += [f"{'  ' * depth}{_words(key)}:", *_lines(item, depth + 1)]
        elif isinstance(item, list):
            out += [f"{'  ' * depth}{_words(key)}:", *(f"{'  ' * (depth + 1)}{_plain(entry)}" for entry in item)]
        else:
            out.append(f"{'  ' * depth}{_words(key)}: {_plain(item)}")
    return out


def _words(key: str) -> str:
    return key.replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(key)} {_plain(item)}" for key, item in value.items())
    return figure(value) if value is None or isinstance(value, (int, float)) else str(value)
