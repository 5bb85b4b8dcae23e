"""The look that all pages share, and the rule that makes them safe: text from outside is escaped, nothing is loaded."""

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

COLOURS = """
:root{color-scheme:light dark;--ground:#fff;--panel:#f6f6f8;--ink:#1b1b1f;--faint:#5d5d66;--line:#d5d5dc;--accent:#3b5bb5;
--bad:#a3262a;--none:#7a5b00;--good:#1c6b3a;--long:#0b7285;--short:#b35900}
@media (prefers-color-scheme:dark){:root{--ground:#16161a;--panel:#1f1f25;--ink:#e6e6ea;--faint:#a0a0aa;--line:#3a3a42;
--accent:#9db4ff;--bad:#ff8a85;--none:#e3c15a;--good:#74d49a;--long:#5cc8dd;--short:#ffb366}}
"""
"""Colours by meaning, in light and dark; long and short differ in lightness as well as hue, for colour-blind readers."""

STYLE = (
    COLOURS
    + """
*{box-sizing:border-box}
body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:72rem}
h1{font-size:1.4rem;overflow-wrap:anywhere;margin:.4rem 0}h2{font-size:1.05rem;margin:.2rem 0;overflow-wrap:anywhere}
p{margin:.4rem 0;overflow-wrap:anywhere}a{color:var(--accent)}
section{border-top:1px solid var(--line);padding:.8rem 0}
.verdict{font-weight:600}.not{color:var(--bad)}.too{color:var(--none)}.validated{color:var(--good)}.faint{color:var(--faint)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
td,th{text-align:right;padding:.15rem .6rem .15rem 0;vertical-align:top;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
@media (max-width:600px){.wide td:first-child,.wide th:first-child{white-space:normal;min-width:6rem}}
pre{overflow-x:auto;font-size:.8rem}svg{max-width:100%;height:auto}svg text{fill:var(--ink)}
"""
)
"""The look of a whole page."""


def page(title: str, body: str, style: str = "", script: str = "") -> str:
    """Return a self-contained page.

    Parameters
    ----------
    title
        Plain text; escaped here.
    body
        HTML of this project's making; text from outside is escaped already (`escape`, `table`).
    style, script
        Further CSS, and JavaScript of this project's making; data for a script goes through `data_block`.
    """
    code = f"<script>{script}</script>" if script else ""
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<style>{STYLE}{style}</style></head>\n<body>{body}{code}</body></html>\n"
    )


def escape(text: Any) -> str:
    """Return text as it may stand in an element or in a quoted attribute.

    Examples
    --------
    >>> escape("<b>'x'")
    '&lt;b&gt;&#x27;x&#x27;'
    """
    return html.escape(str(text))


def data_block(name: str, value: Any) -> str:
    r"""Return an element that holds `value` as JSON for a script: ``JSON.parse(document.getElementById(name).textContent)``.

    No text in it can end the element, since ``<`` is written as an escape of JSON.

    Examples
    --------
    >>> data_block("runs", ["</script>"])
    '<script type="application/json" id="runs">["\\u003c/script>"]</script>'
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{html.escape(name)}">{text}</script>'


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table that scrolls sideways on a small screen; cells and titles are plain text, escaped here."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


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
