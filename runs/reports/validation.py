"""The page of verdicts: one self-contained file, the unwelcome first, each number the one in validation.json."""

import html
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1b1f;--faint:#5d5d66;--line:#d5d5dc;
--bad:#a3262a;--none:#7a5b00;--good:#1c6b3a}
@media (prefers-color-scheme:dark){:root{--ground:#16161a;--ink:#e6e6ea;--faint:#a0a0aa;--line:#3a3a42;--bad:#ff8a85;
--none:#e3c15a;--good:#74d49a}}
body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:60rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:.2rem 0}p{margin:.4rem 0}
section{border-top:1px solid var(--line);padding:.8rem 0}
.verdict{font-weight:600}.not{color:var(--bad)}.too{color:var(--none)}.validated{color:var(--good)}.faint{color:var(--faint)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
td,th{text-align:right;padding:.15rem .6rem .15rem 0;vertical-align:top}td:first-child,th:first-child{text-align:left}
pre{overflow-x:auto;font-size:.8rem}
"""

_COLUMNS = ("estimate", "low", "high", "p_value", "observations", "effective", "blocks")
_TITLES = ("estimate", "low", "high", "p", "n", "effective n", "days or episodes")


def validation_page(record: dict[str, Any]) -> str:
    """Return the page of a `runs.validation.record.validation_record`; it loads nothing from anywhere."""
    data, counts = record["data"], record["counts"]
    title = html.escape(f"What the heatmap knows: {data['name']}")
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    facts = "".join(f"<li>{html.escape(fact)}</li>" for fact in data["facts"])
    sections = "".join(_section(claim) for claim in record["claims"])
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<meta name='viewport' content='width=device-width,initial-scale=1'><style>{_STYLE}</style></head>\n<body>"
        f"<h1>{title}</h1><p>{data['bars']} bars of {data['bar_seconds']} s, {data['first_bar']} to {data['last_bar']}. "
        f"{html.escape(summary)}.</p><ul class='faint'>{facts}</ul>{_reading_help(record)}{sections}</body></html>\n"
    )


def _reading_help(record: dict[str, Any]) -> str:
    return (
        "<p class='faint'>A claim is validated where every comparison's 95 % interval lies above zero, the weakest one's p-value "
        f"survives the adjustment for all claims (false discovery rate {record['false_discovery_rate']:g}), and no placebo shows "
        "an effect. Estimates are of the past of one market. Liquidation levels are estimates; this is research, not advice.</p>"
    )


def _section(claim: dict[str, Any]) -> str:
    kind, remarks = claim["verdict"].split()[0], "".join(f"<p>{html.escape(text)}</p>" for text in claim["remarks"])
    details = _details(claim["details"]) if claim["details"] else ""
    placebos = _table("Placebos, which must show nothing", claim["placebos"]) if claim["placebos"] else ""
    adjusted = f" Adjusted p of the weakest: {figure(claim['adjusted_p'])}." if claim["adjusted_p"] is not None else ""
    return (
        f"<section id='{html.escape(claim['name'])}'><p class='verdict {kind}'>{html.escape(claim['verdict'])}</p>"
        f"<h2>{html.escape(claim['statement'])}</h2>{remarks}"
        f"<p class='faint'>{html.escape(claim['statistic'])}.{adjusted}</p>"
        f"{_table('Against', claim['tests']) if claim['tests'] else ''}{placebos}{details}</section>\n"
    )


def _table(title: str, tests: list[dict[str, Any]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in (title, *_TITLES))
    rows = "".join(
        f"<tr><td>{html.escape(test['baseline'])}</td>"
        + "".join(f"<td>{figure(test[name])}</td>" for name in _COLUMNS)
        + "</tr>"
        for test in tests
    )
    return f"<div class='wide'><table><tr>{head}</tr>{rows}</table></div>"


def figure(value: float | None) -> str:
    """Return a rounded number as text that reads back as the same number; a dash for none.

    Examples
    --------
    >>> figure(0.01235), figure(1465), figure(None)
    ('0.01235', '1465', '-')
    """
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def _details(details: dict[str, Any]) -> str:
    lines = "\n".join(_lines(details, 0))
    return f"<details><summary>Details</summary><pre>{html.escape(lines)}</pre></details>"


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
