"""All combinations: in the order of the product, counted without being built."""

import itertools

import pytest

from runs.engines.configuration import configuration_from
from runs.sweeps.space.space import parse_space

BASE = configuration_from({"strategy": "magnet"})


def test_numbers_count_through_the_product_with_maps_slowest_then_readings_then_thresholds():
    texts = (
        "stop_atr=1,2,3",
        "magnet_ratio=2,3",
        "taker_fee_bps=1:4:1",
        "cluster_prominence=0.2,0.3",
        "bin_width=0.001,0.002",
    )
    space = parse_space(texts, BASE)
    assert [axis.label for axis in space.axes] == [
        "model.bin_width",
        "model.cluster_prominence",
        "model.magnet_ratio",
        "rule.stop_atr",
        "costs.taker_fee_bps",
    ]
    product = list(itertools.product([0.001, 0.002], [0.2, 0.3], [2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]))
    assert [space.values(space.indices(number)) for number in range(space.size)] == product
    assert (space.maps, space.readings) == (2, 4)


def test_a_space_of_a_thousand_million_points_and_more_is_counted_at_once():
    texts = ("min_distance=0:1:0.000001", "stop_atr=1:100:0.0001", "leverage=1:100:0.001")
    space = parse_space(texts, BASE)
    assert space.size == 1_000_001 * 990_001 * 99_001
    assert space.values(space.indices(space.size - 1)) == (1.0, 100.0, 100.0)


def test_a_parameter_cannot_be_named_twice_nor_none():
    with pytest.raises(ValueError, match=r"--param rule.min_distance: given twice"):
        parse_space(("min_distance=1,2", "rule.min_distance=3"), BASE)
    with pytest.raises(ValueError, match="nothing to sweep"):
        parse_space((), BASE)
