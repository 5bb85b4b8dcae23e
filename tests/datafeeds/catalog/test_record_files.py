"""Files of single liquidations and of positions: into the catalog, out of it, and the same again."""

import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.record_files import (
    RECORD_SCHEMAS,
    export_records,
    import_records,
    record_kind,
    unified_symbol,
    write_table,
)
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.records import LIQUIDATIONS, read_records
from tests.conftest import PROJECT
from tests.datafeeds.test_records import orders, positions

ALL = (0, 2**53)
MADE = {"liquidations": orders, "positions": positions}


def ordered(frame, columns):
    keys = [name for name in ("ts", "coin", "account", "side", "size", "price_bankrupt") if name in columns]
    return frame[columns].sort_values(keys, ignore_index=True)


def taken(tmp_path, kind, frame, symbol="*/USDT:USDT"):
    catalog = Catalog(tmp_path / "catalog")
    import_records(catalog, frame, kind, "mine", symbol)
    return catalog


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("kind", MADE)
def test_what_is_imported_is_exported_and_imported_again_to_the_same_bytes(tmp_path, kind, ending):
    frame = MADE[kind]()
    catalog = taken(tmp_path, kind, frame)
    file = tmp_path / f"out{ending}"
    write_table(export_records(catalog, kind, "mine", (), *ALL), file)
    assert record_kind(file) == kind
    again = Catalog(tmp_path / "again")
    import_records(again, file, kind, "mine", "*/USDT:USDT")
    contents = [{f.relative_to(c.root): f.read_bytes() for f in c.root.rglob("*.parquet")} for c in (catalog, again)]
    assert contents[0] == contents[1]
    assert len(contents[0]) == (2 if kind == "liquidations" else 1)
    read = read_records(file, RECORD_SCHEMAS[kind])
    columns = [name for name in RECORD_SCHEMAS[kind].columns if name != "symbol"]
    as_text = frame.astype({"account": str}) if "account" in frame else frame
    pd.testing.assert_frame_equal(ordered(read, columns), ordered(as_text, columns), check_dtype=False)


def test_when_it_was_known_and_at_which_price_it_was_entered_come_along(tmp_path):
    late = orders()["ts"] + pd.Timedelta(seconds=3)
    catalog = taken(tmp_path, "liquidations", orders(known_at=late, entry_price=[97.0, np.nan]))
    out = export_records(catalog, "liquidations", "mine", ("BTC/USDT:USDT",), *ALL)
    assert (out["known_at"] - out["ts"]).tolist() == [pd.Timedelta(seconds=3)]
    assert out["entry_price"].tolist() == [97.0]
    with pytest.raises(MarketError, match="known_at lies before ts"):
        taken(tmp_path, "liquidations", orders(known_at=orders()["ts"] - pd.Timedelta(seconds=1)))
    with pytest.raises(MarketError, match="neither price_avg nor price_bankrupt"):
        read_records(orders(price_bankrupt=[1.0, np.nan]), LIQUIDATIONS)


def test_of_one_symbol_a_file_of_others_is_refused_and_nothing_is_stored(tmp_path):
    with pytest.raises(MarketError, match=r"'ETHUSDT' and 1 other names: --symbol '\*/USDT:USDT' takes each"):
        taken(tmp_path, "liquidations", orders(), "BTC/USDT:USDT")
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BTC/USD:BTC", "BTC/USD:BTC"),
        ("BTC-USDT-SWAP", "BTC/USDT:USDT"),
        ("1000PEPEUSDC", "1000PEPE/USDC:USDC"),
        ("PERP", "PERP/X:X"),
    ],
)
def test_a_contract_says_its_quote_itself(text, symbol):
    assert unified_symbol(text, "*/X:X") == symbol


def test_the_real_snapshots_of_positions_come_out_as_they_went_in(tmp_path, market_data):
    file = market_data / "hyperliquid_positions" / "positions.parquet"
    catalog, whole = taken(tmp_path, "positions", file, "*/USDC:USDC"), pd.read_parquet(file).astype({"account": str})
    out = export_records(catalog, "positions", "mine", (), *ALL)
    pd.testing.assert_frame_equal(ordered(out, list(whole)), ordered(whole, list(whole)), check_dtype=False)
    (holding,) = inventory(catalog, check=True)
    assert (holding.rows, holding.defects, holding.series.symbol) == (63_288, (), "*/USDC:USDC")


@pytest.mark.slow
def test_the_real_liquidation_orders_come_out_as_they_went_in(tmp_path, market_data):
    file = market_data / "binance_liquidation_orders" / "orders.parquet"
    catalog, whole = taken(tmp_path, "liquidations", file), pd.read_parquet(file)
    out, columns = (
        export_records(catalog, "liquidations", "mine", (), *ALL),
        [name for name in whole if name != "symbol"],
    )
    pd.testing.assert_frame_equal(ordered(out, columns), ordered(whole, columns), check_dtype=False)
    symbols = {unified_symbol(text, "*/USDT:USDT") for text in whole["symbol"]}
    assert set(out["symbol"]) == symbols
    assert not any(holding.defects for holding in inventory(catalog, check=True))


@pytest.mark.parametrize("count", [1, pytest.param(40, marks=pytest.mark.slow)])
def test_an_import_killed_at_any_moment_and_repeated_has_the_bytes_of_one_that_was_not(tmp_path, count):
    times = pd.date_range("2023-01-15", periods=30, freq="MS", tz="UTC")
    frame = pd.concat([orders(ts=[time, time]) for time in times], ignore_index=True)
    file = tmp_path / "orders.parquet"
    frame.to_parquet(file)
    code = (
        "import sys; from datafeeds.catalog.record_files import *;"
        "import_records(Catalog(Path(sys.argv[1])), sys.argv[2], 'liquidations', 'mine', '*/USDT:USDT')"
    )

    def content(root):
        return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}

    def start(root):
        return subprocess.Popen([sys.executable, "-c", code, root, file], cwd=PROJECT)

    assert start(tmp_path / "whole").wait(60) == 0
    whole, torn = content(tmp_path / "whole"), 0
    assert len(whole) == 60
    for cycle in range(count):
        root = tmp_path / str(cycle)
        process = start(root)
        while process.poll() is None and len(content(root)) <= 5 + cycle % 40:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert content(root).items() <= whole.items()
        torn += content(root) != whole
        assert start(root).wait(60) == 0
        assert content(root) == whole
    assert torn
