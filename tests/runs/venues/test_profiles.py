"""What ships of the venues: dated, continuous, and equal to the tables that it quotes."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from datafeeds.symbols import contract_of
from indicators.liquidation.liquidation_price import isolated_price, leverage_allowed, tier_index
from runs.venues.instruments import tier_table
from runs.venues.profiles import listing, profiles_of, shipped_profiles, venue_names

PROJECT = Path(__file__).resolve().parents[3]
AMOUNTS = {  # maintenance amounts as the sources publish them: BinanceBot (2020), freqtrade (2024 to 2026)
    ("BTCUSDT", "2020-01-01"): [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300],
    ("BTCUSDT", "2024-10-24"): [
        0, 50, 950, 11_450, 131_450, 481_450, 2_981_450, 14_481_450, 26_481_450, 41_481_450, 121_481_450, 421_481_450,
    ],
    ("ETHUSDT", "2024-10-24"): [
        0, 50, 950, 11_450, 131_450, 381_450, 2_006_450, 9_506_450, 17_506_450, 27_506_450, 80_506_450, 280_506_450,
    ],
    ("BTCUSDT", "2026-03-30"): [0, 300, 1_500, 12_000, 132_000, 482_000, 2_982_000],
    ("SOLUSDT", "2026-03-30"): [0, 75, 1_475, 11_475, 31_475, 231_475],
}  # fmt: skip


def maintenance_margin(notional, tiers):
    rate, amount = tiers[tier_index(notional, tiers), 1:3]
    return rate * notional - amount


def instrument(venue, symbol, day):
    return listing(venue, contract_of(symbol)).at(datetime.date.fromisoformat(day))


@pytest.mark.parametrize(("symbol", "day"), AMOUNTS)
def test_amounts_follow_from_floors_and_rates_as_published(symbol, day):
    table = instrument("binance", symbol, day).tiers
    for row, amount in zip(table, AMOUNTS[symbol, day], strict=False):
        assert row[2] == pytest.approx(amount)


@pytest.mark.parametrize(
    ("symbol", "small", "large"),
    [
        ("XRPUSDT", 90.82, 92.33), ("DOGEUSDT", 90.74, 92.02), ("LINKUSDT", 91.12, 93.54), ("1000PEPEUSDT", 90.84, 91.79),
        ("TRBUSDT", 92.03, None), ("BTCUSDT", 90.40, 90.54),
    ],
)  # fmt: skip
def test_six_coins_are_liquidated_where_binances_brackets_of_october_2024_say(symbol, small, large):
    """Isolated long at 100 and 10x, of 100,000 and 2,000,000; None: Binance lets nothing be opened."""
    tiers = instrument("binance", symbol, "2024-10-24").tiers
    for notional, price in ((1e5, small), (2e6, large)):
        assert leverage_allowed(10.0, notional, tiers) == (price is not None)
        if price is not None:
            found = isolated_price(100.0, notional / 100.0, notional / 10.0, 1.0, tiers)
            assert round(found, 2) == price


@pytest.mark.parametrize(
    ("symbol", "notional", "most", "rate", "deduction"),
    [  # Hyperliquid docs, margin tiers: rate = 1 / (2 x largest leverage), deduction = floor x (rate - rate before)
        ("BTC", 1e6, 40, 0.0125, 0.0), ("BTC", 2e8, 20, 0.025, 1.875e6), ("SOL", 1e6, 20, 0.025, 0.0),
        ("SOL", 8e7, 10, 0.05, 1.75e6), ("XRP", 5e7, 10, 0.05, 1e6), ("DOGE", 1e6, 10, 0.05, 0.0), ("LINK", 3e7, 5, 0.1, 1e6),
        ("kPEPE", 3e7, 5, 0.1, 1e6),
    ],
)  # fmt: skip
def test_hyperliquids_margin_tiers(symbol, notional, most, rate, deduction):
    tiers = instrument("hyperliquid", symbol, "2026-01-01").tiers
    assert maintenance_margin(notional, tiers) == pytest.approx(rate * notional - deduction)
    assert leverage_allowed(most, notional, tiers)
    assert not leverage_allowed(most * 1.01, notional, tiers)


@pytest.mark.parametrize(
    ("notional", "rate", "most"), [(1e6, 0.005, 100), (3e6, 0.01, 57.14), (5e6, 0.015, 40)]
)  # Bybit, derivatives v3, risk limit of BTCUSDT
def test_bybits_risk_limits(notional, rate, most):
    tiers = instrument("bybit", "BTCUSDT", "2022-01-01").tiers
    row = tiers[tiers[:, 0] <= notional][-1]
    assert (row[1], row[3]) == (rate, most)


BYBIT = [  # Bybit, margin parameters of BTCUSDT: risk limit, largest leverage, maintenance margin rate in percent, deduction
    (2.0e6, 100, 0.50, 0), (2.6e6, 90, 0.56, 1_200), (3.2e6, 80, 0.63, 3_020), (3.8e6, 75, 0.67, 4_300), (4.4e6, 70, 0.71, 5_820),
    (5.0e6, 65, 0.77, 8_460), (5.6e6, 55, 0.91, 15_460), (8.5e6, 50, 1.0, 20_500), (10e6, 45, 1.3, 46_000),
    (14e6, 40, 1.5, 66_000), (20e6, 35, 1.6, 80_000), (28e6, 30, 2.0, 160_000), (38e6, 25, 2.5, 300_000),
    (50e6, 20, 2.9, 452_000), (55e6, 19, 3.0, 502_000), (60e6, 18, 3.5, 777_000), (65e6, 17, 3.6, 837_000),
    (70e6, 16, 3.8, 967_000), (75e6, 15, 4.0, 1_107_000), (80e6, 14, 4.5, 1_482_000),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "most", "percent", "deduction"), BYBIT)
def test_each_of_bybits_twenty_brackets_asks_for_its_margin(limit, most, percent, deduction):
    tiers = instrument("bybit", "BTCUSDT", "2026-01-01").tiers
    assert maintenance_margin(0.999 * limit, tiers) == pytest.approx(0.01 * percent * 0.999 * limit - deduction)
    assert leverage_allowed(most, 0.999 * limit, tiers)
    assert not leverage_allowed(most * 1.01, 0.999 * limit, tiers)


def test_dydx_asks_for_the_margins_of_its_indexer():
    tiers = instrument("dydx", "BTC-USD", "2025-08-01").tiers
    assert leverage_allowed(50.0, 1e5, tiers)
    assert maintenance_margin(1e5, tiers) == pytest.approx(1_200.0)


@pytest.mark.parametrize("name", venue_names())
def test_the_maintenance_margin_is_continuous(name):
    for coin in {coin for profile in shipped_profiles() if profile["venue"] == name for coin in profile["brackets"]}:
        for held in listing(name, contract_of(f"{coin}-USDT")).instruments:
            for floor in held.tiers[1:, 0]:
                below, above = (
                    maintenance_margin(notional, held.tiers) for notional in (np.nextafter(floor, 0.0), floor)
                )
                assert above == pytest.approx(below, rel=1e-9)


def test_each_figure_is_the_newest_not_later_than_the_day():
    held = listing("binance", contract_of("BTCUSDT"))
    assert held.at(datetime.date(2023, 6, 1)).on == datetime.date(2023, 4, 25)
    assert held.at(datetime.date(2025, 6, 1)).on == datetime.date(2024, 10, 24)
    assert held.at(datetime.date(2010, 1, 1)).on == datetime.date(2020, 1, 1)
    assert [held.at(datetime.date(year, 6, 1)).price_tick for year in (2021, 2022)] == [0.01, 0.1]
    assert [held.at(datetime.date(year, 6, 1)).taker_fee_bps for year in (2023, 2024)] == [4.0, 5.0]


def test_fees_differ_by_venue():
    fees = {name: listing(name, contract_of("BTCUSDT")).newest for name in venue_names()}
    names = ("taker_fee_bps", "maker_fee_bps", "liquidation_fee_rate", "liquidated_at")
    assert len({tuple(getattr(held, name) for name in names) for held in fees.values()}) == len(fees) == 5
    assert fees["bybit"].taker_fee_bps == 5.5
    assert fees["hyperliquid"].maker_fee_bps == 1.5


def test_what_stands_in_is_said():
    assert listing("binance", contract_of("XRPUSDT")).stand_ins == ()
    borrowed = listing("binance", contract_of("WIFUSDT"))
    assert (borrowed.newest.tiers == listing("binance", contract_of("BTCUSDT")).newest.tiers).all()
    assert borrowed.newest.price_tick == 0.0
    assert "the brackets of BTCUSDT stand in for WIFUSDT" in borrowed.stand_ins[0]
    assert "ETHUSDT stands in for ETHUSDC" in listing("binance", contract_of("ETHUSDC")).stand_ins[0]
    assert listing("hyperliquid", contract_of("ETHUSDC")).stand_ins == ()
    assert "--set symbol=" in listing("binance", None).stand_ins[0]
    assert (
        listing("okx", contract_of("BTCUSDT"))
        .stand_ins[0]
        .startswith("the lowest of okx's brackets stands in for those above")
    )
    days = datetime.date(2021, 1, 1), datetime.date(2021, 12, 31)
    assert listing("binance", contract_of("XRPUSDT")).between(*days).stand_ins == (
        "the brackets of 2022-05-01 stand in for those before",
    )


def test_an_unknown_venue_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'binance'"):
        listing("binanse", None)


def test_every_profile_names_its_source():
    assert all(profile["source"] for profile in shipped_profiles())


def test_a_bracket_without_leverage_allows_half_of_the_inverse_rate():
    assert tier_table([[0, 0.01]]).tolist() == [[0.0, 0.01, 0.0, 50.0]]


MINE = '[[profile]]\nvenue = "mine"\non = 2024-01-01\ntaker_fee_bps = 3\nmaker_fee_bps = -1\nliquidation_fee_rate = 0\n'


def test_a_users_venue_is_read_whatever_way_its_coins_are_written():
    own = profiles_of(MINE + "[profile.brackets]\nETHUSDT = [[0, 0.01, 60], [1e5, 0.02]]\n", "mine.toml")
    held = listing("mine", contract_of("ETH/USDC:USDC"), own).newest
    assert (held.taker_fee_bps, held.maker_fee_bps, held.symbol) == (3.0, -1.0, "ETHUSDC")
    assert held.tiers.tolist() == [[0.0, 0.01, 0.0, 60.0], [1e5, 0.02, 1_000.0, 25.0]]


def test_the_documented_file_is_a_venue():
    text = (PROJECT / "docs" / "instruments.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    held = listing("mine", contract_of("kPEPE"), profiles_of(text, "mine.toml"))
    assert [item.taker_fee_bps for item in held.instruments] == [4.0, 4.5]
    assert (held.newest.maker_fee_bps, held.newest.contract_step, held.newest.tiers[1, 3]) == (0.0, 1.0, 25.0)


def test_a_users_venue_says_what_stands_in_until_newer_brackets_say_nothing():
    older, newer = (MINE.replace("2024-01-01", day) + "price_tick = 1\n" for day in ("2023-01-01", "2024-01-01"))
    older += 'stand_in = "half of them are guessed"\n'
    rows = "[profile.contracts]\nBTC = { price_tick = 1 }\n[profile.brackets]\nBTC = [[0, 0.01]]\n"
    for text, said in ((older + rows, ("half of them are guessed",)), (older + rows + newer + rows, ())):
        assert listing("mine", contract_of("BTC"), profiles_of(text, "mine.toml")).stand_ins == said


def test_a_users_profile_is_laid_over_a_venue_that_ships():
    own = profiles_of('[[profile]]\nvenue = "bybit"\non = 2026-01-01\nmaker_fee_bps = -0.5\n', "mine.toml")
    held = listing("bybit", contract_of("BTCUSDT"), own)
    assert (held.newest.maker_fee_bps, held.newest.taker_fee_bps) == (-0.5, 5.5)
    assert held.at(datetime.date(2025, 1, 1)).maker_fee_bps == 2.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("venue = ", "is no TOML"),
        ('venue = "mine"', "holds no venue"),
        ("[[profile]]\ntaker_fee_bps = 1", "venue = a name is missing"),
        (MINE + "taker_fee = 1", "did you mean 'taker_fee_bps'"),
        (MINE + 'price_tick = "a"', "price_tick = 'a' is no number"),
        (MINE + "funding_interval_hours = 0", "funding_interval_hours = 0 is no number from 0.01"),
        (MINE + 'liquidated_at = "last"', "is none of mark price, bankruptcy price"),
        (MINE.replace("2024-01-01", '"today"'), "is no day"),
        (MINE + "[profile.brackets]\nBTC = []", "write rows"),
        (MINE + "[profile.brackets]\nBTC = [[1, 0.1]]", "must begin at 0"),
        (MINE + "[profile.brackets]\nBTC = [[0, 0.1], [10, 0.05]]", "rates must not fall"),
        (MINE + "[profile.brackets]\nBTC = [[0, 0.1, 10]]", "a leverage whose margin exceeds it"),
        (MINE + '[profile.contracts]\n"?" = { price_tick = 1 }', "is no coin"),
    ],
)
def test_a_wrong_profile_is_refused_in_one_line(text, said):
    with pytest.raises(ValueError, match=said) as refused:
        profiles_of(text, "mine.toml")
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("mine.toml")


def test_a_venue_without_fees_or_brackets_is_refused():
    with pytest.raises(ValueError, match="no brackets for BTCUSDT"):
        listing("mine", contract_of("BTCUSDT"), profiles_of(MINE, "mine.toml"))
    bare = profiles_of('[[profile]]\nvenue = "mine"\n[profile.brackets]\nBTC = [[0, 0.01]]\n', "mine.toml")
    with pytest.raises(ValueError, match="no profile tells taker_fee_bps"):
        listing("mine", contract_of("BTCUSDT"), bare)
