"""From values to configurations and keys."""

import dataclasses
import json

import pytest

from runs.engines.configuration import configuration_from, with_assignments
from runs.sweeps.space.candidates import Candidates
from runs.sweeps.space.space import parse_space

BASE = configuration_from({"strategy": "magnet", "model": {"half_life_hours": 24.0}, "data": "a.parquet"})
TEXTS = (
    "magnet_ratio=1.5,2",
    "min_distance=0.01,0.02",
    "margin_mode=cross,isolated",
    "max_leverage=1,2",
    "one_sided_signal=false",
)
SPACE = parse_space(TEXTS, BASE)
IDENTITY = ("BTCUSDT", "fingerprint", "code")
CANDIDATES = Candidates(BASE, SPACE.names, IDENTITY)


def test_a_candidate_is_what_set_would_have_made():
    for number in range(SPACE.size):
        values = SPACE.values(SPACE.indices(number))
        named = tuple(f"{axis.label}={value}" for axis, value in zip(SPACE.axes, values, strict=True))
        settings = json.loads(json.dumps(BASE.as_dict()))
        settings = with_assignments({k: v for k, v in settings.items() if v is not None}, named)
        assert CANDIDATES.configuration(values) == configuration_from(settings)


def test_keys_tell_all_combinations_apart():
    keys = {CANDIDATES.key(SPACE.values(SPACE.indices(number))) for number in range(SPACE.size)}
    assert len(keys) == SPACE.size


def test_a_key_follows_from_configuration_data_and_code_and_not_from_where_the_data_lies():
    values = SPACE.values(SPACE.indices(3))
    key = CANDIDATES.key(values)
    for place in range(3):
        other = tuple("other" if at == place else text for at, text in enumerate(IDENTITY))
        assert Candidates(BASE, SPACE.names, other).key(values) != key
    changed = dataclasses.replace(BASE, costs=dataclasses.replace(BASE.costs, taker_fee_bps=1.0))
    assert Candidates(changed, SPACE.names, IDENTITY).key(values) != key
    moved = dataclasses.replace(BASE, data="/elsewhere/b.parquet")
    assert Candidates(moved, SPACE.names, IDENTITY).key(values) == key


def test_the_same_configuration_has_the_same_key_in_another_sweep():
    values = SPACE.values(SPACE.indices(3))
    one = CANDIDATES.configuration(values)
    axes = parse_space((f"stop_atr={one.rule['stop_atr']}",), one)
    assert Candidates(one, axes.names, IDENTITY).key(axes.values((0,))) == CANDIDATES.key(values)


def test_a_contradiction_is_an_error_of_the_configuration_and_still_has_a_key():
    space = parse_space(("min_distance=0.5", "max_distance=0.1"), BASE)
    bad = Candidates(BASE, space.names, IDENTITY)
    with pytest.raises(ValueError, match=r"min_distance = 0.5 must be below max_distance = 0.1"):
        bad.configuration(space.values((0, 0)))
    assert len(bad.key(space.values((0, 0)))) == 64
