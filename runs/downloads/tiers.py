"""A venue's leverage tiers and contract terms, as it tells them today."""

import asyncio
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from datafeeds.catalog.store import Catalog
from datafeeds.catalog.terms import keep_terms
from datafeeds.exchanges.client import connect
from datafeeds.retry import RetryPolicy
from runs.commandline.command import note
from runs.commandline.output import print_json, utc_now, wide_console

_NAMES = ("minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")


def show_tiers(store: Catalog, venue: str, symbols: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Show the tiers of some symbols as the venue tells them today, and keep its terms in the catalog."""
    tiers, terms = asyncio.run(_ask(venue, symbols, url))
    _print(tiers, as_json)
    kept = [keep_terms(store.root, told, f"{utc_now():%Y-%m-%d}") for told in terms]
    note(*(f"kept in {file}; runs on this market of the catalog trade by it" for file in kept))


async def _ask(
    venue: str, symbols: tuple[str, ...], url: str | None = None
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """Return each symbol's tiers: position sizes from and to, maintenance margin as a share of the size, largest leverage.

    Returns
    -------
    tiers, terms
        Tiers by symbol; and what `datafeeds.catalog.terms` keeps of each, its brackets only where sizes are in quote.

    Raises
    ------
    MarketError
        For an unknown venue or symbol, or a venue that does not tell them.
    SourceError
        If it cannot be reached.
    """
    async with connect(venue, RetryPolicy(), url) as client:
        await client.reach()
        tiers, terms = {}, []
        for symbol in dict.fromkeys(symbols):
            told = await client.leverage_tiers(symbol)
            tiers[symbol] = [{name: tier.get(name) for name in (*_NAMES, "currency")} for tier in told]
            terms.append(await client.terms(symbol) | {"brackets": _brackets(tiers[symbol])})
        return tiers, terms


def _brackets(tiers: list[dict[str, Any]]) -> list[list[float]]:
    """Return tiers as rows of floor, rate and largest leverage; none where sizes count contracts."""
    if not all(tier["currency"] for tier in tiers):
        return []
    return [
        [
            value
            for value in (tier["minNotional"] or 0.0, tier["maintenanceMarginRate"], tier["maxLeverage"])
            if value is not None
        ]
        for tier in tiers
    ]


def _print(tiers: dict[str, list[dict[str, Any]]], as_json: bool) -> None:
    """Print a table a symbol, or all as JSON."""
    if as_json:
        print_json(tiers)
        return
    for symbol, rows in tiers.items():
        table = Table(title=symbol, box=SIMPLE_HEAD)
        for title in ("size from", "to", "maintenance", "leverage", "unit"):
            table.add_column(title, justify="right")
        for row in rows:
            sizes = (f"{row[name]:,.0f}" if row[name] is not None else "-" for name in _NAMES[:2])
            table.add_row(*sizes, f"{row[_NAMES[2]]:.3%}", f"{row[_NAMES[3]]:g}", str(row["currency"] or "contracts"))
        wide_console().print(table)
