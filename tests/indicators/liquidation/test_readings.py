"""Many readings of one map are bit for bit the runs of a map each."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datafeeds.markets import open_market
from indicators.liquidation import readings as module
from indicators.liquidation.clusters import MAX_CLUSTERS, SPAN, find_spans, finds_same_spans
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.readings import MAP, read_together
from indicators.liquidation.recording import record_heatmap
from indicators.liquidation.rereading import packed
from indicators.liquidation.step import run
from runs.engines.event import model_bars
from tests.indicators.liquidation.markets import market

HOUR = 3600.0
MARKETS = [market(seed, 300, volatility, known) for seed, volatility, known in ((1, 0.01, True), (2, 0.03, False))]
PARAMETERS = ModelParameters(warmup_hours=24.0, half_life_hours=(24.0, 168.0), half_life_shares=(0.4, 0.6))

share = st.floats(0.0001, 0.03)
READINGS = {
    "cluster_prominence": st.sampled_from([0.02, 0.1, 0.24, 0.25, 0.26, 0.5, 0.95]) | st.floats(0.02, 0.95),
    "cluster_threshold": st.sampled_from([0.0, 1.0]) | share,
    "cluster_threshold_kind": st.sampled_from(["share", "usd", "quantile"]),
    "magnet_ratio": st.floats(1.0, 3.0),
    "one_sided_signal": st.booleans(),
    "gap_high_risk": st.floats(0.0, 0.05),
    "gap_moderate_risk": st.floats(0.0, 0.2),
    "hysteresis": st.floats(0.0, 0.5),
    "impact": st.floats(0.0, 100.0),
    "wipe_share": share,
    "wipe_usd": st.floats(0.0, 1e6),
    "market_share": st.floats(0.0001, 1.0),
    "level_tolerance": st.floats(0.0, 0.05),
    "level_age_days": st.floats(0.1, 5.0),
    "washout_drop": st.floats(0.01, 0.2),
    "trigger_share": share,
    "trigger_hours": st.floats(0.1, 20.0),
    "steady_hours": st.floats(0.1, 20.0),
    "recovery_hours": st.floats(0.1, 20.0),
    "turnover_half_life_hours": st.floats(1.0, 1000.0),
    "volatility_half_life_hours": st.floats(0.1, 100.0),
    "warmup_hours": st.floats(0.0, 300.0),
}
OTHER_MAPS = {
    "leverage_distribution": "tiers",
    "leverages": tuple(value + 1.0 for value in PARAMETERS.leverages),
    "leverage_weights": PARAMETERS.leverage_weights[::-1],
    "maintenance_margin_rate": 0.004,
    "liquidation_price_spread": 0.2,
    "half_life_hours": (24.0, 169.0),
    "half_life_shares": (0.5, 0.5),
    "bin_width": 0.002,
    "cluster_window": 0.1,
}


def made_anew(parameters, bars, bar_seconds=HOUR):
    return run(build_model(parameters, bar_seconds), bars)


def test_every_parameter_makes_a_map_or_is_drawn_here():
    assert {*MAP, *READINGS} == {field.name for field in fields(ModelParameters)}
    assert not {*MAP} & {*READINGS}


@settings(max_examples=40)
@given(
    st.lists(st.fixed_dictionaries({}, optional=READINGS), min_size=1, max_size=6),
    st.sampled_from(MARKETS),
    st.sampled_from([HOUR, 900.0, 4 * HOUR]),
    st.sampled_from([1, 7, 64, 512]),
)
def test_what_is_read_together_equals_what_is_made_anew_to_the_last_bit(changes, bars, bar_seconds, block):
    readings = [replace(PARAMETERS, **{"cluster_threshold": 0.0005, **changed}) for changed in changes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = read_together(readings, bars, bar_seconds)
    for parameters, ours in zip(readings, found, strict=True):
        assert ours.tobytes() == made_anew(parameters, bars, bar_seconds).tobytes()


@pytest.mark.parametrize("name", ["bybit_1h/BTCUSDT", "binance_1h/ETHUSDT"])
def test_they_are_equal_on_real_markets(market_data, name):
    real = open_market(str(market_data / f"{name}.parquet"))
    bars = model_bars(real)[-12_000:]
    changes = (
        {"cluster_prominence": 0.1, "trigger_share": 0.005},
        {"cluster_prominence": 0.5, "cluster_threshold_kind": "quantile", "cluster_threshold": 0.5},
        {"cluster_prominence": 0.27, "wipe_share": 0.001, "level_tolerance": 0.03, "hysteresis": 0.0},
    )
    readings = [replace(ModelParameters(), **changed) for changed in changes]
    for parameters, ours in zip(readings, read_together(readings, bars, real.bar_seconds), strict=True):
        assert ours.tobytes() == made_anew(parameters, bars, real.bar_seconds).tobytes()


def test_some_fields_are_those_of_the_whole_snapshots():
    kind = np.dtype([("close", np.float64), ("magnet", np.float64), ("support_price", np.float64)])
    (found,) = read_together([PARAMETERS], MARKETS[0], HOUR, kind)
    assert found.tobytes() == packed(made_anew(PARAMETERS, MARKETS[0]), kind).tobytes()


@pytest.mark.parametrize("name", MAP)
def test_what_makes_another_map_is_not_read_together(name):
    base = PARAMETERS if name == "leverage_distribution" else replace(PARAMETERS, leverage_distribution="tiers")
    other = replace(base, **{name: OTHER_MAPS[name]})
    with pytest.raises(ValueError, match="must be equal in all that a map follows from"):
        read_together([base, other], MARKETS[0], HOUR)
    maps = [record_heatmap(build_model(one, HOUR), MARKETS[0], np.array([299])).density for one in (base, other)]
    assert maps[0].shape != maps[1].shape or not np.array_equal(*maps)


def found_spans(values, prominence):
    spans, padded = np.zeros(MAX_CLUSTERS + 1, dtype=SPAN), np.pad(values, (0, 8), mode="edge")
    return spans, find_spans(padded, prominence, spans)


@settings(max_examples=300)
@given(
    hnp.arrays(np.float64, st.integers(5, 80), elements=st.floats(0.0, 100.0) | st.sampled_from([1.0, 2.0, 3.0, 4.0])),
    st.lists(st.floats(0.02, 0.95), min_size=2, max_size=4).map(sorted),
)
def test_a_larger_prominence_that_is_said_to_find_the_same_does(values, prominences):
    known, (spans, count) = prominences[0], found_spans(values, prominences[0])
    for larger in prominences[1:]:
        if not finds_same_spans(spans, count, known, larger):
            break
        known, (anew, found) = larger, found_spans(values, larger)
        assert found == count
        for name in ("low", "high"):
            assert anew[name][:count].tolist() == spans[name][:count].tolist()


def test_hills_that_a_larger_prominence_does_not_merge_are_known_to_stay_and_others_are_not():
    values = np.array([0.0, 4.0, 8.0, 4.0, 2.0, 4.0, 6.0, 5.0, 4.0, 3.0])  # falls to 2 of 8, rises to 6, ends at 3
    spans, count = found_spans(values, 0.3)
    assert (count, finds_same_spans(spans, count, 0.3, 0.49), finds_same_spans(spans, count, 0.3, 0.51)) == (
        2, True, False,
    )  # fmt: skip
