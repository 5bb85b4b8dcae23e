"""Foreign files: names, units, zones and labels, each rule with its number."""

import random

import numpy as np
import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.mapped_files.mapping import read_mapping
from datafeeds.mapped_files.read import read_foreign
from datafeeds.simulated.market import simulate
from tests.conftest import PROJECT

PLAIN = """
[columns]
ts = "Zeit"
open = "O"
high = "H"
low = "L"
close = "C"
volume = "V"
"""


@pytest.fixture(scope="module")
def market():
    return simulate(bars=60)


def foreign(market, tmp_path, change=None, mapping=PLAIN):
    names = {"ts": "Zeit", "open": "O", "high": "H", "low": "L", "close": "C", "volume": "V"}
    frame = market.frame[[*names, "open_interest", "funding_rate"]].rename(columns=names)
    if change:
        frame = change(frame)
    frame.to_csv(tmp_path / "foreign.csv", index=False)
    (tmp_path / "mapping.toml").write_text(mapping)
    return read_foreign(tmp_path / "foreign.csv", read_mapping(tmp_path / "mapping.toml"))


def test_plain_names_give_the_fingerprint_of_our_own(market, tmp_path):
    more = PLAIN + 'open_interest = "open_interest"\nfunding_rate = "funding_rate"\n'
    columns = ["ts", "open", "high", "low", "close", "volume", "open_interest", "funding_rate"]
    from datafeeds.schema import market_from_frame

    assert (
        foreign(market, tmp_path, mapping=more).fingerprint()
        == market_from_frame(market.frame[columns], "x").fingerprint()
    )


@pytest.mark.parametrize(
    ("unit", "size", "factor"),
    [
        ("base", None, lambda price: 1.0),
        ("contracts", 0.0001, lambda price: 0.0001),  # Gate BTC_USDT
        ("quote", None, lambda price: 1.0 / price),
        ("inverse contracts", 100.0, lambda price: 100.0 / price),  # Binance BTCUSD_PERP, OKX BTC-USD-SWAP
    ],
)
def test_each_unit_becomes_base_coin(market, tmp_path, unit, size, factor):
    text = PLAIN.replace('volume = "V"', f'volume = {{column = "V", unit = "{unit}"}}')
    text += f"[contract]\nsize = {size}\n" if size else ""
    read = foreign(market, tmp_path, mapping=text)
    expected = market.frame["volume"] * factor(market.frame["close"])
    assert np.allclose(read.frame["volume"], expected, rtol=1e-15)


def test_a_scale_turns_percent_into_rates(market, tmp_path):
    text = PLAIN + 'funding_rate = {column = "funding_rate", scale = 0.01}\n'
    rates = foreign(market, tmp_path, lambda f: f.assign(funding_rate=f["funding_rate"] * 100.0), text).frame[
        "funding_rate"
    ]
    assert np.allclose(rates.dropna(), market.frame["funding_rate"].dropna())


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_times_in_numbers_are_read_in_their_unit(market, tmp_path, unit, factor):
    seconds = market.times.astype("datetime64[s]").astype(np.int64)
    for text in (PLAIN, PLAIN + f'[time]\nunit = "{unit}"\n'):
        assert (
            foreign(market, tmp_path, lambda f: f.assign(Zeit=seconds * factor), text).times.tolist()
            == market.times.tolist()
        )


def test_a_bar_labelled_by_its_close_is_moved_to_its_open(market, tmp_path):
    later = market.frame["ts"] + pd.Timedelta(hours=1)
    read = foreign(market, tmp_path, lambda f: f.assign(Zeit=later), PLAIN + '[time]\nlabel = "close"\n')
    assert read.times.tolist() == market.times.tolist()


def test_open_interest_at_the_open_is_moved_to_the_close_and_not_over_a_gap(market, tmp_path):
    text = PLAIN + 'open_interest = "oi"\n[open_interest]\nstamp = "open"\n'

    def change(frame):
        return frame.assign(oi=np.arange(100.0, 160.0)).drop(index=[10])

    values = foreign(market, tmp_path, change, text).frame["open_interest"]
    # the row of hour t holds what stood at its open, so hour t's close is the next row's: 101, 102, ...
    assert values.iloc[:9].tolist() == [101.0 + hour for hour in range(9)]
    assert np.isnan(values.iloc[9])  # the next row is two hours on
    assert values.iloc[10] == 112.0
    assert np.isnan(values.iloc[-1])
    same = foreign(
        market, tmp_path, change, text.replace('"open"\n', '"close"\n').replace('open = "close"', 'open = "O"')
    )
    assert same.frame["open_interest"].iloc[0] == 100.0


def local(market, zone):
    return market.frame["ts"].dt.tz_convert(zone).dt.tz_localize(None).dt.strftime("%d.%m.%Y %H:%M")


