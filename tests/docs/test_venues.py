"""The pages about venues agree with each other, with what the software offers, and with what the tests read."""

import re
from pathlib import Path

import pytest

from datafeeds.exchanges.download import VENUES
from datafeeds.live.feeds import FEEDS
from tests.datafeeds.exchanges.test_captures import ALONE, CONTRACTS, COVERED
from tests.datafeeds.live.test_recorded_messages import EXPECTED

PROJECT = Path(__file__).resolve().parents[2]
KINDS = {
    "candles": "candles",
    "mark": "mark",
    "open interest": "open_interest",
    "funding": "funding",
    "long/short ratio": "long_short_ratio",
    "liquidation totals": "liquidation_totals",
    "liquidations": "liquidations",
}
CAPTURED = {(row[0], row[1]) for row in COVERED} | set(ALONE) | {(venue, "liquidations") for venue in EXPECTED}


def table(document, column):
    """Return the first table with a column, as ``{venue: {column: cell}}``; a row may name several venues."""
    rows = [line for line in (PROJECT / document).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    start = next(number for number, line in enumerate(rows) if line.startswith("| venue ") and f" {column} " in line)
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in rows[start:]]
    found = {}
    for row in cells[1:]:
        names = re.findall(r"`(\w+)`", row[0])
        if not names or len(row) != len(cells[0]):
            break
        found |= {name: dict(zip(cells[0][1:], row[1:], strict=True)) for name in names}
    return found


FROM_FILES = {("hyperliquid", "liquidations")}
"""What the guide offers and no venue answers: it is read from a node's own files."""

PROOF, OFFER = table("docs/venues.md", "contracts"), table("docs/howto/download.md", "candles")


@pytest.mark.parametrize("venue", PROOF)
def test_each_cell_says_captured_where_a_recorded_reply_is_read_and_documented_where_none_is(venue):
    offered = {source.kind for source in VENUES[venue]} | ({"liquidations"} if venue in FEEDS else set())
    for column, kind in KINDS.items():
        expected = "-" if kind not in offered else "captured" if (venue, kind) in CAPTURED else "documented"
        assert PROOF[venue][column] == expected, column
    assert PROOF[venue]["contracts"] == ("captured" if venue in {row[0] for row in CONTRACTS} else "documented")


@pytest.mark.parametrize("venue", OFFER)
def test_the_guide_offers_what_there_is_and_nothing_else(venue):
    offered = {source.kind for source in VENUES[venue]} | ({"liquidations"} if venue in FEEDS else set())
    offered |= {"liquidations"} if "liquidation_totals" in offered else set()
    for column, cell in OFFER[venue].items():
        assert (cell != "no") == (KINDS[column] in offered or (venue, KINDS[column]) in FROM_FILES), column


def test_both_pages_name_every_venue():
    assert set(OFFER) == set(VENUES)
    assert set(PROOF) == {venue for venue in VENUES if len(VENUES[venue]) > 1}
