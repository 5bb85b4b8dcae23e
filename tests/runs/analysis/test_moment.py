"""What is known at a moment: bars that had closed by then, and nothing else, whatever the future holds."""

import json

import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.moment import known_at
from runs.analysis.record import analyse
from runs.lookahead import poisoned
from runs.outcome.writing import jsonable


@pytest.fixture(scope="module")
def market():
    return simulate(3, bars=300)


def close_of(market, bar):
    return market.frame["ts"].iloc[bar] + pd.Timedelta(seconds=market.bar_seconds)


@pytest.mark.parametrize("bar", [0, 1, 137, 298, 299])
def test_a_bar_counts_from_the_instant_of_its_close(market, bar):
    closes = close_of(market, bar)
    assert len(known_at(market, closes.isoformat())) == bar + 1
    if bar:
        assert len(known_at(market, (closes - pd.Timedelta(seconds=1)).isoformat())) == bar


def test_without_a_moment_all_is_known(market):
    assert known_at(market, None) is market


def test_a_zone_is_heeded(market):
    closes = close_of(market, 100)
    assert len(known_at(market, closes.tz_convert("Asia/Tokyo").isoformat())) == 101


def test_the_poisoned_future_changes_nothing(market):
    at = close_of(market, 199).isoformat()
    honest, spoilt = (known_at(m, at) for m in (market, poisoned(market, 200, seed=1)))
    first, second = (json.dumps(jsonable(analyse(m, ModelParameters()))) for m in (honest, spoilt))
    assert first == second
    short = market.between(None, str(market.frame["ts"].iloc[200]))
    assert json.dumps(jsonable(analyse(short, ModelParameters()))) == first


def test_a_moment_in_a_gap_is_the_last_bar_before_it(market):
    from dataclasses import replace

    holed = replace(market, frame=market.frame.drop(index=range(100, 110)).reset_index(drop=True))
    assert len(known_at(holed, market.frame["ts"].iloc[105].isoformat())) == 100


@pytest.mark.parametrize(
    ("bar", "seconds", "what"), [(0, -1, "before the first close"), (299, 3600, "beyond the data")]
)
def test_a_moment_outside_of_the_data_is_refused(market, bar, seconds, what):
    moment = close_of(market, bar) + pd.Timedelta(seconds=seconds)
    with pytest.raises(MarketError, match=what):
        known_at(market, moment.isoformat())


def test_what_is_no_time_is_refused(market):
    with pytest.raises(MarketError, match="cannot read the time"):
        known_at(market, "noon")
