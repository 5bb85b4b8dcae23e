"""Each venue's limits are kept by their documented weights, by all series together: no 429 in a year of every series."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datafeeds.exchanges.client as client_module
from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from datafeeds.exchanges.limits import PACED, SHARE, Budget, Pace
from datafeeds.retry import RetryPolicy
from tests.datafeeds.exchanges.enforcing import EnforcingSession
from tests.datafeeds.exchanges.test_request_counts import symbol_of, truth_of
from tests.datafeeds.exchanges.truth import DAY_MS
from tests.datafeeds.exchanges.virtual_time import run_virtually


async def _inline(function, *arguments):
    return function(*arguments)


def year(monkeypatch, venue, root, bases=("BTC", "ETH"), latency_seconds=0.05):
    """Download a year of every series of some contracts; return outcome, the venue, and the virtual seconds that it took."""
    truth = truth_of(venue, seed=8, days=372, holes=False)
    session = EnforcingSession(venue, truth, latency_seconds)
    monkeypatch.setattr(client_module, "bounded_session", lambda: session)
    monkeypatch.setattr(asyncio, "to_thread", _inline)
    end = truth.now_ms() // DAY_MS * DAY_MS

    async def job():
        async with connect(venue, RetryPolicy(attempts=3)) as client:
            planned = [item for base in bases for item in plan(venue, symbol_of(venue, base), "1h")]
            return await download_all(client, Catalog(root), planned, end - 365 * DAY_MS, end, RetryPolicy())

    outcome, seconds = run_virtually(job())
    return outcome, session, seconds


@pytest.mark.parametrize("venue", PACED)
def test_a_year_of_every_series_meets_no_limit(monkeypatch, venue, tmp_path):
    outcome, session, _ = year(monkeypatch, venue, tmp_path)
    assert not any(result.error for result in outcome)
    assert all(result.rows for result in outcome)
    assert session.refused == 0


def test_without_its_pace_the_client_would_be_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(client_module, "Pace", _Hasty)
    _, session, _ = year(monkeypatch, "hyperliquid", tmp_path)
    assert session.refused > 0


class _Hasty(Pace):
    def reserve(self, wanted, now):
        return now


@given(
    st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_than_its_share(asked):
    budgets = (Budget("small", 10, 2.0), Budget("large", 40, 7.0))
    pace, now, sent = Pace(), 0.0, []
    for pause, which, weight in asked:
        now += pause
        wanted = [(budgets[0], weight)] if which else [(budgets[0], 1), (budgets[1], weight)]
        at = pace.reserve(wanted, now)
        assert at >= now
        sent += [(at, budget, one) for budget, one in wanted]
    for budget in budgets:
        spent = [(at, one) for at, known, one in sent if known == budget]
        for start, _ in spent:
            inside = sum(one for at, one in spent if start <= at < start + budget.seconds - 1e-9)
            assert inside <= budget.capacity * SHARE
