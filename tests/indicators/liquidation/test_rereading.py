"""Signals read anew off known clusters are those of a map that is made anew."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.rereading import CLUSTERS, SIGNALS, THRESHOLDS, packed, reread, without_thresholds
from indicators.liquidation.step import run
from tests.indicators.liquidation.markets import market

HOUR = 3600.0
BARS = {seed: market(seed, 400) for seed in range(3)}
PARAMETERS = ModelParameters(warmup_hours=24.0, cluster_threshold=0.0005)

thresholds = st.fixed_dictionaries(
    {
        "magnet_ratio": st.floats(1.0, 3.0),
        "one_sided_signal": st.booleans(),
        "gap_high_risk": st.floats(0.0, 0.05),
        "gap_moderate_risk": st.floats(0.0, 0.2),
        "warmup_hours": st.floats(0.0, 300.0),
    }
)


def made_anew(seed, parameters):
    return run(build_model(parameters, HOUR), BARS[seed])


@settings(max_examples=30)
@given(st.integers(0, 2), thresholds, st.sampled_from([0.0, 0.1, 0.5]))
def test_what_is_read_anew_equals_what_is_made_anew_to_the_last_bit(seed, changed, hysteresis):
    base = replace(PARAMETERS, hysteresis=hysteresis)
    known, other = made_anew(seed, base), replace(base, **changed)
    assert reread(known, packed(known, CLUSTERS), other, HOUR).tobytes() == made_anew(seed, other).tobytes()


def test_thresholds_matter_and_decide_the_signals_alone():
    usual = made_anew(0, PARAMETERS)
    values = {
        "magnet_ratio": 1.1,
        "one_sided_signal": True,
        "gap_high_risk": 0.1,
        "gap_moderate_risk": 0.3,
        "warmup_hours": 90.0,
    }
    assert set(values) == set(THRESHOLDS)
    for name, value in values.items():
        other = made_anew(0, replace(PARAMETERS, **{name: value}))
        moved = [field for field in usual.dtype.names if not np.array_equal(usual[field], other[field], equal_nan=True)]
        assert moved, name
        assert set(moved) <= set(SIGNALS), name


@pytest.mark.parametrize("name", [field.name for field in fields(ModelParameters) if field.name not in THRESHOLDS])
def test_all_else_stays_without_thresholds(name):
    assert getattr(without_thresholds(PARAMETERS), name) == getattr(PARAMETERS, name)
