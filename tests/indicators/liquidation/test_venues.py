"""Venue profiles: dated, continuous, and equal to the tables they quote."""

import datetime

import numpy as np
import pytest

from indicators.liquidation.liquidation_price import maintenance_margin
from indicators.liquidation.venues import tier_table, venue, venue_names

AMOUNTS = {  # Binance's maintenance amounts as kept by BinanceBot (2020), freqtrade (2024) and HydraQuant (2026)
    ("BTCUSDT", "2020-01-01"): [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300],
    ("BTCUSDT", "2024-10-24"): [
        0, 50, 950, 11_450, 131_450, 481_450, 2_981_450, 14_481_450, 26_481_450, 41_481_450, 121_481_450, 421_481_450,
    ],
    ("ETHUSDT", "2024-10-24"): [
        0, 50, 950, 11_450, 131_450, 381_450, 2_006_450, 9_506_450, 17_506_450, 27_506_450, 80_506_450, 280_506_450,
    ],
    ("BTCUSDT", "2026-03-05"): [0, 300, 1_500, 12_000, 132_000, 482_000, 2_982_000, None, None, None, None, 421_482_000],
    ("ETHUSDT", "2026-03-05"): [0, 300, 1_500, 12_000, 132_000, 382_000, 2_007_000, 9_507_000, None, None, None, 280_507_000],
    ("SOLUSDT", "2026-03-05"): [0, 75, 1_475, 11_475, 31_475, 231_475],
}  # fmt: skip


@pytest.mark.parametrize(("symbol", "date"), AMOUNTS)
def test_amounts_follow_from_floors_and_rates_as_published(symbol, date):
    table = venue("binance", symbol, datetime.date.fromisoformat(date)).tiers
    for row, amount in zip(table, AMOUNTS[symbol, date], strict=True):
        if amount is not None:
            assert row[2] == pytest.approx(amount)


@pytest.mark.parametrize("name", venue_names())
def test_the_maintenance_margin_is_continuous(name):
    table = venue(name).tiers
    for floor in table[1:, 0]:
        below, above = maintenance_margin(np.nextafter(floor, 0.0), table), maintenance_margin(floor, table)
        assert above == pytest.approx(below, rel=1e-9)


def test_hyperliquids_deduction():
    assert venue("hyperliquid").tiers[1, 2] == pytest.approx(1_875_000.0)


def test_the_newest_figures_not_later_than_the_date_count():
    assert venue("binance", on=datetime.date(2023, 6, 1)).on == datetime.date(2020, 1, 1)
    assert venue("binance", on=datetime.date(2025, 6, 1)).on == datetime.date(2024, 10, 24)
    assert venue("binance").on == datetime.date(2026, 3, 5)
    assert venue("binance", on=datetime.date(2010, 1, 1)).on == datetime.date(2020, 1, 1)


def test_a_symbol_without_a_table_borrows_bitcoins_and_says_so():
    profile = venue("binance", "DOGEUSDT")
    assert profile.symbol_assumed
    assert (profile.tiers == venue("binance", "BTCUSDT").tiers).all()


def test_an_unknown_venue_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'binance'"):
        venue("binanse")


def test_every_profile_names_its_source():
    for name in venue_names():
        assert venue(name).source


def test_tier_table_of_one_row():
    assert tier_table([[0, 0.01]]).tolist() == [[0.0, 0.01, 0.0]]
