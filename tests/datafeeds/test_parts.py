"""Parts of a market: what had closed by a moment and nothing else, whatever the future holds; slices."""

import json

import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.outcome.writing import jsonable
from runs.tracing.poison import poisoned


@pytest.fixture(scope="module")
def market():
    return simulate(3, bars=300)


def close_of(market, bar):
    return market.frame["ts"].iloc[bar] + pd.Timedelta(seconds=market.bar_seconds)


@pytest.mark.parametrize("bar", [0, 1, 137, 298, 299])
def test_a_bar_counts_from_the_instant_of_its_close(market, bar):
    closes = close_of(market, bar)
    assert len(market.until(closes.isoformat())) == bar + 1
    if bar:
        assert len(market.until((closes - pd.Timedelta(seconds=1)).isoformat())) == bar


def test_a_zone_is_heeded(market):
    closes = close_of(market, 100)
    assert len(market.until(closes.tz_convert("Asia/Tokyo").isoformat())) == 101


def test_the_poisoned_future_changes_nothing(market):
    at = close_of(market, 199).isoformat()
    honest, spoilt = (m.until(at) for m in (market, poisoned(market, 200, seed=1)))
    first, second = (json.dumps(jsonable(analyse(m, ModelParameters()))) for m in (honest, spoilt))
    assert first == second
    short = market.between(None, str(market.frame["ts"].iloc[200]))
    assert json.dumps(jsonable(analyse(short, ModelParameters()))) == first


def test_a_moment_in_a_gap_is_the_last_bar_before_it(market):
    from dataclasses import replace

    holed = replace(market, frame=market.frame.drop(index=range(100, 110)).reset_index(drop=True))
    assert len(holed.until(market.frame["ts"].iloc[105].isoformat())) == 100


@pytest.mark.parametrize(
    ("bar", "seconds", "what"), [(0, -1, "before the first close"), (299, 3600, "beyond the data")]
)
def test_a_moment_outside_of_the_data_is_refused(market, bar, seconds, what):
    moment = close_of(market, bar) + pd.Timedelta(seconds=seconds)
    with pytest.raises(MarketError, match=what):
        market.until(moment.isoformat())


def test_what_is_no_time_is_refused(market):
    with pytest.raises(MarketError, match="cannot read the time"):
        market.until("noon")


@pytest.mark.parametrize(
    ("bars", "first", "last"), [(slice(10, 20), 10, 20), (slice(-5, None), 295, 300), (slice(299, 900), 299, 300)]
)
def test_a_slice_is_the_bars_themselves(market, bars, first, last):
    taken = market[bars]
    assert list(taken.frame["ts"]) == list(market.frame["ts"][first:last])
    assert list(taken.frame.index) == list(range(last - first))


def test_a_part_is_checked_as_if_there_were_no_other_bars(market):
    holed = market_from_frame(market.frame.drop(index=range(100, 110)), "holed")
    assert any("missing" in line for line in holed.quality.sentences())
    assert not any("missing" in line for line in holed.head(90).quality.sentences())


@pytest.mark.parametrize("wrong", [slice(0, 0), slice(20, 10), slice(0, 10, 2), slice(300, 310)])
def test_no_bars_and_bars_apart_are_refused(market, wrong):
    with pytest.raises(MarketError, match="neighbouring"):
        market[wrong]


@pytest.mark.parametrize("count", [0, -1, 301])
def test_a_head_longer_than_the_market_is_refused(market, count):
    with pytest.raises(MarketError, match=f"first {count} bars"):
        market.head(count)
