"""`runs.download --update`: every series goes on where its last answer ends, a line each."""

import json

import pytest

from datafeeds.catalog.importing import import_market
from datafeeds.catalog.store import Catalog
from datafeeds.series import Series
from datafeeds.simulated.market import simulate
from runs.download import main
from tests.datafeeds.catalog.samples import CANDLES, candles, equal, hours, liquidations
from tests.datafeeds.loopback.background import BackgroundVenue
from tests.datafeeds.loopback.truth import HOUR_MS, make_truth

TRUTH = make_truth(3, hours=400)
MARKET = ["--venue", "bybit", "--symbol", "BTC/USDT:USDT", "--start", "2024-06-01"]
KINDS = ("candles", "funding", "long_short_ratio", "mark", "open_interest")


@pytest.fixture
def venue():
    with BackgroundVenue("bybit", TRUTH) as server:
        yield server


def test_what_was_brought_in_two_steps_is_what_one_brings(venue, tmp_path, capsys):
    stepwise, whole = (["--url", venue.url, "--catalog", str(tmp_path / name)] for name in ("stepwise", "whole"))
    assert main([*MARKET, *whole]) == 0
    assert main([*MARKET, "--end", "2024-06-09T10:30", *stepwise]) == 0
    capsys.readouterr()
    assert main(["--update", *stepwise]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert [line.split(":USDT ")[1].split()[0].rstrip(":") for line in lines] == list(KINDS)
    assert lines[0].startswith("bybit BTC/USDT:USDT candles 1h: ")
    assert lines[0].endswith(" rows, to 2024-06-17 16:00")
    one, other = Catalog(tmp_path / "stepwise"), Catalog(tmp_path / "whole")
    assert one.series() == other.series()
    for series in other.series():
        assert equal(one.read(series, 0, 2**53), other.read(series, 0, 2**53))
        assert one.covered(series) == other.covered(series)
    venue.asked.clear()
    assert main(["--update", "--series", "candles", *stepwise]) == 0
    assert capsys.readouterr().out == "bybit BTC/USDT:USDT candles 1h: 0 rows, to 2024-06-17 16:00\n"
    assert venue.asked
    assert not any("kline" in str(asked) for asked in venue.asked)  # what is there is not asked for again


def test_a_series_goes_on_from_its_end_and_an_older_gap_stays_a_gap(venue, tmp_path):
    where = ["--series", "candles", "--url", venue.url, "--catalog", str(tmp_path)]
    for first, last in (("2024-06-01", "2024-06-03"), ("2024-06-05", "2024-06-06")):
        assert main([*MARKET[:-1], first, "--end", last, *where]) == 0
    assert main(["--update", *where]) == 0
    covered = Catalog(tmp_path).covered(Series("bybit", "BTC/USDT:USDT", "candles", "1h"))
    assert [(end - start) // HOUR_MS for start, end in covered] == [48, 400 - 96]


def test_each_series_that_stays_says_why(venue, tmp_path, capsys):
    where, catalog = ["--catalog", str(tmp_path)], Catalog(tmp_path)
    import_market(catalog, simulate(5, bars=100), "mine", "BTC/USDT:USDT")
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    catalog.keep(Series("bybit", "BTC/USDT:USDT", "liquidations"), liquidations([1, 2]))
    catalog.keep(Series("gate", "BTC/USDT:USDT", "liquidations"), liquidations([1, 2]))
    assert main(["--update", "--dry-run", *where]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["series"] == {"binance BTC/USDT:USDT candles 1h": "2024-01-01 04:00"}
    assert main(["--update", "--venue", "mine", "--series", "candles", *where]) == 0
    assert capsys.readouterr().out == (
        "mine BTC/USDT:USDT candles 1h: not updated, mine is no venue that can be asked\n"
    )
    assert "no source was asked for it" in plan["not_updated"]["gate BTC/USDT:USDT liquidations"]
    assert "bybit does not offer it" in plan["not_updated"]["bybit BTC/USDT:USDT liquidations"]
    assert main(["--update", "--venue", "mine", "--json", *where]) == 0
    assert all("not_updated" in one for one in json.loads(capsys.readouterr().out))


def test_a_contract_that_is_gone_ends_its_own_series_only(venue, tmp_path, capsys):
    where, catalog = ["--url", venue.url, "--catalog", str(tmp_path)], Catalog(tmp_path)
    assert main([*MARKET, "--end", "2024-06-03", "--series", "candles", *where]) == 0
    catalog.add(Series("bybit", "GONE/USDT:USDT", "candles", "1h"), candles(range(4)), [hours(0, 4)])
    capsys.readouterr()
    assert main(["--update", *where]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[1] == "bybit GONE/USDT:USDT candles 1h: 0 rows, to 2024-01-01 04:00, not finished"
    assert told.out.splitlines()[0].endswith("rows, to 2024-06-17 16:00")
    assert "error: bybit has no perpetual 'GONE/USDT:USDT'" in told.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--start", "2024-01-01"], "--update goes on where each series ends"),
        (["--follow", "positions"], "--update goes on where each series ends"),
        (["--again"], "--update goes on where each series ends"),
        (["--venue", "okx"], "holds no such series"),
        (["--url", "http://127.0.0.1:9"], "--url is one venue's"),
    ],
)
def test_what_does_not_go_with_an_update_is_one_line(arguments, reason, tmp_path, capsys):
    for name in ("binance", "bybit"):
        Catalog(tmp_path).add(Series(name, "BTC/USDT:USDT", "candles", "1h"), candles(range(4)), [hours(0, 4)])
    assert main(["--update", *arguments, "--catalog", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert reason in told.err
