"""What a venue told of a contract is kept day by day, in the form in which a run reads it."""

import datetime

import pytest

from datafeeds.catalog.terms import keep_terms, profile_text, terms_file
from datafeeds.errors import MarketError
from datafeeds.symbols import contract_of
from runs.venues.profiles import listing, profiles_of

TOLD = {
    "venue": "bybit", "symbol": "SOL/USDT:USDT", "taker_fee_bps": 6.0, "maker_fee_bps": None, "price_tick": 0.01,
    "contract_step": 0.1, "smallest_notional": 5.0, "contract_size": 1.0, "brackets": [[0.0, 0.005, 100.0], [2e5, 0.01]],
}  # fmt: skip


def held(text):
    return listing("bybit", contract_of("SOLUSDT"), profiles_of(text, "terms.toml"))


def test_a_day_is_read_as_it_was_told_and_what_was_not_told_stays_as_it_ships():
    newest = held(profile_text(TOLD, "2026-11-30")).newest
    assert (newest.taker_fee_bps, newest.maker_fee_bps, newest.price_tick, newest.contract_step) == (
        6.0,
        2.0,
        0.01,
        0.1,
    )
    assert newest.tiers.tolist() == [[0.0, 0.005, 0.0, 100.0], [2e5, 0.01, 1_000.0, 50.0]]


def test_days_stand_beside_each_other_and_a_day_told_again_is_replaced(tmp_path):
    for day, fee in (("2026-11-28", 6.0), ("2026-11-30", 7.0), ("2026-11-30", 8.0)):
        file = keep_terms(tmp_path, TOLD | {"taker_fee_bps": fee}, day)
    assert file == terms_file(tmp_path, "bybit", "SOL/USDT:USDT")
    assert [path.name for path in file.parent.iterdir()] == ["terms.toml"]
    found = held(file.read_text())
    assert [found.at(datetime.date(2026, 11, day)).taker_fee_bps for day in (28, 29, 30)] == [6.0, 6.0, 8.0]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "bybit").write_text("a file")
    with pytest.raises(MarketError, match="cannot be written"):
        keep_terms(tmp_path, TOLD, "2026-11-30")
