"""A year of every series: by the fewest requests, within every limit, and as the dry run told."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datafeeds.exchanges.estimate
import runs.downloads.planned
from datafeeds.exchanges.download import VENUES
from datafeeds.exchanges.limits import PACED, SHARE, Budget, Pace
from runs.download import main
from tests.datafeeds.exchanges.a_year import BASES, LATENCY_SECONDS, a_year, symbol_of, truth_of

LARGEST = {
    "binance": {"candles": 1500, "mark": 1500, "open_interest": 500, "long_short_ratio": 500, "funding": 1000},
    "bybit": {"candles": 1000, "mark": 1000, "open_interest": 200, "long_short_ratio": 500, "funding": 200},
    "okx": {"candles": 300, "mark": 100, "open_interest": 100, "long_short_ratio": 100, "funding": 400},
    "gate": {"candles": 2000, "mark": 2000, "open_interest": 100, "long_short_ratio": 100, "liquidation_totals": 100,
             "funding": 1000},
    "hyperliquid": {"candles": 500, "funding": 500},
}  # fmt: skip
"""Rows that a reply holds at most, as each venue documents it."""

PATHS = {
    "binance": {"candles": "/klines", "mark": "/markPriceKlines", "open_interest": "/openInterestHist",
                "long_short_ratio": "/globalLongShortAccountRatio", "funding": "/fundingRate"},
    "bybit": {"candles": "/kline", "mark": "/mark-price-kline", "open_interest": "/open-interest",
              "long_short_ratio": "/account-ratio", "funding": "/history"},
    "okx": {"candles": "/history-candles", "mark": "/history-mark-price-candles", "open_interest": "/open-interest-history",
            "long_short_ratio": "/long-short-account-ratio-contract", "funding": "/funding-rate-history"},
    "gate": {"open_interest": "/contract_stats", "long_short_ratio": "/contract_stats", "liquidation_totals": "/contract_stats",
             "candles": "/candlesticks", "mark": "/candlesticks", "funding": "/funding_rate"},
    "hyperliquid": {"candles": "candleSnapshot", "funding": "fundingHistory"},
}  # fmt: skip
"""Where each kind is asked for; Gate tells several in one place."""

OVERHEAD = {"bybit": 3}
"""The clock and the list of contracts, of which Bybit's has two pages here; elsewhere 2."""


def fewest(venue, kind, rows):
    return (
        6 if (venue, kind) == ("gate", "funding") else -(-rows // LARGEST[venue][kind])
    )  # Gate's: 180 days, 30 a reply


@pytest.mark.parametrize(("venue", "kind"), [(venue, kind) for venue in LARGEST for kind in LARGEST[venue]])
def test_each_series_takes_within_one_of_the_fewest_requests(venue, kind):
    year, path = a_year(venue), PATHS[venue][kind]
    asked = sum(count for name, count in year.session.counts.items() if name.endswith(path))
    there = [result for result in year.outcome if PATHS[venue][result.series.kind] == path]
    least = sum(fewest(venue, result.series.kind, result.rows) for result in there)
    assert least <= asked <= least + len(there)
    assert all(result.rows > 250 for result in there)


@pytest.mark.parametrize(
    ("venue", "path", "expected"), [("binance", "/fundingRate", 2), ("hyperliquid", "fundingHistory", 18)]
)
def test_two_counts_that_were_too_many(venue, path, expected):
    """They were 40 and 152 for a year of one contract's settlements."""
    assert sum(count for name, count in a_year(venue).session.counts.items() if name.endswith(path)) == 2 * expected


@pytest.mark.parametrize("venue", LARGEST)
def test_the_clock_and_the_list_are_asked_for_once(venue):
    counts = a_year(venue).session.counts
    rows = sum(count for name, count in counts.items() if any(name.endswith(path) for path in PATHS[venue].values()))
    assert sum(counts.values()) - rows == OVERHEAD.get(venue, 2)


@pytest.mark.parametrize("venue", LARGEST)
def test_a_year_of_every_series_meets_no_limit(venue):
    year = a_year(venue)
    assert not any(result.error for result in year.outcome)
    assert year.session.refused == 0


class _Hasty(Pace):
    def reserve(self, wanted, now):
        return now


def test_without_its_pace_the_client_would_be_refused():
    assert a_year("hyperliquid", _Hasty).session.refused > 0


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=80))
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


def told(monkeypatch, capsys, venue, now_ms, *more, bases=("BTC",)):
    """Return what the dry run tells of the year before a clock's last midnight."""
    now = pd.Timestamp(now_ms, unit="ms", tz="UTC")
    monkeypatch.setattr(runs.downloads.planned, "utc_now", lambda: now)
    end = now.floor("D")
    asked = ["--start", f"{end - pd.Timedelta(days=365):%Y-%m-%d}", "--end", f"{end:%Y-%m-%d}"]
    asked += [word for base in bases for word in ("--symbol", symbol_of(venue, base))]
    assert main(["--venue", venue, *asked, "--dry-run", *more]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("venue", LARGEST)
def test_a_dry_run_of_a_year_agrees_with_the_download(monkeypatch, capsys, venue):
    monkeypatch.setattr(datafeeds.exchanges.estimate, "REPLY_SECONDS", LATENCY_SECONDS)
    plan, year = told(monkeypatch, capsys, venue, truth_of(venue).now_ms(), bases=BASES), a_year(venue)
    assert [one["series"] for one in plan["series"]] == [str(result.series) for result in year.outcome]
    for one, result in zip(plan["series"], year.outcome, strict=True):
        assert abs(one["rows"] - result.rows) <= 3, one
    assert abs(plan["requests"] - sum(year.session.counts.values())) <= len(year.outcome) + 1
    assert plan["minutes"] == pytest.approx(year.seconds / 60.0, rel=0.25, abs=0.03)


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_tells_requests_rows_and_minutes(monkeypatch, capsys, venue):
    plan = told(monkeypatch, capsys, "coinalyze-okx" if venue == "coinalyze" else venue, 1_790_000_000_000)
    assert plan["requests"] >= 2
    assert plan["minutes"] > 0.0
    known = [one["rows"] for one in plan["series"] if one["rows"] is not None]
    assert plan["rows"] == sum(known)
    assert bool(known) == (venue in PACED)  # of single events only the venue knows how many there are


def test_a_dry_run_of_an_archive_counts_files_and_checksums(monkeypatch, capsys):
    plan = told(monkeypatch, capsys, "binance", 1_790_000_000_000, "--archive", "--series", "open_interest")
    (one,) = plan["series"]
    assert one["requests"] in (2 * 365, 2 * 366)
    assert one["rows"] == 365 * 288
