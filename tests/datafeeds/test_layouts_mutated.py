"""Damaged files of every layout: a market with sound prices, or one line; never a traceback, never a warning."""

import random

import numpy as np
import pytest

from datafeeds.errors import MarketError
from datafeeds.markets import read
from tests.datafeeds.layouts import bars, layouts

LAYOUTS = {layout: file for layout, file in layouts(bars(12)).items() if not layout.startswith("bybit")}
PIECES = [b"", b'"', b",", b";", b"\n", b"\t", b"nan", b"-", b"9" * 20, b"\xff", b"#", b"[", b"e", b"1,5", b"\x00"]


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_damaged_layout_is_a_market_or_one_line(tmp_path, count):
    chance = random.Random(15)
    names = sorted(LAYOUTS)
    for _ in range(count):
        name, content = LAYOUTS[chance.choice(names)]
        broken = bytearray(content)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(broken) + 1)
            broken[at : at + chance.randrange(4)] = chance.choice(PIECES)
        (tmp_path / name).write_bytes(broken)
        try:
            market = read(tmp_path / name)
        except MarketError as error:
            assert "\n" not in str(error)  # noqa: PT017 - any of many sentences
            continue
        prices = market.frame[["open", "high", "low", "close"]].to_numpy()
        assert np.isfinite(prices).all()
        assert (prices > 0.0).all()
