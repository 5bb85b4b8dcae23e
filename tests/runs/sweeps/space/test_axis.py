"""The values that one parameter takes: exact decimals, and one clear line for what makes no sense."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engines.configuration import configuration_from
from runs.sweeps.space.axis import parse_axis

BASE = {name: configuration_from({"strategy": name}) for name in ("magnet", "cascade", "wipe", "overlay")}


def values(text, strategy="magnet"):
    axis = parse_axis(text, BASE[strategy])
    return list(axis.values)


def test_a_step_of_a_tenth_gives_the_tenths_as_they_are_written():
    assert values("min_distance=0.1:0.3:0.1") == [0.1, 0.2, 0.3]
    assert values("min_distance=0.1:0.35:0.1") == [0.1, 0.2, 0.3]
    assert values("min_distance=0.1:0.1:0.1") == [0.1]


@given(
    st.decimals("0", "10", places=3),
    st.decimals("0.001", "2", places=3),
    st.integers(0, 60),
    st.decimals("0", "1", places=3),
)
def test_every_point_is_the_float_nearest_to_its_exact_value(low, step, count, part):
    high = low + step * count + step * part * Decimal("0.999")  # a part of a step beyond the last point
    oracle = [float(Fraction(low) + i * Fraction(step)) for i in range(count + 1)]
    assert values(f"min_distance={low}:{high}:{step}") == oracle


@given(st.floats(1e-3, 1.0), st.floats(1.01, 1e3), st.integers(2, 30))
def test_a_logarithmic_range_is_geometric_and_holds_its_ends(low, factor, count):
    high = low * factor
    found = values(f"starting_cash={low!r}:{high!r}:log:{count}")
    assert (found[0], found[-1], len(found)) == (low, high, count)
    np.testing.assert_allclose(found, np.geomspace(low, high, count), rtol=1e-12)


def test_lists_are_of_the_parameters_kind():
    assert values("one_sided_signal=true,false") == [True, False]
    assert values("margin_mode=cross,isolated") == ["cross", "isolated"]
    assert values("leverage_weights=1/2/3,3/2/1") == [(1.0, 2.0, 3.0), (3.0, 2.0, 1.0)]
    assert values("min_distance=1e-3,0.5") == [0.001, 0.5]


@pytest.mark.parametrize("strategy", sorted(BASE))
def test_every_parameter_of_a_run_can_be_swept(strategy):
    plain = BASE[strategy].as_dict()
    for group in ("rule", "model", "sizing", "trading", "costs"):
        for name, value in plain[group].items():
            value = 0.05 if value is None else value  # the venue's own, a number
            text = "/".join(map(repr, value)) if isinstance(value, tuple) else str(value)
            axis = parse_axis(f"{group}.{name}={text}", BASE[strategy])
            assert (axis.label, list(axis.values)) == (f"{group}.{name}", [value])


def test_whole_numbers_of_a_foreign_strategy_stay_whole():
    base = configuration_from({"strategy": "backtrader.strategies.sma_crossover:MA_CrossOver"})
    for text, expected in (("fast=5:15:5", [5, 10, 15]), ("slow=10:1000:log:3", [10, 100, 1000]), ("fast=3,4", [3, 4])):
        found = list(parse_axis(text, base).values)
        assert found == expected
        assert all(type(value) is int for value in found)
    for text, why in (
        ("fast=5:15:0.5", "'0.5' is no whole number"),
        ("fast=1:4:log:9", "twice"),
        ("fast=2.5", "not of the kind int"),
        ("_movav=SMA", "cannot be swept"),
    ):
        with pytest.raises(ValueError, match=why):
            parse_axis(text, base)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("min_distance", "write NAME=low:high:step"),
        ("=1,2", "write NAME=low:high:step"),
        ("min_distance=", "no values"),
        ("min_distance=,", "an empty value"),
        ("min_distance=0.1,,0.2", "an empty value"),
        ("min_distance=0.1:0.2", "write NAME=low:high:step"),
        ("min_distance=0.1:0.2:lin:5", "write NAME=low:high:step"),
        ("min_distance=a:b:c", "'a' is no number"),
        ("min_distance=abc", "not of the kind float"),
        ("min_distance=nan", "no finite number"),
        ("min_distance=nan:1:1", "no finite number"),
        ("min_distance=0:inf:1", "no finite number"),
        ("min_distance=0:1e999:1", "no finite number"),
        ("min_distance=0.3:0.1:0.1", "reversed"),
        ("min_distance=0.3:0.1:log:3", "reversed"),
        ("min_distance=0.1:0.3:0", "above zero"),
        ("min_distance=0.1:0.3:-0.1", "above zero"),
        ("min_distance=0:1:log:5", "above zero"),
        ("min_distance=0.1:1:log:0", "whole number"),
        ("min_distance=0.1:1:log:2.5", "whole number"),
        ("min_distance=0.1:1:log:1", "two ends"),
        ("min_distance=0.1,0.10", "twice"),
        ("one_sided_signal=true,1", "twice"),
        ("one_sided_signal=maybe", "not of the kind bool"),
        ("leverage_weights=1/x", "numbers separated by /"),
        ("min_distance=1:1.0000000000000001:1e-17", "smaller than a float"),
        ("min_distance=0:1e300:1e-300", "more points than can be counted"),
        ("min_distanc=1", "did you mean 'min_distance'"),
        ("rule.magnet_ratio=2", "unknown parameter"),
    ],
)
def test_what_makes_no_sense_gets_one_line(text, why):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_axis(text, BASE["magnet"])
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
