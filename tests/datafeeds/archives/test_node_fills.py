"""Fill files of a node: the liquidated side once, whole orders, plain and packed, and damage in one sentence."""

import json

import numpy as np
import pyarrow as pa
import pytest

from datafeeds.archives.node_fills import read_node_fills
from datafeeds.errors import MarketError
from datafeeds.records import LIQUIDATIONS, read_records
from runs.download import main

LOSER, WINNER = "0x" + "a" * 40, "0x" + "B" * 40
TIME = 1_781_528_065_899


def fill(user, side="A", size=1.0, price=100.0, entry=110.0, oid=7, marked=True, **fields):
    long = side == "A"
    profit = (price - entry) * size * (1 if long else -1) if user == LOSER else 0.0
    made = {"coin": "BTC", "px": f"{price}", "sz": f"{size}", "side": side, "time": TIME, "startPosition": "5.0",
            "dir": "Close Long", "closedPnl": f"{profit}", "hash": "0x00", "oid": oid, "crossed": True, "fee": "0.1", "tid": 1,
            "feeToken": "USDC", "twapId": None}  # fmt: skip
    marks = {"liquidation": {"liquidatedUser": LOSER, "markPx": "99.0", "method": "market"}} if marked else {}
    return [user, made | marks | fields]


EVENTS = [
    fill(LOSER, size=1.0, price=100.0),
    fill(WINNER, "B", size=1.0, price=100.0, oid=90),
    fill(LOSER, size=3.0, price=98.0),
    fill(WINNER, "B", size=3.0, price=98.0, oid=91),
    fill(LOSER, "B", size=2.0, price=50.0, entry=40.0, oid=8, coin="ETH"),
    fill(LOSER, marked=False, oid=9),
]


def write(folder, form, events=EVENTS):
    name = {"by account": "node_fills", "by block": "node_fills_by_block"}[form]
    lines = events if form == "by account" else [
        {"local_time": "2026-06-15T12:54:26", "block_time": "2026-06-15T12:54:25", "block_number": 5, "events": events}
    ]  # fmt: skip
    file = folder / name / "hourly" / "20260615" / "12"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["by account", "by block"])
def test_an_order_is_read_once_at_its_mean_fill_with_the_entry_that_its_profit_tells(tmp_path, form, packed):
    file = write(tmp_path, form)
    if packed:
        with pa.output_stream(str(file) + ".lz4", compression="lz4") as stream:
            stream.write(file.read_bytes())
        file.unlink()
    read = read_records(read_node_fills(tmp_path), LIQUIDATIONS)
    assert read["symbol"].tolist() == ["BTC", "ETH"]
    assert read["side"].tolist() == ["long", "short"]
    np.testing.assert_allclose(read["price_avg"], [98.5, 50.0])
    np.testing.assert_allclose(read["filled"], [4.0, 2.0])
    np.testing.assert_allclose(read["entry_price"], [110.0, 40.0])
    assert (read["ts"].astype("int64") // 1_000_000).tolist() == [TIME, TIME]


def test_the_captured_fill_names_another_account_and_is_no_liquidation_of_its_own(tmp_path, cases):
    said = json.loads((cases / "venues" / "captures" / "hyperliquid__ws_user_fill_liquidation.json").read_text())
    (captured,) = said["data"]["fills"]
    write(tmp_path, "by account", [[WINNER, captured], [captured["liquidation"]["liquidatedUser"], captured]])
    read = read_node_fills(tmp_path)
    assert (read["side"].tolist(), read["price_avg"].tolist(), read["filled"].tolist()) == (
        ["long"],
        [66653.0],
        [0.001],
    )


def test_a_published_fill_s_profit_tells_its_entry_without_the_fee():
    size, price, profit = 0.225, 2225.5, 2.74275  # a short that was closed; the fee was -0.015022
    assert price + profit / size == pytest.approx(2237.69, abs=1e-9)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"liquidation"\n', "line 1: no JSON"),
        ('{"events": [1], "liquidation": 0}\n', "line 1: no account and fill"),
        (json.dumps(fill(LOSER, side="X")) + "\n", "not of the documented form"),
        (json.dumps(fill(LOSER, size=0.0)) + "\n", "not of the documented form"),
        (json.dumps(fill(LOSER, time="soon")) + "\n", "not of the documented form"),
    ],
)
def test_damage_is_told_in_one_sentence_that_names_the_file(tmp_path, line, reason):
    file = write(tmp_path, "by account")
    file.write_text(line)
    with pytest.raises(MarketError, match=f"12.*{reason}"):
        read_node_fills(tmp_path)


def test_a_last_line_that_is_being_written_is_left_out_and_a_folder_without_files_is_told(tmp_path):
    file = write(tmp_path, "by account")
    file.write_bytes(file.read_bytes() + json.dumps(fill(LOSER, oid=99)).encode()[:60])
    assert len(read_node_fills(tmp_path)) == 2
    with pytest.raises(MarketError, match="no fill files in it"):
        read_node_fills(tmp_path / "node_fills" / "hourly" / "20260615" / "nowhere")


def test_the_command_takes_a_folder_and_taking_it_again_changes_nothing(tmp_path, capsys):
    write(tmp_path / "data", "by block")
    taking = ["--import", str(tmp_path / "data"), "--venue", "hyperliquid", "--symbol", "*/USDC:USDC"]
    catalog = tmp_path / "catalog"
    contents = []
    for _ in range(2):
        assert main([*taking, "--catalog", str(catalog)]) == 0
        assert capsys.readouterr().out.count("liquidations: stored") == 2
        contents.append({file.name: file.read_bytes() for file in catalog.rglob("*.parquet")})
    assert contents[0] == contents[1]
