"""Rows: what cannot be true is refused, and merging loses nothing."""

import numpy as np
import pytest

from datafeeds.catalog.rows import between, check_rows, merge, take
from datafeeds.errors import ReplyError
from datafeeds.series import Series
from tests.datafeeds.catalog.samples import (
    CANDLES,
    FUNDING,
    LIQUIDATIONS,
    START_MS,
    candles,
    equal,
    hours,
    liquidations,
)


def changed(rows, name, row, value):
    copy = {key: values.copy() for key, values in rows.items()}
    copy[name][row] = value
    return copy


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("open", np.nan, "no open"),
        ("close", np.inf, "infinite"),
        ("low", 0.0, "not above 0"),
        ("high", 1.0, "outside low..high"),
        ("low", 1000.0, "outside low..high"),
        ("volume", -1.0, "negative volume"),
        ("volume", np.nan, "no volume"),
        ("taker_buy_volume", 1e6, "above volume"),
        ("ts", START_MS + 3 * 3_600_000 + 1, "off the 1h grid"),
        ("ts", 5, "outside 2009"),
        ("known_at", START_MS, "known"),
    ],
)
def test_candles_that_cannot_be_true_are_refused(name, value, reason):
    rows = candles(range(6))
    check_rows(CANDLES, rows)
    with pytest.raises(ReplyError, match=reason):
        check_rows(CANDLES, changed(rows, name, 3, value))


def test_unknown_taker_volume_is_allowed():
    check_rows(CANDLES, changed(candles(range(4)), "taker_buy_volume", 2, np.nan))


def test_times_must_rise_but_liquidations_may_share_an_instant():
    rows = candles(range(4))
    with pytest.raises(ReplyError, match="do not rise"):
        check_rows(CANDLES, take(rows, np.array([0, 1, 1, 2])))
    check_rows(LIQUIDATIONS, liquidations([5, 5, 6]))
    with pytest.raises(ReplyError, match="do not rise"):
        check_rows(LIQUIDATIONS, take(liquidations([5, 6]), np.array([1, 0])))


@pytest.mark.parametrize(
    ("series", "values", "reason"),
    [
        (FUNDING, {"funding_rate": [1.5]}, "100 %"),
        (LIQUIDATIONS, {"side": [0.0], "price": [1.0], "size": [1.0]}, "neither"),
        (LIQUIDATIONS, {"side": [1.0], "price": [0.0], "size": [1.0]}, "not above 0"),
        (LIQUIDATIONS, {"side": [1.0], "price": [1.0], "size": [-1.0]}, "negative"),
        (Series("a", "b", "open_interest", "1h"), {"open_interest": [-2.0]}, "negative"),
    ],
)
def test_other_kinds_have_their_domains(series, values, reason):
    times = np.array([START_MS])
    rows = {"ts": times, "known_at": times, **{name: np.array(value) for name, value in values.items()}}
    with pytest.raises(ReplyError, match=reason):
        check_rows(series, rows)


def test_a_missing_column_a_wrong_type_and_unequal_lengths_are_refused():
    rows = candles(range(3))
    for broken in (
        {name: values for name, values in rows.items() if name != "low"},
        rows | {"extra": rows["low"]},
        rows | {"ts": rows["ts"].astype(float)},
        rows | {"open": rows["open"][:2]},
    ):
        with pytest.raises(ReplyError):
            check_rows(CANDLES, broken)


def test_the_newest_row_of_a_time_wins_and_keeps_what_it_does_not_know():
    old, new = candles(range(4), seed=1), candles(range(2, 6), seed=2)
    new["taker_buy_volume"][:] = np.nan
    merged = merge(CANDLES, old, new, [])
    assert merged["ts"].tolist() == candles(range(6))["ts"].tolist()
    assert merged["close"][2:].tolist() == new["close"].tolist()
    assert merged["taker_buy_volume"][2:4].tolist() == old["taker_buy_volume"][2:].tolist()
    assert np.isnan(merged["taker_buy_volume"][4:]).all()


def test_liquidations_of_an_answered_time_replace_the_old_ones_and_no_others():
    old, new = liquidations([1, 5, 5, 9], seed=1), liquidations([5, 6], seed=2)
    merged = merge(LIQUIDATIONS, old, new, [(START_MS + 5000, START_MS + 7000)])
    assert ((merged["ts"] - START_MS) // 1000).tolist() == [1, 5, 6, 9]
    assert equal(merge(LIQUIDATIONS, merged, new, [(START_MS + 5000, START_MS + 7000)]), merged)


def test_a_cut_holds_its_start_and_not_its_end():
    assert equal(between(candles(range(10)), *hours(3, 6)), candles(range(3, 6)))
