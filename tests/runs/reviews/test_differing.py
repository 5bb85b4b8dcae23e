"""Only what tells runs apart is shown."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from runs.reviews.differing import differing, flat_settings, same

values = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["1", "a", None, 0.5, 1.0]),
    st.lists(st.integers(0, 1), max_size=2),
)
runs = st.lists(st.dictionaries(st.sampled_from(["model.a", "costs.b", "seed"]), values), max_size=6)


@given(runs)
def test_a_parameter_is_shown_if_and_only_if_two_runs_have_it_with_unequal_values(settings):
    names = {
        name
        for one, other in combinations(settings, 2)
        for name in one.keys() & other.keys()
        if not same(one[name], other[name])
    }
    assert set(differing(settings, ["magnet"] * len(settings))) == names


def test_what_two_rules_call_by_one_name_is_compared_within_each():
    settings = [{"rule.hours": 1}, {"rule.hours": 2}, {"rule.hours": 2}]
    assert differing(settings, ["magnet", "wipe", "wipe"]) == ()
    assert differing(settings, ["magnet", "magnet", "wipe"]) == ("rule.hours",)


def test_equality_is_jsons():
    assert same(1, 1.0)
    assert same(None, None)
    assert not same(True, 1)
    assert not same("1", 1)
    assert not same([True], [1])


def test_a_configuration_that_is_none_has_no_parameters():
    assert flat_settings({"rule": "text", "model": [1], "costs": {}}) == {}
