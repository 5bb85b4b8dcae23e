"""Universes from names and files: what is read, what is left out, and what is refused in one line."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.markets import open_market
from datafeeds.resampling import resample
from datafeeds.schema import canonical_table
from datafeeds.simulated.market import simulate
from datafeeds.universe.file import read_universe
from datafeeds.universe.notes import SURVIVORS
from datafeeds.universe.reading import open_universe
from tests.datafeeds.catalog.samples import CANDLES, HOUR_MS, START_MS, candles


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four simulated markets as files; the third and the fourth have quarter hours."""
    root = tmp_path_factory.mktemp("files")
    for number, bar_seconds in ((1, 3600), (2, 3600), (3, 900), (4, 900)):
        hours = 96 if number < 3 else 384
        market = simulate(seed=number, bars=hours, bar_seconds=bar_seconds)
        canonical_table(market).to_parquet(root / f"COIN{number}USDT.parquet", index=False)
    return root


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """A venue with a market of 200 hours, one of the first 50, one of the last 140, a dated future and a spot pair."""
    store = Catalog(tmp_path_factory.mktemp("catalog"))
    listed = {"BTC/USDT:USDT": range(200), "LUNA/USDT:USDT": range(50), "NEW/USDT:USDT": range(60, 200)}
    listed |= {"ETH/USDT:USDT-240628": range(99), "ETH/USDT": range(99)}
    for seed, (symbol, hours) in enumerate(listed.items()):
        span = [(START_MS, START_MS + 200 * HOUR_MS)]
        store.add(replace(CANDLES, symbol=symbol), candles(hours, seed=seed), span)
    for seed, symbol in ((9, "BTC/USDT:USDT"), (10, "ETH/USD:ETH")):
        series = replace(CANDLES, venue="bybit", symbol=symbol)
        store.add(series, candles(range(99), seed=seed), [(START_MS, START_MS + 99 * HOUR_MS)])
    return store.root


def test_a_universe_of_one_file_holds_just_its_bars(folder):
    data = str(folder / "COIN1USDT.parquet")
    universe = open_universe([data])
    market = open_market(data)
    assert universe.markets[0].market.fingerprint() == market.fingerprint()
    assert np.array_equal(universe.times, market.times.astype("datetime64[ms]"))
    assert universe.rows[:, 0].tolist() == list(range(len(market)))
    assert (universe.markets[0].first, universe.markets[0].last) == (0, len(market))


def test_shorter_bars_become_the_longest_in_any_order_of_listing(folder):
    names = [str(folder / f"COIN{number}USDT.parquet") for number in (1, 2, 3, 4)]
    prints = set()
    for order in (names, names[::-1]):
        universe = open_universe(order)
        prints.add((universe.fingerprint(), universe.notes))
    assert len(prints) == 1
    assert universe.bar_seconds == 3600
    expected = resample(open_market(names[2]), 3600).fingerprint()
    assert universe.markets[2].market.fingerprint() == expected
    shorter = f"{universe.names[2]} (15m), {universe.names[3]} (15m)"
    assert universe.notes[0] == f"all bars are those of the longest, 1h; resampled: {shorter}"


def test_all_perpetuals_of_a_venue_in_the_catalog(catalog):
    universe = open_universe(["catalog:binance:1h"], catalog=catalog)
    assert universe.names == ("binance_1h/BTCUSDT", "binance_1h/LUNAUSDT", "binance_1h/NEWUSDT")
    assert universe.delisted.tolist() == [False, True, False]
    assert SURVIVORS not in universe.notes
    single = open_universe([f"binance:{coin}/USDT:USDT:1h" for coin in ("NEW", "BTC", "LUNA")], catalog=catalog)
    assert single.fingerprint() == universe.fingerprint()


def test_smaller_bars_in_the_catalog_make_a_selection(catalog):
    universe = open_universe(["catalog:binance:4h"], catalog=catalog)
    assert universe.bar_seconds == 4 * 3600
    assert len(universe) == 3


