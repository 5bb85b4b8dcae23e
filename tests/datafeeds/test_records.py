"""What is refused of position snapshots and liquidations, and what they are read as."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.records import LIQUIDATIONS, POSITIONS, read_records


def positions(**columns):
    made = {
        "ts": pd.to_datetime(["2026-02-03 12:00", "2026-02-03 12:00", "2026-02-03 18:00"], utc=True),
        "account": [7, 8, 7],
        "coin": "BTC",
        "side": ["long", "short", "long"],
        "size": [1.0, 2.0, 1.0],
        "entry_price": 100.0,
        "leverage": 10.0,
        "liquidation_price": [90.0, np.nan, 91.0],
        "account_value_usd": [1000.0, -5.0, 0.0],
        "mark_price": 101.0,
    }
    return pd.DataFrame(made | columns)


def orders(**columns):
    made = {
        "ts": pd.to_datetime(["2025-01-27 16:00:01", "2025-01-27 16:00:01"], utc=True),
        "symbol": ["BTC", "ETHUSDT"],
        "side": ["long", "short"],
        "size": [1.0, 2.0],
        "price_bankrupt": [99.0, 3100.0],
        "price_avg": [99.5, np.nan],
        "filled": [1.0, 2.0],
    }
    return pd.DataFrame(made | columns)


REFUSED = {
    "no row": (positions().iloc[:0], POSITIONS, "no row of position snapshots"),
    "missing column": (positions().drop(columns="mark_price"), POSITIONS, "position snapshots lack column mark_price"),
    "of another kind": (orders(), POSITIONS, "position snapshots lack column account, coin"),
    "column named twice": (
        pd.concat([orders(), orders()[["size"]]], axis=1), LIQUIDATIONS, "2 columns are called 'size'"
    ),
    "no side": (positions(side=["long", "sell", "long"]), POSITIONS, "side is no side at 2026-02-03 12:00 .row 1; 1 rows"),
    "no account": (positions(account=[7, None, 7]), POSITIONS, "account is missing"),
    "no size": (orders(size=[1.0, np.nan]), LIQUIDATIONS, "size is missing"),
    "no such size": (orders(size=[1.0, 0.0]), LIQUIDATIONS, "size is not positive"),
    "infinite": (positions(account_value_usd=[1.0, np.inf, 1.0]), POSITIONS, "account_value_usd is infinite"),
    "text for a number": (orders(filled=["1", "x"]), LIQUIDATIONS, "column filled holds 'x'"),
    "no time": (orders(ts=[pd.Timestamp("2025-01-27"), pd.NaT]), LIQUIDATIONS, "ts has no time in row 1"),
    "twice": (positions(ts=pd.Timestamp("2026-02-03", tz="UTC")), POSITIONS, "the same position twice"),
    "a long above the mark": (
        positions(liquidation_price=[90.0, np.nan, 101.0]), POSITIONS, "mark has passed a liquidation price at 2026-02-03 18:00"
    ),
    "a short below the mark": (positions(liquidation_price=[90.0, 90.0, np.nan]), POSITIONS, "mark has passed"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_believed_is_refused_in_one_sentence(name):
    bad, schema, sentence = REFUSED[name]
    with pytest.raises(MarketError, match=sentence) as caught:
        read_records(bad, schema)
    assert "\n" not in str(caught.value)


def test_what_may_be_unknown_stays_so_and_the_table_given_is_left_as_it_is():
    given = positions()
    found = read_records(given, POSITIONS)
    assert tuple(found.columns) == POSITIONS.columns
    assert np.isnan(found["liquidation_price"][1])
    assert found["account"].tolist() == ["7", "8", "7"]
    assert given.equals(positions())
    assert np.isnan(read_records(orders(), LIQUIDATIONS)["price_avg"][1])


def test_rows_come_in_the_order_of_time_and_other_columns_are_ignored():
    found = read_records(positions(venue="hl").iloc[::-1], POSITIONS)
    assert found["ts"].is_monotonic_increasing
    assert "venue" not in found


@pytest.mark.parametrize(("made", "schema"), [(positions(), POSITIONS), (orders(), LIQUIDATIONS)])
def test_a_file_of_either_kind_says_what_the_table_says(made, schema, tmp_path):
    made.to_parquet(tmp_path / "a.parquet")
    made.to_csv(tmp_path / "a.csv", index=False)
    for name in ("a.parquet", "a.csv"):
        pd.testing.assert_frame_equal(read_records(tmp_path / name, schema), read_records(made, schema))


def test_a_bad_file_names_itself(tmp_path):
    orders(size=0.0).to_csv(tmp_path / "orders.csv", index=False)
    with pytest.raises(MarketError, match=r"orders\.csv: size is not positive"):
        read_records(tmp_path / "orders.csv", LIQUIDATIONS)


def test_the_real_files_are_read_whole(market_data):
    positions = read_records(market_data / "hyperliquid_positions" / "positions.parquet", POSITIONS)
    assert len(positions) == 63_288
    assert positions["liquidation_price"].isna().sum() == 12_878
    assert len(read_records(market_data / "binance_liquidation_orders" / "orders.parquet", LIQUIDATIONS)) == 5879
