"""Candles of trades against a plain recount."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.archives.collection import parse_file
from datafeeds.archives.layout import archive_files
from datafeeds.errors import ReplyError
from datafeeds.series import Series
from tests.datafeeds.archives.samples import DAY_MS, MARCH_MS, gzipped, saved, zipped

AGGREGATED = Series("binance", "BTC/USDT:USDT", "candles", "5m")
BYBIT = Series("bybit", "BTC/USDT:USDT", "candles", "1h")
TRADE = st.tuples(st.integers(0, DAY_MS - 1), st.integers(1, 10**6), st.integers(1, 10**6), st.booleans())


def recount(trades, period):
    """Candles by a plain loop over (milliseconds of the day, price, size, bought)."""
    made = {}
    for time, price, size, bought in trades:
        opened, high, low, _, volume, taken = made.get(time // period, (price, price, price, price, 0.0, 0.0))
        made[time // period] = (
            opened,
            max(high, price),
            min(low, price),
            price,
            volume + size,
            taken + (size if bought else 0.0),
        )
    return made


def check(rows, trades, period):
    expected = recount(trades, period)
    assert rows["ts"].tolist() == [MARCH_MS + place * period for place in sorted(expected)]
    for row, place in enumerate(sorted(expected)):
        values = [rows[name][row] for name in ("open", "high", "low", "close", "volume", "taker_buy_volume")]
        assert values == list(expected[place])


@settings(max_examples=60)
@given(st.lists(TRADE, min_size=1, max_size=60), st.booleans(), st.sampled_from([1, 1000]))
def test_candles_of_aggregated_trades_equal_a_recount(tmp_path_factory, trades, header, factor):
    trades = sorted((time, price / 8, size / 1024, bought) for time, price, size, bought in trades)
    lines = ["agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"] if header else []
    lines += [
        f"{n},{price},{size},{n},{n},{(MARCH_MS + time) * factor},{str(not bought).lower()}"
        for n, (time, price, size, bought) in enumerate(trades)
    ]
    path = saved(tmp_path_factory.mktemp("trades"), zipped("\n".join(lines) + "\n"))
    file = archive_files(AGGREGATED, MARCH_MS, MARCH_MS + 1, from_trades=True)[0]
    check(parse_file(AGGREGATED, file, path, from_trades=True), trades, 300_000)


def bybit_file(trades, folder):
    header = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,RPI"
    lines = [
        f"{(MARCH_MS + time) / 1000:.4f},BTCUSDT,{'Buy' if bought else 'Sell'},{size},{price},PlusTick,a-{n},1e8,{size},1,0"
        for n, (time, price, size, bought) in enumerate(trades)
    ]
    return saved(folder, gzipped("\n".join([header, *lines]) + "\n"), "file.csv.gz")


@settings(max_examples=40)
@given(st.lists(TRADE, min_size=1, max_size=60))
def test_candles_of_bybits_trades_equal_a_recount(tmp_path_factory, trades):
    trades = sorted((time, price / 8, size / 1024, bought) for time, price, size, bought in trades)
    path = bybit_file(trades, tmp_path_factory.mktemp("trades"))
    file = archive_files(BYBIT, MARCH_MS, MARCH_MS + 1)[0]
    check(parse_file(BYBIT, file, path), trades, 3_600_000)


def test_a_day_larger_than_a_block_equals_its_recount(tmp_path):
    random = np.random.default_rng(3)
    times = np.sort(random.integers(0, DAY_MS, 120_000))
    trades = [(int(t), float(p), float(s), bool(b)) for t, p, s, b in zip(
        times, random.integers(1, 10**6, len(times)) / 8, random.integers(1, 1000, len(times)) / 1024,
        random.random(len(times)) < 0.5, strict=True)]  # fmt: skip
    path = bybit_file(trades, tmp_path)
    check(parse_file(BYBIT, archive_files(BYBIT, MARCH_MS, MARCH_MS + 1)[0], path), trades, 3_600_000)


def test_trades_of_another_day_or_of_no_side_are_refused(tmp_path):
    file = archive_files(BYBIT, MARCH_MS, MARCH_MS + 1)[0]
    with pytest.raises(ReplyError, match="another day"):
        parse_file(BYBIT, file, bybit_file([(DAY_MS, 1.0, 1.0, True)], tmp_path))
    text = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional\n"
    text += f"{MARCH_MS / 1000},BTCUSDT,None,1,1,x,y,1,1,1\n"
    with pytest.raises(ReplyError, match="neither Buy nor Sell"):
        parse_file(BYBIT, file, saved(tmp_path, gzipped(text), "file.csv.gz"))