@pytest.mark.parametrize("chosen", [{"start": "2024-01-05"}, {"start": "2024-01-03", "timeframe": "12h"}])
def test_what_a_selection_names_but_has_no_bars_is_left_out_and_named(catalog, chosen):
    universe = open_universe(["catalog:binance:1h"], catalog=catalog, **chosen)
    assert universe.names == ("binance_1h/BTCUSDT", "binance_1h/NEWUSDT")
    assert "without bars to trade in this range, left out: binance:LUNA/USDT:USDT:1h" in universe.notes
    assert SURVIVORS in universe.notes
    with pytest.raises(MarketError, match="LUNA"):
        open_universe(["binance:BTC/USDT:USDT:1h", "binance:LUNA/USDT:USDT:1h"], catalog=catalog, **chosen)


def test_what_is_settled_in_its_coin_is_left_out_of_a_selection_and_named(catalog):
    universe = open_universe(["catalog:bybit:1h"], catalog=catalog)
    assert universe.names == ("bybit_1h/BTCUSDT",)
    assert "left out: bybit:ETH/USD:ETH:1h" in universe.notes[0]
    assert len(open_universe(["bybit:ETH/USD:ETH:1h"], catalog=catalog)) == 1  # the account says what it cannot trade


def test_the_order_of_selections_changes_no_note(catalog):
    orders = ["catalog:binance:1h", "catalog:bybit:1h"], ["catalog:bybit:1h", "catalog:binance:1h"]
    notes = [open_universe(order, start="2024-01-06", catalog=catalog).notes for order in orders]
    assert notes[0] == notes[1]
    assert "left out: binance:LUNA/USDT:USDT:1h, bybit:BTC/USDT:USDT:1h" in notes[0][1]


def test_two_dollars_are_counted_as_one_and_named(folder):
    (folder / "BTC-USDC-SWAP.parquet").write_bytes((folder / "COIN2USDT.parquet").read_bytes())
    (folder / "prices.parquet").write_bytes((folder / "COIN3USDT.parquet").read_bytes())
    files = [str(folder / f"{name}.parquet") for name in ("COIN1USDT", "BTC-USDC-SWAP", "prices")]
    notes = "\n".join(open_universe(files[:2]).notes)
    assert "prices in USDC and USDT are counted as one currency, one for one" in notes
    assert "the name does not tell the currency, USDT is assumed" in "\n".join(open_universe(files[::2]).notes)
    assert "currency" not in "\n".join(open_universe(files[2:]).notes)


def test_a_file_says_dates_and_weights(folder):
    (folder / "two.toml").write_text(
        '[[market]]\ndata = "COIN2USDT.parquet"\nfrom = 2024-01-02\nuntil = 2024-01-03T12:00:00\nweight = 2\n'
        '[[market]]\ndata = "COIN1USDT.parquet"\nuntil = "2024-01-04 02:00+02:00"\n'
    )
    one, two = read_universe(folder / "two.toml").markets
    assert (one.first, one.last, one.weight) == (0, 72, 1.0)
    assert (two.first, two.last, two.weight) == (24, 60, 2.0)
    assert len(two.market) == 96  # its bars outside still fill the map


def test_a_file_may_name_a_selection_with_dates_for_all(folder, catalog):
    (folder / "all.toml").write_text('[[market]]\ndata = "catalog:binance:1h"\nfrom = 2024-01-04\nweight = 3.0\n')
    universe = read_universe(folder / "all.toml", catalog=catalog)
    assert universe.names == ("binance_1h/BTCUSDT", "binance_1h/NEWUSDT")  # LUNA has ended before
    assert [each.weight for each in universe.markets] == [3.0, 3.0]
    assert universe.times[universe.rows[:, 1].argmax()] > np.datetime64("2024-01-04")
    assert [each.first for each in universe.markets] == [72, 12]


