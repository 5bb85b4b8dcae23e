"""What `runs.download --dry-run` tells, held against a download of the year from a venue on a virtual clock."""

import json

import pandas as pd
import pytest

import runs.download
from datafeeds.exchanges.download import VENUES
from datafeeds.exchanges.estimate import REPLY_SECONDS
from datafeeds.exchanges.limits import PACED
from runs.download import main
from tests.datafeeds.exchanges.test_limits import year
from tests.datafeeds.exchanges.test_request_counts import symbol_of, truth_of


def told(monkeypatch, capsys, venue, now_ms, *more):
    now = pd.Timestamp(now_ms, unit="ms", tz="UTC")
    monkeypatch.setattr(runs.download, "utc_now", lambda: now)
    end = now.floor("D")
    span = ["--start", f"{end - pd.Timedelta(days=365):%Y-%m-%d}", "--end", f"{end:%Y-%m-%d}"]
    assert main(["--venue", venue, "--symbol", symbol_of(venue, "BTC"), *span, "--dry-run", *more]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("venue", PACED)
def test_a_dry_run_of_a_year_agrees_with_the_download(monkeypatch, capsys, venue, tmp_path):
    plan = told(monkeypatch, capsys, venue, truth_of(venue, seed=8, days=372, holes=False).now_ms())
    outcome, session, seconds = year(monkeypatch, venue, tmp_path, bases=("BTC",), latency_seconds=REPLY_SECONDS)
    assert [one["series"] for one in plan["series"]] == [str(result.series) for result in outcome]
    for one, result in zip(plan["series"], outcome, strict=True):
        assert abs(one["rows"] - result.rows) <= 3, one
    assert abs(plan["requests"] - sum(session.counts.values())) <= len(outcome) + 1
    assert plan["minutes"] == pytest.approx(seconds / 60.0, rel=0.25, abs=0.1)


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_tells_requests_rows_and_minutes(monkeypatch, capsys, venue):
    plan = told(monkeypatch, capsys, venue, 1_790_000_000_000)
    assert plan["requests"] >= 2
    assert plan["minutes"] >= 0.0
    known = [one["rows"] for one in plan["series"] if one["rows"] is not None]
    assert plan["rows"] == sum(known)
    assert bool(known) == (venue in PACED)  # of single events only the venue knows how many there are


def test_a_dry_run_of_an_archive_counts_files_and_checksums(monkeypatch, capsys):
    plan = told(monkeypatch, capsys, "binance", 1_790_000_000_000, "--archive", "--series", "open_interest")
    (one,) = plan["series"]
    assert one["requests"] in (2 * 365, 2 * 366)
    assert one["rows"] == 365 * 288
