"""Which parameters tell runs apart: all others only hide them."""

from collections.abc import Mapping, Sequence
from typing import Any

from runs.engines.configuration import PARAMETER_GROUPS

_PLAIN = ("timeframe", "seed")
_RULE = "rule."


def flat_settings(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's parameters by ``group.name``, with the timeframe and the seed by their own names.

    Examples
    --------
    >>> flat_settings({"strategy": "magnet", "seed": 7, "rule": {"min_distance": 0.01}})
    {'rule.min_distance': 0.01, 'seed': 7}
    """
    out: dict[str, Any] = {}
    for group in PARAMETER_GROUPS:
        values = configuration.get(group)
        if isinstance(values, Mapping):
            out |= {f"{group}.{name}": value for name, value in values.items()}
    return out | {name: configuration[name] for name in _PLAIN if name in configuration}


def differing(settings: Sequence[Mapping[str, Any]], strategies: Sequence[str | None]) -> tuple[str, ...]:
    """Return the names of the parameters that differ among the runs, in the order of first sight.

    Parameters
    ----------
    settings
        (n) runs' parameters (`flat_settings`).
    strategies
        (n) their strategies. A rule's own parameters are compared among runs of one strategy only: that another rule has
        others, or others by the same name, tells no more than its name.

    Returns
    -------
    tuple
        Names that at least two runs have with different values.

    Examples
    --------
    >>> differing([{"a": 1, "rule.b": 2}, {"a": 1.0, "rule.b": 3}, {"c": 4}], ["x", "x", "x"])
    ('rule.b',)
    >>> differing([{"rule.b": 2}, {"rule.b": 3}], ["x", "y"])
    ()
    """
    seen: dict[tuple[str | None, str], Any] = {}
    found: set[str] = set()
    for values, strategy in zip(settings, strategies, strict=True):
        for name, value in values.items():
            key = (strategy if name.startswith(_RULE) else None, name)
            if not same(seen.setdefault(key, value), value):
                found.add(name)
    order = {name: None for values in settings for name in values}
    return tuple(name for name in order if name in found)


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal: 1 is 1.0, but true is not 1.

    Examples
    --------
    >>> same(1, 1.0), same(True, 1), same([1, 2], [1, 2.5])
    (True, False, False)
    """
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
