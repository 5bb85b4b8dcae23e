"""Snapshots of accounts' positions at Hyperliquid, taken once or on a schedule, and only ever added to.

Source: hyperliquid.gitbook.io, info endpoint, ``clearinghouseState`` (weight 2 of 1,200 a minute). The mark is position value over
size. An account that could not be asked is not among the `accounts` of its snapshot: that is not the same as no position.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datafeeds.catalog.rows import check_rows
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError, SourceError
from datafeeds.exchanges.reply import field, number, part, records, whole
from datafeeds.retry import RetryPolicy, retry
from datafeeds.series import KINDS, Rows, Series

if TYPE_CHECKING:  # ccxt takes a second to load
    from datafeeds.exchanges.client import Client

POSITIONS = Series("hyperliquid", "*/USDC:USDC", "positions")
ACCOUNTS = Series("hyperliquid", "*/USDC:USDC", "accounts")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_AT_ONCE = 8
_STALE_MS = 600_000  # *assumption*: a state this old is a cache's


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its time, the rows of both series, and why accounts did not answer."""

    ts: int
    positions: Rows
    accounts: Rows
    failed: dict[str, str]


def read_accounts(file: Path) -> list[str]:
    """Return the addresses in a file, one a line; what follows ``#`` is a note.

    Raises
    ------
    MarketError
        If it cannot be read, holds none, or a line is no address.
    """
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MarketError(f"{file}: cannot be read ({error})") from None
    addresses = {place: text for place, line in enumerate(lines, 1) if (text := line.partition("#")[0].strip())}
    for place, text in addresses.items():
        if not _ADDRESS.fullmatch(text):
            raise MarketError(f"{file} line {place}: {text[:50]!r} is no address; write 0x and 40 hexadecimal digits")
    if not addresses:
        raise MarketError(f"{file}: no address in it; write one a line")
    return list(dict.fromkeys(text.lower() for text in addresses.values()))


async def take_snapshot(client: "Client", accounts: Sequence[str], patience: RetryPolicy) -> Snapshot:
    """Ask for the positions of accounts.

    Its time is that of the last answer, so that nothing is in it before it was known.

    Raises
    ------
    SourceError
        If no account answered.
    """
    together, now_ms = asyncio.Semaphore(_AT_ONCE), await client.now_ms()
    failed: dict[str, str] = {}

    async def ask(account: str) -> tuple[float, list[dict[str, Any]]]:
        reply = await client.ask("publicPostInfo", {"type": "clearinghouseState", "user": account})
        value, rows = read_state(reply, account, now_ms)
        _rows(POSITIONS, rows, now_ms)  # what cannot be true costs this account alone
        return value, rows

    async def one(account: str) -> tuple[float, list[dict[str, Any]]] | None:
        async with together:
            try:
                return await retry(lambda: ask(account), patience)
            except SourceError as error:
                failed[account] = str(error)
                return None

    answers = dict(zip(accounts, await asyncio.gather(*map(one, accounts)), strict=True))
    answered = {account: answer for account, answer in answers.items() if answer}
    if not answered:
        raise SourceError(next(iter(failed.values())))
    ts = await client.now_ms()
    positions = [row for _, rows in answered.values() for row in rows]
    values = [{"account": account, "account_value_usd": value} for account, (value, _) in answered.items()]
    return Snapshot(ts, _rows(POSITIONS, positions, ts), _rows(ACCOUNTS, values, ts), failed)


def keep_snapshot(catalog: Catalog, snapshot: Snapshot) -> None:
    """Store a snapshot: its positions by one rename, then who answered; killed between, only the latter is not known."""
    if len(snapshot.positions["ts"]):
        catalog.keep(POSITIONS, snapshot.positions)
    catalog.keep(ACCOUNTS, snapshot.accounts)


async def take_snapshots(
    client: "Client",
    catalog: Catalog,
    accounts: Sequence[str],
    patience: RetryPolicy,
    every_ms: int,
    stop: asyncio.Event,
    report: Callable[[Snapshot], None],
    complain: Callable[[str], None],
) -> None:
    """Take a snapshot now, and where `every_ms` is above 0 again at its multiples since 1970, until `stop` is set.

    Raises
    ------
    SourceError
        If no account answered the only snapshot; on a schedule the next one is tried.
    MarketError
        If the catalog cannot be written.
    """
    while not stop.is_set():
        try:
            snapshot = await take_snapshot(client, accounts, patience)
            await asyncio.to_thread(keep_snapshot, catalog, snapshot)
            report(snapshot)
        except SourceError as error:
            if not every_ms:
                raise
            complain(str(error))
        if not every_ms:
            return
        now_ms = await client.now_ms()
        wait = asyncio.ensure_future(patience.sleep((every_ms - now_ms % every_ms) / 1000.0))
        ended = asyncio.ensure_future(stop.wait())
        _, pending = await asyncio.wait({wait, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()


def read_state(reply: Any, account: str, now_ms: int) -> tuple[float, list[dict[str, Any]]]:
    """Return an account's value and its positions, as rows of the kind without their times.

    Raises
    ------
    ReplyError
        If the reply is not of the documented form, or describes another time than now.
    """
    if abs(whole(field(reply, "time")) - now_ms) > _STALE_MS:
        raise ReplyError("hyperliquid: the state of an account is not of now")
    summary = "marginSummary" if "marginSummary" in reply else "crossMarginSummary"
    value = number(part(reply, summary, "accountValue"))
    rows = []
    for listed in records(reply, "assetPositions"):
        position = field(listed, "position")
        size = number(field(position, "szi"))
        if size:
            rows.append(_position(position, size, account, value))
    return value, rows


def _position(position: Any, size: float, account: str, value: float) -> dict[str, Any]:
    liquidation = field(position, "liquidationPx")
    price = np.nan if liquidation is None else number(liquidation)
    return {
        "account": account,
        "coin": str(field(position, "coin")),
        "side": 1.0 if size > 0.0 else -1.0,
        "size": abs(size),
        "entry_price": number(field(position, "entryPx")),
        "leverage": number(part(position, "leverage", "value")),
        "liquidation_price": price if price > 0.0 else np.nan,  # no price at or below zero is reached
        "account_value_usd": value,
        "mark_price": number(field(position, "positionValue")) / abs(size),
    }


def _rows(series: Series, listed: list[dict[str, Any]], ts: int) -> Rows:
    kind = KINDS[series.kind]
    listed = sorted(listed, key=lambda row: [row[name] for name in kind.texts])
    rows: Rows = {name: np.full(len(listed), ts, dtype=np.int64) for name in ("ts", "known_at")}
    rows |= {name: np.array([row[name] for row in listed], dtype=str) for name in kind.texts}
    rows |= {name: np.array([row[name] for row in listed], dtype=np.float64) for name in kind.values}
    check_rows(series, rows)
    return rows
