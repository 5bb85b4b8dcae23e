"""What may be given as parameters: whatever is accepted can be run, whatever is refused says why."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.kernel import build_kernel
from indicators.liquidation.model import build_model
from indicators.liquidation.parameter_fields import as_record, from_mapping
from indicators.liquidation.parameters import ModelParameters

NUMBERS = [f for f in dataclasses.fields(ModelParameters) if isinstance(f.default, float)]


def test_every_parameter_has_a_unit_a_source_and_a_default_inside_its_domain():
    for field in dataclasses.fields(ModelParameters):
        assert field.metadata["unit"], field.name
        assert field.metadata["source"], field.name
    ModelParameters()


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_a_number_outside_its_domain_or_not_a_number_is_refused_by_name(field):
    outside = [np.nextafter(field.metadata["low"], -np.inf), np.nextafter(field.metadata["high"], np.inf), np.nan]
    for value in outside:
        with pytest.raises(ValueError, match=field.name):
            ModelParameters(**{field.name: float(value)})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"leverages": 10}, "must pair up"),
        ({"leverages": ["2", "x"]}, "leverages = '2/x' is not of the kind numbers"),
        ({"liquidation_price_spread": None}, "liquidation_price_spread = 'None' is not of the kind float"),
        ({"liquidation_price_spread": [0.1]}, "liquidation_price_spread"),
        ({"one_sided_signal": "maybe"}, "is not of the kind bool"),
        ({"leverage_weights": "nan/.2", "leverages": "2/3"}, "leverage_weights"),
        ({"leverages": "3/2", "leverage_weights": ".1/.1"}, "must ascend"),
        ({"leverages": "2/3", "leverage_weights": ".7/.7"}, "at most 1"),
        ({"cluster_threshold_kind": 3}, "is none of"),
        ({"cluster_threshold": 2.0}, "at most 1 for a share"),
        ({"half_life_hours": "24/720"}, r"half_life_hours \(2\) and half_life_shares \(1\) must pair up"),
        ({"half_life_hours": "720/24", "half_life_shares": ".7/.3"}, "half_life_hours .* must ascend"),
        ({"leverage_distribution": "lognormal"}, "is none of"),
        ({"cluster_window": 0.01, "bin_width": 0.004}, "must hold 5 bins"),
        ({"leverages": (100.0,), "leverage_weights": (1.0,), "maintenance_margin_rate": 0.01}, "liquidated at entry"),
    ],
)
def test_wrong_values_are_refused_in_words(values, words):
    with pytest.raises(ValueError, match=words):
        from_mapping(ModelParameters, values)


@pytest.mark.parametrize("given_value", [0.3, "0.3", np.float64(0.3), "3e-1"])
def test_a_number_is_the_same_however_it_is_given(given_value):
    assert from_mapping(ModelParameters, {"liquidation_price_spread": given_value}).liquidation_price_spread == 0.3


@pytest.mark.parametrize("pair", ["2/3", [2, 3], (2.0, 3.0), ["2", "3"], [np.float64(2.0), np.int64(3)]])
def test_a_list_is_the_same_however_it_is_given(pair):
    found = from_mapping(ModelParameters, {"leverages": pair, "leverage_weights": ".1/.2"})
    assert (found.leverages, found.leverage_weights) == ((2.0, 3.0), (0.1, 0.2))


@pytest.mark.parametrize(
    ("word", "value"), [("yes", True), ("FALSE", False), (True, True), (np.bool_(False), False), (1, True)]
)
def test_yes_and_no(word, value):
    assert from_mapping(ModelParameters, {"one_sided_signal": word}).one_sided_signal is value


def test_the_record_holds_every_number_and_no_text():
    record = as_record(ModelParameters())
    for field in dataclasses.fields(ModelParameters):
        if isinstance(field.default, str):
            assert field.name not in record.dtype.names
        else:
            np.testing.assert_array_equal(record[field.name], field.default)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0.0002, 0.001, 0.01]), st.floats(0.01, 0.5), st.floats(0.0, 0.009), st.floats(0.05, 0.6),
    st.lists(st.floats(1.01, 100.0), min_size=1, max_size=16, unique=True),
)  # fmt: skip
def test_every_accepted_mixture_gives_a_kernel_that_rises_to_no_more_than_all(width, spread, rate, window, leverages):
    leverages = tuple(sorted(leverages))
    if leverages[-1] * rate >= 0.95:
        rate = 0.0
    parameters = ModelParameters(
        leverage_distribution="tiers", leverages=leverages, leverage_weights=(1.0 / len(leverages),) * len(leverages),
        bin_width=width, liquidation_price_spread=spread, maintenance_margin_rate=rate, cluster_window=window,
    )  # fmt: skip
    running = build_kernel(parameters).running
    assert (running[:, 0] == 0.0).all()
    assert (np.diff(running, axis=1) >= -1e-12).all()
    assert (running <= 1.0 + 1e-9).all()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_bar_length_that_is_none_is_refused(seconds):
    with pytest.raises(ValueError, match="must be positive"):
        build_model(ModelParameters(), seconds)
