"""Rows: what cannot be true is refused, and merging loses nothing."""

import numpy as np
import pytest

from datafeeds.catalog.rows import between, check_rows, complete, merge, take
from datafeeds.errors import ReplyError
from datafeeds.series import Series
from tests.datafeeds.catalog.samples import (
    CANDLES,
    FUNDING,
    LIQUIDATIONS,
    POSITIONS,
    START_MS,
    candles,
    equal,
    hours,
    liquidations,
    positions,
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
        (LIQUIDATIONS, {"side": [0.0], "price": [1.0], "size": [1.0]}, "side that is neither"),
        (LIQUIDATIONS, {"side": [1.0], "size": [1.0]}, "neither price nor limit_price"),
        (LIQUIDATIONS, {"side": [1.0], "size": [1.0], "limit_price": [0.0]}, "not above 0"),
        (LIQUIDATIONS, {"side": [1.0], "price": [0.0], "size": [1.0]}, "not above 0"),
        (LIQUIDATIONS, {"side": [1.0], "price": [1.0], "size": [-1.0]}, "negative"),
        (Series("a", "b", "open_interest", "1h"), {"open_interest": [-2.0]}, "negative"),
    ],
)
def test_other_kinds_have_their_domains(series, values, reason):
    times = np.array([START_MS])
    rows = complete(
        series, {"ts": times, "known_at": times, **{name: np.array(value) for name, value in values.items()}}
    )
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
    merged = merge(CANDLES, old, new)
    assert merged["ts"].tolist() == candles(range(6))["ts"].tolist()
    assert merged["close"][2:].tolist() == new["close"].tolist()
    assert merged["taker_buy_volume"][2:4].tolist() == old["taker_buy_volume"][2:].tolist()
    assert np.isnan(merged["taker_buy_volume"][4:]).all()


def test_records_are_only_ever_added_and_each_once():
    old, new = liquidations([1, 5, 5, 9], seed=1), liquidations([5, 6], seed=2)
    merged = merge(LIQUIDATIONS, old, new)
    assert ((merged["ts"] - START_MS) // 1000).tolist() == [1, 5, 5, 5, 6, 9]
    for again in (old, new, merged):
        assert equal(merge(LIQUIDATIONS, merged, again), merged)
    assert equal(merge(LIQUIDATIONS, new, old), merged)


def test_records_alike_in_time_side_size_and_price_are_as_many_as_one_source_tells():
    one = take(liquidations([5, 5]), np.array([0, 0]))
    one["entry_price"] = np.array([111.0, 112.0])
    twice = merge(LIQUIDATIONS, one, one)
    assert twice["entry_price"].tolist() == [111.0, 112.0]
    assert len(merge(LIQUIDATIONS, one, take(one, slice(0, 1)))["ts"]) == 2


def test_a_record_learns_what_it_did_not_know_and_keeps_when_it_was_known():
    known = liquidations([1, 5, 9])
    vague = known | {name: np.full(3, np.nan) for name in ("limit_price", "entry_price")}
    late = known | {"known_at": known["known_at"] + 50}
    for first, second in ((vague, late), (known, vague | {"known_at": late["known_at"]})):
        assert equal(merge(LIQUIDATIONS, first, second), known)


def test_a_stored_position_is_never_changed_and_nobody_has_two_in_a_snapshot():
    old = positions([0, 60], ["a", "bb"])
    assert equal(merge(POSITIONS, take(old, slice(0, 2)), take(old, slice(2, 4))), old)
    with pytest.raises(ReplyError, match="another size than is stored"):
        merge(POSITIONS, old, changed(old, "size", 1, 77.0))
    with pytest.raises(ReplyError, match="the same account and coin twice"):
        check_rows(POSITIONS, take(old, np.array([0, 0, 1])))
    with pytest.raises(ReplyError, match="account is empty"):
        check_rows(POSITIONS, changed(old, "account", 2, ""))


def test_a_cut_holds_its_start_and_not_its_end():
    assert equal(between(candles(range(10)), *hours(3, 6)), candles(range(3, 6)))
