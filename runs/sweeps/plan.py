"""The sweep as it was asked for: what is varied around which configuration, how it is searched, and what is looked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.engines.configuration import Configuration, configuration_from
from runs.sweeps.rows.objective import LESS_IS_BETTER, check_objective
from runs.sweeps.space.search import METHODS, Grid, Random, Search
from runs.sweeps.space.space import Space, parse_space
from runs.sweeps.space.tpe import Guided
from runs.sweeps.workers.across import ACROSS, check_across


@dataclass(frozen=True)
class Plan:
    """What decides which rows a sweep has.

    Attributes
    ----------
    configuration
        Around which is swept.
    space
        All combinations.
    method
        ``grid``, ``random`` or ``model``.
    trials
        Number of combinations that are tried; None for a grid.
    seed
        Of the search.
    objective
        The metric by which results are compared.
    across
        Which of `runs.sweeps.workers.across.ACROSS` they are judged on, where one account trades several markets.
    """

    configuration: Configuration
    space: Space
    method: str
    trials: int | None
    seed: int
    objective: str
    across: str = ACROSS[0]

    def search(self) -> Search:
        """Return the search from its beginning.

        Raises
        ------
        ValueError
            For too many combinations, or if optuna is needed and not there.
        """
        if self.method == "grid":
            return Grid(self.space)
        return (Random if self.method == "random" else Guided)(self.space, int(self.trials or 0), self.seed)

    def record(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; `plan_from` turns them back."""
        axes = [
            {"parameter": axis.label, "values": axis.text, "kind": axis.kind, "count": len(axis.values)}
            for axis in self.space.axes
        ]
        record = {
            "configuration": self.configuration.as_dict(),
            "space": axes,
            "search": {"method": self.method, "trials": self.trials, "seed": self.seed},
            "objective": self.objective,
            "less_is_better": self.objective in LESS_IS_BETTER,
        }
        return record | ({"across": self.across} if self.configuration.several else {})


def plan_from(settings: Mapping[str, Any]) -> Plan:
    """Build a plan from plain values.

    Parameters
    ----------
    settings
        ``configuration`` (nested plain values), ``space`` (texts as of ``--param``, or the axes of `Plan.record`),
        ``search`` (method, trials, seed), ``objective``, and perhaps ``across``.

    Raises
    ------
    ValueError
        For whatever is wrong with them; one sentence.
    """
    given = {key: value for key, value in settings["configuration"].items() if value is not None}
    configuration = configuration_from(given)
    texts = [axis if isinstance(axis, str) else f"{axis['parameter']}={axis['values']}" for axis in settings["space"]]
    search = settings["search"]
    method, trials = search.get("method") or "grid", search.get("trials")
    if method not in METHODS:
        raise ValueError(f"--search {method}: it is one of {', '.join(METHODS)}")
    if method == "grid" and trials is not None:
        raise ValueError("--trials needs --search random or --search model: a grid tries all combinations")
    if method != "grid" and trials is None:
        raise ValueError(f"--search {method} needs --trials N")
    seed = search.get("seed")
    return Plan(
        configuration=configuration,
        space=parse_space(tuple(texts), configuration),
        method=method,
        trials=trials,
        seed=0 if seed is None else seed,
        objective=check_objective(settings.get("objective") or "sharpe"),
        across=check_across(settings.get("across") or ACROSS[0], configuration.several),
    )


def plan_of(
    configuration: Configuration, grid: Mapping[str, Any], search: Mapping[str, Any], objective: str,
    across: str | None = None,
) -> Plan:  # fmt: skip
    """Build a plan from Python values.

    Parameters
    ----------
    configuration
        Around which is swept.
    grid
        For each parameter (as for ``--param``) a list of values, or text: ``low:high:step``, ``low:high:log:count`` or ``a,b,c``.
    search, objective, across
        As in `plan_from`.

    Raises
    ------
    ValueError
        For whatever is wrong with them; one sentence.
    """
    space = [f"{name}={_written(name, values)}" for name, values in grid.items()]
    settings = {
        "configuration": configuration.as_dict(),
        "space": space,
        "search": search,
        "objective": objective,
        "across": across,
    }
    plan = plan_from(settings)
    plan.search()
    return plan


def _written(name: str, values: Any) -> str:
    """Return values as the text of ``--param``; floats read back exactly."""
    if isinstance(values, str):
        return values
    if not isinstance(values, Iterable) or isinstance(values, Mapping):
        raise ValueError(f"{name} = {values!r}: write its values as a list, or as text such as 1:5:0.5")
    return ",".join(_value_text(value) for value in values)


def _value_text(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return "/".join(repr(float(item)) for item in value) if isinstance(value, (list, tuple)) else str(value)