def test_a_mapping_is_the_files_and_not_the_catalogs(folder, catalog):
    names = [str(folder / "COIN1USDT.parquet"), "binance:BTC/USDT:USDT:1h"]
    preset = "preset:bybit"
    assert len(open_universe(names, mapping=preset, catalog=catalog)) == 2
    with pytest.raises(MarketError, match="needs none"):
        open_universe(names[1:], mapping=preset, catalog=catalog)
    with pytest.raises(MarketError, match="needs none"):
        open_universe(["catalog:binance:1h"], mapping=preset, catalog=catalog)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it lists no market"),
        ("[market]\ndata = 'x'\n", "it lists no market"),
        ("[[markets]]\ndata = 'x'\n", "unknown table 'markets'; did you mean market?"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nuntill = 2024-01-02\n", "unknown key of market 1 'untill'; did you mean until?"),
        ("[[market]]\nfrom = 2024-01-02\n", "market 1: data = "),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\n[[market]]\ndata = 'COIN1USDT.parquet'\n", "two markets are called"),
        ("[[market]]\ndata = 'COIN9USDT.parquet'\n", "COIN9USDT.parquet"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nfrom = 2024\n", "market 1: from = 2024 is no day"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nfrom = 'soon'\n", "market 1: from = soon is no day"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nfrom = 07:30:00\n", "market 1: from = 07:30:00 is no day"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nfrom = 2024-01-03\nuntil = 2024-01-02\n", "is no bar to trade"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nweight = 0\n", "market 1: weight = 0 must be"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nweight = nan\n", "market 1: weight = nan must be"),
        ("[[market]]\ndata = 'COIN1USDT.parquet'\nmapping = 3\n", "market 1: mapping = 3 must be a text"),
        ("market = [", "is no TOML"),
        (f"[[market]]\ndata = '{'a' * 5000}'\n", "aaa: no such file"),
        ('[[market]]\ndata = "a\\u0000b"\n', "no such file"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_refused_in_one_line(folder, text, said):
    (folder / "bad.toml").write_text(text)
    with pytest.raises(MarketError) as refused:
        read_universe(folder / "bad.toml")
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{folder / 'bad.toml'}: ")
    assert "\n" not in str(refused.value)


def test_names_that_make_no_universe_are_refused_in_one_line(folder, catalog):
    coin = str(folder / "COIN1USDT.parquet")
    frame = pd.read_parquet(coin)
    folder.joinpath("copy").mkdir(exist_ok=True)
    frame.iloc[10:80].to_csv(folder / "copy/OTHER.csv", index=False)
    frame.assign(ts=pd.date_range("2020-01-01", periods=96, freq="h", tz="UTC")).to_csv(
        folder / "copy/OLD.csv", index=False
    )
    every_40 = frame.assign(ts=pd.date_range("2024-01-01", periods=96, freq="40min", tz="UTC"))
    every_40.to_csv(folder / "copy/ODD.csv", index=False)
    for names, said in (
        ([], "the universe is empty"),
        ([coin, coin], "two markets are called"),
        ([coin, str(folder / "copy/OTHER.csv")], "are one market"),
        ([coin, str(folder / "copy/OLD.csv")], "choose markets whose ranges overlap"),
        ([coin, str(folder / "copy/ODD.csv")], "bars of 40m, of which the 1h of"),
        (["catalog:okx:1h"], "no perpetual of okx with bars of 1h .it has binance 1h and bybit 1h"),
        (["catalog:binance:30m"], "no perpetual of binance with bars of 30m"),
        (["catalog:binance:hour"], "cannot read the timeframe"),
        (["catalog:binance:1h", "binance:BTC/USDT:USDT:1h"], "two markets are called binance_1h/BTCUSDT"),
        (["binance:BTC/USDT:USDT:1h", "binance:BTC/USDT:USDT:4h"], "two markets are called binance_1h/BTCUSDT"),
    ):
        with pytest.raises(MarketError, match=said) as refused:
            open_universe(names, catalog=catalog)
        assert "\n" not in str(refused.value)
    with pytest.raises(MarketError, match="the universe is empty"):
        open_universe(["catalog:binance:1h"], start="2025-01-01", catalog=catalog)


def test_real_markets_of_two_venues_make_one_universe(market_data):
    names = [f"{venue}_1h/{coin}USDT" for venue in ("binance", "bybit") for coin in ("BTC", "ETH")]
    universe = open_universe([str(market_data / f"{name}.parquet") for name in names])
    assert list(universe.names) == names
    assert SURVIVORS in universe.notes
    for column, each in enumerate(universe.markets):
        there = universe.rows[:, column] >= 0
        assert np.array_equal(universe.times[there], each.market.times.astype("datetime64[ms]"))
