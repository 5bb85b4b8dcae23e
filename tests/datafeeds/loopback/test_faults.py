"""Whatever a venue does, the catalog holds the truth bit for bit: nothing lost, nothing doubled."""

from collections import Counter

import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.download import plan
from tests.datafeeds.catalog.samples import equal
from tests.datafeeds.loopback.download import run_download
from tests.datafeeds.loopback.faults import KINDS, random_faults
from tests.datafeeds.loopback.truth import make_truth
from tests.datafeeds.loopback.venues import VENUES, expected


def assert_true(venue, truth, root):
    series = {series.kind: series for series, _ in plan(venue, VENUES[venue].symbol, "1h")}
    wanted = expected(venue, truth)
    for kind, rows in wanted.items():
        stored = Catalog(root).read(series[kind], 0, 2**53)
        assert equal(stored, {name: rows[name] for name in stored}), (venue, kind)
    assert {found.kind for found in Catalog(root).series()} == set(wanted)


@pytest.mark.parametrize("sequences", [10, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("venue", VENUES)
def test_random_sequences_of_faults_leave_the_truth(venue, sequences, tmp_path):
    met = Counter()
    for seed in range(sequences):
        truth = make_truth(seed, hours=60, whole_sizes=VENUES[venue].whole_sizes)
        outcome, server = run_download(venue, truth, tmp_path / str(seed), random_faults(seed))
        assert [result.error for result in outcome] == [""] * len(outcome), seed
        assert_true(venue, truth, tmp_path / str(seed))
        met += server.met
    assert set(met) == set(KINDS) or sequences < 100  # in a few, not each kind is met; each has its own test below


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("venue", VENUES)
def test_each_fault_alone_leaves_the_truth(venue, kind, tmp_path):
    truth = make_truth(7, hours=60, whole_sizes=VENUES[venue].whole_sizes)
    outcome, server = run_download(venue, truth, tmp_path, random_faults(3, share=0.4, kinds=(kind,)))
    assert not any(result.error for result in outcome)
    assert server.met[kind] >= 3  # Hyperliquid is asked little: a page holds all
    assert_true(venue, truth, tmp_path)


@pytest.mark.parametrize("venue", VENUES)
def test_a_download_in_pieces_and_again_gives_the_same_bytes_as_one(venue, tmp_path):
    truth = make_truth(11, hours=90, whole_sizes=VENUES[venue].whole_sizes)
    run_download(venue, truth, tmp_path / "one")
    for hours in ((40, 60), (0, 10), (10, 45), (5, 10_000), (0, 10_000)):
        run_download(venue, truth, tmp_path / "many", random_faults(1), hours=hours)
    files = [sorted((tmp_path / name).rglob("*.parquet")) for name in ("one", "many")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


@pytest.mark.parametrize("venue", VENUES)
def test_what_is_there_is_not_asked_for_again_unless_wished(venue, tmp_path):
    truth = make_truth(5, hours=60, whole_sizes=VENUES[venue].whole_sizes)
    run_download(venue, truth, tmp_path, hours=(0, 50))
    _, server = run_download(venue, truth, tmp_path, hours=(0, 49))
    _, again = run_download(venue, truth, tmp_path, hours=(0, 49), again=True)
    assert len(again.asked) > len(server.asked)
    assert all("time" in path or "Status" in str(body) or is_meta(path, body) for path, _, body in server.asked)


def is_meta(path, body):
    return any(
        word in path for word in ("exchangeInfo", "instruments", "contracts", "exchanges", "future-markets")
    ) or "meta" in str(body)
