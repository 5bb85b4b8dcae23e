"""Stamp conventions: a join that moves by one bar either way fails here."""

import numpy as np
import pytest

from datafeeds.availability import as_of
from datafeeds.errors import MarketError
from datafeeds.stamps import BINANCE_RELABELLED_MS, STAMPS, stood_at

FIVE_MINUTES = 300_000
START = 1_700_000_100_000 // FIVE_MINUTES * FIVE_MINUTES


def joined(venue, origin, stamps):
    """Open interest 1, 2, 3, ... at successive instants, stamped as the venue does, joined to 5-minute bars."""
    values = np.arange(1.0, len(stamps) + 1.0)
    known_at = stood_at(venue, origin, "open_interest", stamps, FIVE_MINUTES)
    opens = START + np.arange(4) * FIVE_MINUTES
    return as_of(known_at, values, opens + FIVE_MINUTES, FIVE_MINUTES).tolist()


@pytest.mark.parametrize("venue", ["bybit", "binance"])
def test_a_stamp_at_the_open_is_that_instant_so_a_bar_takes_the_row_stamped_at_its_close(venue):
    # rows stamped START, START + 5 min, ...: the bar that closes at START + 5 min knows the second one
    stamps = START + np.arange(6) * FIVE_MINUTES
    assert joined(venue, "api", stamps) == [2.0, 3.0, 4.0, 5.0]


def test_a_stamp_whose_snapshot_stands_at_the_close_is_known_a_period_later():
    # Gate's row stamped START stood at START + 5 min: the bar that closes there knows it, and not the next
    stamps = START + np.arange(6) * FIVE_MINUTES
    assert joined("gate", "api", stamps) == [1.0, 2.0, 3.0, 4.0]


def test_binances_archive_changed_its_labels_and_no_instant_is_lost_doubled_or_known_early():
    last = BINANCE_RELABELLED_MS
    before = last + np.arange(-3, 1) * FIVE_MINUTES  # the old files' labels: 23:45 .. 00:00 of the next day
    after = last + np.arange(0, 3) * FIVE_MINUTES  # the new files' labels begin with the same 00:00
    old = stood_at("binance", "archive", "open_interest", before[:-1], FIVE_MINUTES)
    new = stood_at("binance", "archive", "open_interest", after, FIVE_MINUTES)
    assert old.tolist() == before[:-1].tolist()
    assert new.tolist() == (after + FIVE_MINUTES).tolist()


def test_a_convention_that_is_not_listed_is_not_guessed():
    with pytest.raises(MarketError, match="not listed"):
        stood_at("hyperliquid", "api", "open_interest", np.array([0]), 1)


def test_every_convention_names_its_source():
    assert all(stamp.source and stamp.at in ("open", "close") for stamp in STAMPS)
