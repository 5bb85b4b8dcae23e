"""A venue's leverage tiers, as it tells them today."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from datafeeds.exchanges.client import connect
from datafeeds.retry import RetryPolicy
from runs.commandline.output import print_json, wide_console

_NAMES = ("minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")


async def ask_tiers(venue: str, symbols: tuple[str, ...], url: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return each symbol's tiers: position sizes from and to, maintenance margin as a share of the size, largest leverage.

    Raises
    ------
    MarketError
        For an unknown venue or symbol, or a venue that does not tell them.
    SourceError
        If it cannot be reached.
    """
    async with connect(venue, RetryPolicy(), url) as client:
        await client.reach()
        return {
            symbol: [
                {name: tier.get(name) for name in (*_NAMES, "currency")} for tier in await client.leverage_tiers(symbol)
            ]
            for symbol in dict.fromkeys(symbols)
        }


def print_tiers(tiers: dict[str, list[dict[str, Any]]], as_json: bool) -> None:
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
