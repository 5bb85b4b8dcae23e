"""The same market in the layouts of twelve tools: recognised, or by its preset, it is the same market."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.markets import read
from tests.datafeeds.layouts import OHLCV, TOOLS, bars, layouts

FRAME = bars()
LAYOUTS = layouts(FRAME)


def check(market):
    assert market.times.tolist() == read(FRAME).times.tolist()
    for name in OHLCV:
        np.testing.assert_allclose(market.frame[name], FRAME[name], rtol=1e-12)


def test_there_are_forty_layouts_of_twelve_tools():
    assert len(LAYOUTS) >= 40
    assert len({name.split()[0] for name in LAYOUTS}) == 12


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_recognised(tmp_path, layout):
    name, content = LAYOUTS[layout]
    (tmp_path / name).write_bytes(content)
    check(read(tmp_path / name, timeframe="1h"))


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.split()[0] in TOOLS])
def test_a_layout_is_read_by_its_preset(tmp_path, layout):
    name, content = LAYOUTS[layout]
    (tmp_path / name).write_bytes(content)
    check(read(tmp_path / name, mapping=f"preset:{TOOLS[layout.split()[0]]}", timeframe="1h"))


@pytest.mark.parametrize("label", ["symbol", "Ticker", "inst_id", "<TICKER>"])
@pytest.mark.parametrize("time", ["ts", "date"])  # our own column, and one that is recognised
def test_two_markets_in_one_table_are_named(label, time):
    one = FRAME.rename(columns={"ts": time})
    two = pd.concat([one.assign(**{label: "BTCUSDT"}), one.assign(**{label: "ETHUSDT"})]).sort_values(time)
    with pytest.raises(MarketError, match=r"2 markets .*such as BTCUSDT and ETHUSDT.*keep the rows of one"):
        read(two)
    check(read(two[two[label] == "ETHUSDT"]))
