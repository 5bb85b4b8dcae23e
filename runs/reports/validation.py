"""The page of verdicts: one self-contained file, the unwelcome first, each number the one in validation.json."""

from typing import Any

from runs.reports.page import escape, figure, page, table

_COLUMNS = ("estimate", "low", "high", "p_value", "minimum_detectable_effect", "observations", "effective", "blocks")
_HARDEST = ("estimate", "low", "high", "minimum_detectable_effect", "observations")
_TITLES = ("estimate", "low", "high", "p", "detectable", "n", "effective n", "blocks")
_KINDS = {
    "tests": "Against",
    "placebos": "Placebos, which must show nothing",
    "references": "For comparison: the price path alone, which decides nothing",
}


def validation_page(record: dict[str, Any]) -> str:
    """Return the page of a `runs.validation.protocol.measure_markets`; it loads nothing from anywhere."""
    title, markets = f"What the heatmap knows: {record['data']['name']}", record.get("markets", [])
    by_market = "".join(f"<h2>{escape(part['data']['name'])}</h2>{_head(part)}{_overview(part)}" for part in markets)
    pooled = f"<h2>All {len(markets)} markets</h2>" if markets else ""
    sections = "".join(_section(claim, claim["name"]) for claim in record["claims"])
    for number, part in enumerate(markets, 1):
        own = "".join(_section(claim, f"{claim['name']}-{number}") for claim in part["claims"])
        sections += f"<details><summary>{escape(part['data']['name'])} by itself</summary>{own}</details>"
    return page(
        title,
        f"<h1>{escape(title)}</h1>{_head(record)}{_reading_help(record)}{pooled}{_overview(record)}{by_market}"
        f"{pooled}{sections}",
    )


def _head(part: dict[str, Any]) -> str:
    data = part["data"]
    summary = ", ".join(f"{count} {verdict}" for verdict, count in part["counts"].items())
    length = f" of {data['bar_seconds']} s" if data["bar_seconds"] else ""
    caveats = "".join(f"<li>{escape(caveat)}</li>" for caveat in data["caveats"])
    return (
        f"<p>{data['bars']} bars{length}, {data['first_bar']} to {data['last_bar']}. {escape(summary)}.</p>"
        f"<ul class='faint'>{caveats}</ul>"
    )


def _overview(part: dict[str, Any]) -> str:
    """Return a line a claim, against its hardest baseline."""
    rows = []
    for claim in part["claims"]:
        weakest = claim["weakest"] or {}
        figures = (figure(weakest.get(name)) for name in _HARDEST)
        rows.append((claim["name"], claim["verdict"], *figures, weakest.get("baseline", "-")))
    return table(("claim", "verdict", "estimate", "low", "high", "detectable", "n", "hardest baseline"), rows)


def _reading_help(record: dict[str, Any]) -> str:
    return (
        "<p class='faint'>A claim is validated on three conditions. Every comparison's 95 % interval lies above zero. The largest "
        f"p-value survives the adjustment for all claims (false discovery rate {record['false_discovery_rate']:g}). No placebo "
        "shows an effect. A true effect of the size under 'detectable' would have been told from zero four times in five. Blocks, "
        "which intervals are drawn from, are days or episodes; over several markets weeks of episodes. Estimates are of the past. "
        "Liquidation levels are estimates; this is research, not advice.</p>"
    )


def _section(claim: dict[str, Any], name: str) -> str:
    kind, remarks = claim["verdict"].split()[0], "".join(f"<p>{escape(text)}</p>" for text in claim["remarks"])
    details = _details(claim["details"]) if claim["details"] else ""
    tables = "".join(_table(title, claim[kind]) for kind, title in _KINDS.items() if claim[kind])
    adjusted = f" Largest p, adjusted: {figure(claim['adjusted_p'])}." if claim["adjusted_p"] is not None else ""
    return (
        f"<section id='{escape(name)}'><p class='verdict {kind}'>{escape(claim['verdict'])}</p>"
        f"<h2>{escape(claim['statement'])}</h2>{remarks}"
        f"<p class='faint'>{escape(claim['statistic'])}.{adjusted}</p>"
        f"{tables}{details}</section>\n"
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
