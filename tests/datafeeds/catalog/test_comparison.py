"""Candles against those made of smaller ones: equal ones are counted, what differs or cannot be told is not."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.catalog.comparison import compare_candles
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.store import Catalog
from datafeeds.series import Series
from tests.datafeeds.catalog.samples import CANDLES, HOUR_MS, START_MS, candles, hours

LARGE = Series("binance", "BTC/USDT:USDT", "candles", "4h")
HOURS = candles(range(792))
COLUMNS = ["open", "high", "low", "close", "volume", "taker_buy_volume"]


def made(small, hours_each=4):
    """Larger candles by pandas, of whole groups alone."""
    frame = pd.DataFrame(small).set_index(pd.to_datetime(small["ts"], unit="ms"))
    groups = frame.resample(f"{hours_each}h")
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "taker_buy_volume": "sum"}
    table = groups.agg(rule)[groups["open"].count() == hours_each]
    ts = table.index.as_unit("ms").astype(np.int64).to_numpy()
    return {
        "ts": ts,
        "known_at": ts + hours_each * HOUR_MS,
        **{name: table[name].to_numpy(copy=True) for name in COLUMNS},
    }


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def stored(catalog, absent=None, change=None):
    """Thirty-three days of both, over the end of a month."""
    catalog.add(CANDLES, {name: np.delete(values, absent or []) for name, values in HOURS.items()}, [hours(0, 792)])
    large = made(HOURS)
    if change:
        change(large)
    catalog.add(LARGE, large, [hours(0, 792)])
    return compare_candles(catalog, LARGE)


def test_candles_that_equal_those_of_pandas_are_all_counted(catalog):
    found = stored(catalog)
    assert (found.smaller, found.rows, len(found.differing)) == ("1h", 198, 0)


def test_a_candle_without_all_its_parts_is_not_compared(catalog):
    found = stored(catalog, absent=[5, 700])
    assert (found.rows, len(found.differing)) == (196, 0)


@pytest.mark.parametrize("column", COLUMNS)
def test_one_value_that_differs_is_found_in_its_column_and_row(catalog, column):
    def change(large):
        large[column][100] *= 0.998 if column in ("low", "taker_buy_volume") else 1.002

    found = stored(catalog, change=change)
    assert found.differing.tolist() == [START_MS + 400 * HOUR_MS]
    assert found.columns == (column,)


def test_a_sum_of_rounded_volumes_does_not_differ(catalog):
    def rounded(large):
        large["volume"] = np.round(large["volume"], 2)

    assert len(stored(catalog, change=rounded).differing) == 0


def test_purchases_of_takers_that_one_of_both_does_not_know_do_not_differ(catalog):
    def unknown(large):
        large["taker_buy_volume"][:] = np.nan

    found = stored(catalog, change=unknown)
    assert (found.rows, len(found.differing)) == (198, 0)


def test_the_smallest_candles_are_compared_with_nothing_and_others_with_the_next_that_fits(catalog):
    stored(catalog)
    daily = made(HOURS, 24)
    catalog.add(Series("binance", "BTC/USDT:USDT", "candles", "1d"), daily, [hours(0, 792)])
    six = made(HOURS, 6)
    catalog.add(Series("binance", "BTC/USDT:USDT", "candles", "6h"), six, [hours(0, 792)])
    compared = {held.series.timeframe: held.compared for held in inventory(catalog, check=True)}
    assert compared["1h"] is None
    assert {name: compared[name].smaller for name in ("4h", "6h", "1d")} == {"4h": "1h", "6h": "1h", "1d": "6h"}
    assert compared["1d"].rows == 33


def test_a_difference_is_a_defect_with_what_mends_it(catalog):
    stored(catalog, change=lambda large: large["close"].__setitem__(7, large["low"][7]))
    (large,) = [held for held in inventory(catalog, check=True) if held.series == LARGE]
    assert large.defects == (
        "binance BTC/USDT:USDT candles 4h: 1 of 198 rows differ from those made of 1h, the first at 2024-01-02 04:00 (close); "
        "download both again with --again",
    )
    assert all(not held.defects for held in inventory(catalog))
