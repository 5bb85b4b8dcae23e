"""The page of a review: one self-contained file with a table, curves and fills; a script of ours does the rest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runs.reports.page import data_block, escape, page

MAX_MARKETS = 200
"""Markets whose candles a page holds (16 KB each at most); of further ones it shows buy-and-hold's line (assumption)."""

_ASSETS = Path(__file__).parent / "assets"


def review_content(
    table: dict[str, Any], pictures: Mapping[str, dict[str, Any]], markets: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return what the page's script works on: the table of `runs.reviews.table`, with pictures.

    Parameters
    ----------
    table
        The reviewed table.
    pictures, markets
        Curves of runs by name and of markets by key (`runs.reviews.pictures`); runs that lack one have none in their row.

    Returns
    -------
    dict
        The table; rows gain ``equity``, ``fills`` and ``market`` (index into ``markets``).
    """
    keys = {key: index for index, key in enumerate(markets)}
    shown = [_market(market, index) for index, market in enumerate(markets.values())]
    rows = []
    for row in table["rows"]:
        seen = pictures.get(row["name"])
        extra = {"equity": seen["equity"], "fills": seen["fills"], "market": keys.get(seen["market"])} if seen else {}
        rows.append(row | extra)
    return table | {"rows": rows, "markets": shown}


def _market(market: dict[str, Any], index: int) -> dict[str, Any]:
    return market if index < MAX_MARKETS else {name: part for name, part in market.items() if name != "candles"}


def review_page(content: dict[str, Any], token: str | None = None, digest: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    content
        Of `review_content`.
    token
        Secret of the server that serves it, with which notes are changed; None for a page that is opened as a file.
    digest
        State of the results folder, where a server tells of changes.
    """
    title = f"Review of {content['folder']}"
    server = {"token": token, "digest": digest} if token else None
    return page(
        title,
        _BODY.format(title=escape(title)) + data_block("server", server) + data_block("review", content),
        style=(_ASSETS / "review.css").read_text(encoding="utf-8"),
        script=(_ASSETS / "review.js").read_text(encoding="utf-8"),
    )


_BODY = """<header><h1>{title}</h1><p id="count" role="status"></p></header>
<noscript><p>This page needs JavaScript; <code>python -m runs.review --json</code> prints the same table.</p></noscript>
<div class="panels"><section id="overlay" aria-label="Equity of the selected runs">
<h2>Equity, as multiples of the start</h2><div class="tools"><label><input type="checkbox" id="log"> log scale</label>
<button type="button" id="unselect">Select none</button><span id="moment" class="faint"></span></div>
<div id="curves"></div><div id="legend"></div>
<div id="comparison" class="wide"></div></section>
<section id="opened" aria-label="The opened run"></section></div>
<section id="all" aria-label="All runs"><div class="tools">
<input id="find" type="search" placeholder="Find in all texts" aria-label="Find in all texts">
<select id="state" aria-label="State"><option value="">ok and failed</option><option value="ok">ok only</option>
<option value="failed">failed only</option></select>
<select id="kind" aria-label="Kind"></select><select id="tag" aria-label="Tag"></select>
<button type="button" id="clear">Clear filters</button></div>
<div class="wide" id="scroll"><table id="table"><thead></thead><tbody></tbody></table></div>
<p class="faint">Click a title to sort, a name to open. Number filters: &gt;1, &lt;=0.5, 1..2, in the column's unit. Figures are
rounded; hold the pointer over one for what the file holds. The view is in the address: copy it to share.</p>
<p class="faint">Past results of simulated trading. Liquidation levels are estimates; this is research, not advice.</p></section>"""
