"""A year of every series of two contracts, downloaded once from a venue that keeps its limits, on a virtual clock."""

import asyncio
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import datafeeds.exchanges.client as client_module
from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import Downloaded, download_all, plan
from datafeeds.exchanges.limits import Pace
from datafeeds.retry import RetryPolicy
from tests.datafeeds.exchanges.enforcing import EnforcingSession
from tests.datafeeds.exchanges.truth import DAY_MS, Truth, make_truth
from tests.datafeeds.exchanges.virtual_time import run_virtually

BASES = ("BTC", "ETH")
LATENCY_SECONDS = 0.05


@dataclass(frozen=True)
class Year:
    """What came of it: the series, the venue with its counts, and the virtual seconds that it took."""

    outcome: list[Downloaded]
    session: EnforcingSession
    seconds: float


@functools.cache
def truth_of(venue: str) -> Truth:
    """Return a venue without holes on which both contracts were listed more than a year ago."""
    return make_truth(venue, seed=8, days=560, holes=False)


def symbol_of(venue: str, base: str) -> str:
    return f"{base}/USDC:USDC" if venue == "hyperliquid" else f"{base}/USDT:USDT"


async def _inline(function, *arguments):
    return function(*arguments)


@functools.cache
def a_year(venue: str, pace: type[Pace] = Pace) -> Year:
    """Download the 365 days before the venue's last midnight."""
    session = EnforcingSession(venue, truth_of(venue), LATENCY_SECONDS)
    end = truth_of(venue).now_ms() // DAY_MS * DAY_MS

    async def job(root: Path) -> list[Downloaded]:
        async with connect(venue, RetryPolicy(attempts=3)) as client:
            planned = [item for base in BASES for item in plan(venue, symbol_of(venue, base), "1h")]
            return await download_all(client, Catalog(root), planned, end - 365 * DAY_MS, end, RetryPolicy())

    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as root:
        patched.setattr(client_module, "bounded_session", lambda: session)
        patched.setattr(client_module, "Pace", pace)
        patched.setattr(asyncio, "to_thread", _inline)
        outcome, seconds = run_virtually(job(Path(root)))
    return Year(outcome, session, seconds)
