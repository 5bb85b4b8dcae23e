"""From values to a candidate: its configuration, and the key by which its row is known for good."""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from indicators.liquidation.parameters import ModelParameters
from runs.engines.configuration import PARAMETER_GROUPS, Configuration, checked_rule
from strategies.registry import load_strategy


class Combination(NamedTuple):
    """One combination of a sweep: its number, its row's key, and one value for each axis."""

    number: int
    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Candidates:
    """Configurations around a base that differ in named parameters.

    Attributes
    ----------
    base
        What all have in common.
    names
        Group and name of each parameter that differs.
    identity
        What else decides a row: market (name and fingerprint), code, and the files of venues.
    """

    base: Configuration
    names: tuple[tuple[str, str], ...]
    identity: tuple[str, ...]

    def configuration(self, values: tuple[Any, ...]) -> Configuration:
        """Return the configuration of one combination.

        Raises
        ------
        ValueError
            If it is none: a value outside its domain, or two that contradict each other.
        """
        changes = self._changes(values)
        changed: dict[str, Any] = {
            group: replace(getattr(self.base, group), **named) for group, named in changes.items() if group != "rule"
        }
        if "rule" in changes:
            changed["rule"] = checked_rule(self._strategy, {**self.base.rule, **changes["rule"]})
        return replace(self.base, **changed)

    def models(self, combinations: Iterable[Combination]) -> list[ModelParameters]:
        """Return the sets of model parameters of combinations, each once; none where all have the same.

        What lies outside its domain is left out.
        """
        found: dict[ModelParameters, None] = {}
        if any(group == "model" for group, _ in self.names):
            for combination in combinations:
                with contextlib.suppress(ValueError):
                    found[replace(self.base.model, **self._changes(combination.values).get("model", {}))] = None
        return list(found)

    def key(self, values: tuple[Any, ...]) -> str:
        """Return the SHA-256 of all that decides the row, valid or not; where the data lies does not enter."""
        changes = self._changes(values)
        parts = [self._plain_text(group, changes.get(group)) for group in PARAMETER_GROUPS]
        return hashlib.sha256("\n".join((self.base.strategy, *self.identity, *parts)).encode()).hexdigest()

    def _changes(self, values: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
        changes: dict[str, dict[str, Any]] = {}
        for (group, name), value in zip(self.names, values, strict=True):
            changes.setdefault(group, {})[name] = value
        return changes

    def _plain_text(self, group: str, changes: dict[str, Any] | None) -> str:
        return json.dumps({**self._plain[group], **changes}, sort_keys=True) if changes else self._unchanged[group]

    @cached_property
    def _strategy(self) -> Any:
        return load_strategy(self.base.strategy)

    @cached_property
    def _plain(self) -> dict[str, dict[str, Any]]:
        return self.base.as_dict()

    @cached_property
    def _unchanged(self) -> dict[str, str]:
        return {group: json.dumps(self._plain[group], sort_keys=True) for group in PARAMETER_GROUPS}
