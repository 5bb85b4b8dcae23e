"""Single liquidations by interface: whatever a venue does, the catalog holds them, each once, and a bar sees them when known."""

import asyncio

import numpy as np
import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from tests.datafeeds.catalog.samples import equal
from tests.datafeeds.loopback.download import HASTE
from tests.datafeeds.loopback.faults import KINDS, random_faults
from tests.datafeeds.loopback.liquidations import HOURS, TELLERS, expected, make_events
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS


def run(venue, truth, root, faults=(), hours=(0, HOURS), again=False):
    async def job():
        async with (
            VenueServer(TELLERS[venue].speak, truth, faults) as server,
            connect(venue, HASTE, server.url) as client,
        ):
            planned = plan(venue, TELLERS[venue].symbol, "1h", ("liquidations",))
            span = START_MS + hours[0] * HOUR_MS, START_MS + hours[1] * HOUR_MS
            return await download_all(client, Catalog(root), planned, *span, HASTE, again=again), server

    outcome, server = asyncio.run(job())
    return outcome[0], server


def stored(venue, root):
    ((series, _),) = plan(venue, TELLERS[venue].symbol, "1h", ("liquidations",))
    return Catalog(root).read(series, 0, 2**53), Catalog(root).covered(series)


@pytest.mark.parametrize("venue", TELLERS)
def test_all_are_there_and_their_times_are_answered(venue, tmp_path):
    truth = make_events(1)
    outcome, server = run(venue, truth, tmp_path)
    assert outcome.error == ""
    rows, covered = stored(venue, tmp_path)
    assert equal(rows, expected(venue, truth))
    assert covered == [(START_MS, truth.now_ms - HOUR_MS)]  # what is younger may still come
    begun, (_, server) = len(server.asked), run(venue, truth, tmp_path, hours=(0, HOURS - 1))
    pages = -(-TELLERS[venue].events_of(truth) // TELLERS[venue].page)
    assert (
        begun - len(server.asked) <= pages + 2
    )  # one that says that there is no more, and one after an instant cut in two
    run(venue, truth, tmp_path, again=True)
    assert equal(stored(venue, tmp_path)[0], rows)


@pytest.mark.parametrize("kind", [*KINDS, "all"])
@pytest.mark.parametrize("venue", TELLERS)
def test_faults_leave_the_truth(venue, kind, tmp_path):
    truth = make_events(7)
    kinds = KINDS if kind == "all" else (kind,)
    outcome, server = run(venue, truth, tmp_path, random_faults(3, share=0.4, kinds=kinds))
    assert outcome.error == ""
    assert sum(server.met.values()) > 3
    assert equal(stored(venue, tmp_path)[0], expected(venue, truth))


@pytest.mark.parametrize("venue", TELLERS)
def test_pieces_in_any_order_give_the_bytes_of_one_download(venue, tmp_path):
    truth = make_events(11)
    run(venue, truth, tmp_path / "one")
    for hours in ((8, 12), (0, 3), (2, 9), (0, HOURS)):
        run(venue, truth, tmp_path / "many", random_faults(1), hours=hours)
    files = [sorted((tmp_path / name).rglob("*.parquet")) for name in ("one", "many")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    assert np.isfinite(stored(venue, tmp_path / "one")[0]["size"]).all()