def test_times_of_a_zone_and_a_pattern_become_utc(market, tmp_path):
    text = PLAIN + '[time]\nzone = "Asia/Kolkata"\nformat = "%d.%m.%Y %H:%M"\n'
    assert (
        foreign(market, tmp_path, lambda f: f.assign(Zeit=local(market, "Asia/Kolkata")), text).times.tolist()
        == market.times.tolist()
    )


@pytest.mark.parametrize("start", ["2024-03-30T12:00", "2024-10-26T12:00"])
def test_an_hour_that_a_zone_has_twice_or_never_is_refused(tmp_path, start):
    summer = simulate(bars=60, start=start)
    text = PLAIN + '[time]\nzone = "Europe/Berlin"\nformat = "%d.%m.%Y %H:%M"\n'
    plain = pd.Series(pd.date_range(start, periods=60, freq="h")).dt.strftime("%d.%m.%Y %H:%M")
    with pytest.raises(MarketError, match="clocks change"):
        foreign(summer, tmp_path, lambda f: f.assign(Zeit=plain), text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[columns\n", "is no TOML"),
        ("[column]\n", "did you mean columns"),
        (PLAIN.replace('volume = "V"', ""), "does not say where volume"),
        (PLAIN + 'volumes = "X"\n', "did you mean volume"),
        (PLAIN + 'funding_rate = {column = "f", unit = "quote"}\n', "is no size"),
        (PLAIN.replace('"V"', '{column = "V", unit = "kilos"}'), "must be one of base, contracts"),
        (PLAIN.replace('"V"', '{column = "V", unit = "contracts"}'), "size is needed"),
        (PLAIN.replace('"V"', '{column = "V", scale = -1}'), "above 0"),
        (PLAIN.replace('"V"', "3"), "must be a name"),
        (PLAIN + '[time]\nzone = "Atlantis/Capital"\n', "no time zone"),
        (PLAIN + '[time]\nlabel = "middle"\n', "must be one of open, close"),
        (PLAIN + "[contract]\nsize = 0\n", "above 0"),
        (PLAIN.replace('"V"', '"Volume"'), "no column 'Volume' for volume"),
        (PLAIN + '[time]\nunit = "iso"\nformat = 3\n', "must be a text"),
        (PLAIN + '[funding]\nevery = "3h"\n', "must be one of 1h, 2h, 4h, 8h"),
    ],
)
def test_what_a_mapping_gets_wrong_is_told_in_one_sentence(market, tmp_path, text, reason):
    with pytest.raises(MarketError, match=reason) as caught:
        foreign(market, tmp_path, mapping=text)
    assert "\n" not in str(caught.value)


def test_a_mapping_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MarketError, match="cannot be read"):
        read_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize("count", [600, pytest.param(3000, marks=pytest.mark.slow)])
def test_malformed_mappings_and_tables_give_a_market_or_a_typed_error(market, tmp_path, count):
    chance = random.Random(8)
    text = (
        PLAIN
        + 'open_interest = {column = "open_interest", unit = "quote"}\n[time]\nzone = "UTC"\nunit = "ms"\n[contract]\nsize = 2\n'
    )
    names = {"ts": "Zeit", "open": "O", "high": "H", "low": "L", "close": "C", "volume": "V"}
    table = market.frame[[*names, "open_interest"]].rename(columns=names).head(12)
    table["Zeit"] = market.times[:12].astype("datetime64[ms]").astype(np.int64)
    csv = table.to_csv(index=False)
    refused = 0
    for _ in range(count):
        parts = [bytearray(text.encode()), bytearray(csv.encode())]
        broken = chance.choice(parts)
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(broken))
            broken[at : at + chance.randrange(3)] = chance.choice(
                [b"", b'"', b",", b"\n", b"nan", b"-", b"9" * 20, b"\xff", b"=", b"["]
            )
        (tmp_path / "m.toml").write_bytes(parts[0])
        (tmp_path / "f.csv").write_bytes(parts[1])
        try:
            read_foreign(tmp_path / "f.csv", read_mapping(tmp_path / "m.toml"))
        except MarketError as error:
            refused += 1
            assert "\n" not in str(error)  # noqa: PT017 - any of many sentences
    assert refused > count / 3


def test_the_documented_examples_are_mappings(tmp_path):
    pieces = (PROJECT / "docs" / "mapping.md").read_text().split("```toml\n")[1:]
    assert len(pieces) >= 2
    for piece in pieces:
        (tmp_path / "m.toml").write_text(piece.partition("```")[0])
        read_mapping(tmp_path / "m.toml")


def test_rates_that_are_filled_forward_are_kept_where_they_settle(market, tmp_path):
    text = PLAIN + 'funding_rate = "funding_rate"\n[funding]\nevery = "8h"\n'
    read = foreign(market, tmp_path, lambda frame: frame.assign(funding_rate=frame["funding_rate"].ffill()), text)
    pd.testing.assert_series_equal(read.frame["funding_rate"], market.frame["funding_rate"])
