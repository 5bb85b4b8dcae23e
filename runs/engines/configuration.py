"""One frozen, validated configuration of a run: from flags, from a TOML file, or from the run.json of an earlier run."""

import dataclasses
import datetime
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import backtrader as bt

from indicators.liquidation.parameter_fields import from_mapping, unknown
from indicators.liquidation.parameters import ModelParameters
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import CostParameters
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters

_GROUPS = {
    "model": ModelParameters,
    "sizing": SizingParameters,
    "trading": TradingParameters,
    "costs": CostParameters,
    "instrument": InstrumentParameters,
}
PARAMETER_GROUPS = ("rule", *_GROUPS)
"""Groups of parameters: the strategy's own first."""

_PLAIN = (
    "strategy",
    "data",
    "timeframe",
    "mapping",
    "catalog",
    "start",
    "end",
    "seed",
    "markets",
    "universe",
    "allocation",
)
_OF_SEVERAL = {"markets": (), "universe": None, "allocation": "equal"}

IN_MEMORY = "(in memory)"
"""The `data` of a run on a market that has no name to find it by."""


@dataclass(frozen=True)
class Configuration:
    """Everything that decides what a run does.

    Attributes
    ----------
    strategy
        A built-in name or ``package.module:Class``.
    data
        Path of a market file, or ``venue:symbol:timeframe`` in the catalog; None for the simulated market.
    timeframe
        Length of the bars to make of the data's, such as ``4h``; None leaves them.
    mapping
        TOML file that names a foreign file's columns.
    catalog
        The catalog's folder; None for the usual one.
    start, end
        ISO times; bars from `start` until before `end`.
    seed
        Of the simulated market.
    markets, universe, allocation
        Where one account trades several markets: what `data` would be of each, or a TOML file that names them; and how equity is
        divided among them, one of `runs.engines.joint.allocation.METHODS` or a function's ``package.module:name``.
    rule
        The strategy's own parameters by name: all of them for our strategies, the changed ones for a foreign one.
    model, sizing, trading, costs, instrument
        The other parameters.
    """

    strategy: str
    data: str | None = None
    timeframe: str | None = None
    mapping: str | None = None
    catalog: str | None = None
    start: str | None = None
    end: str | None = None
    seed: int = 7
    markets: tuple[str, ...] = ()
    universe: str | None = None
    allocation: str = "equal"
    rule: Mapping[str, Any] = field(default_factory=dict)
    model: ModelParameters = field(default_factory=ModelParameters)
    sizing: SizingParameters = field(default_factory=SizingParameters)
    trading: TradingParameters = field(default_factory=TradingParameters)
    costs: CostParameters = field(default_factory=CostParameters)
    instrument: InstrumentParameters = field(default_factory=InstrumentParameters)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; `configuration_from` turns them back."""
        values = {**asdict(self), "rule": dict(self.rule)}
        return values if self.several else {name: held for name, held in values.items() if name not in _OF_SEVERAL}

    @property
    def several(self) -> bool:
        """Whether one account trades several markets."""
        return bool(self.markets or self.universe)


def configuration_from(values: Mapping[str, Any]) -> Configuration:
    """Build a configuration from nested plain values.

    Raises
    ------
    ValueError
        For an unknown key (with the nearest one), a value of the wrong kind or outside its domain, or a missing strategy.
    """
    for key in values:
        if key not in (*_PLAIN, *_GROUPS, "rule"):
            raise ValueError(unknown("setting", key, [*_PLAIN, *_GROUPS, "rule"]))
    if not values.get("strategy"):
        raise ValueError("no strategy named: give --strategy NAME")
    for key in (*_GROUPS, "rule"):
        if not isinstance(values.get(key, {}), Mapping):
            raise ValueError(f"setting {key!r} must be a table of names and values")
    kinds: dict[str, Any] = dict.fromkeys(_PLAIN, str) | {"seed": int, "markets": (list, tuple)}
    for key in _PLAIN:
        value = values.get(key)
        if value is not None and (not isinstance(value, kinds[key]) or isinstance(value, bool)):
            raise ValueError(
                f"setting {key!r} = {value!r} is not of the kind {getattr(kinds[key], '__name__', 'list')}"
            )
    if values.get("seed", 0) < 0:
        raise ValueError(f"seed = {values['seed']} must not be negative")
    strategy = load_strategy(str(values["strategy"]))
    built: dict[str, Any] = {key: from_mapping(kind, dict(values.get(key, {}))) for key, kind in _GROUPS.items()}
    if built["trading"] != TradingParameters() and not issubclass(strategy, PerpetualStrategy):
        raise ValueError(f"strategy {values['strategy']}: options of trading need a subclass of PerpetualStrategy")
    plain = {key: values[key] for key in _PLAIN if key in values}
    plain["markets"] = tuple(plain.get("markets") or ())
    return Configuration(**plain, rule=checked_rule(strategy, dict(values.get("rule", {}))), **built)


def configuration_of(
    strategy: str | type[bt.Strategy], parameters: Mapping[str, Any], data: object = None, **groups: Any
) -> Configuration:
    """Build a configuration from what a caller in Python has at hand.

    Parameters
    ----------
    strategy
        A name as in `load_strategy`, or the class itself, found again by its module and name.
    parameters
        By name, each in the one group that has it: the strategy's own rule, model, sizing, trading, costs or instrument.
    data
        The market's path or name in the catalog; anything else is called `IN_MEMORY`.
    **groups
        model, sizing, trading, costs and instrument, each as its dataclass, as names and values, or None for the defaults.

    Raises
    ------
    ValueError
        As `configuration_from`.
    """
    named = strategy if isinstance(strategy, str) else f"{strategy.__module__}:{strategy.__qualname__}"
    given = {name: held for name, held in groups.items() if held is not None}
    settings = {name: asdict(held) if dataclasses.is_dataclass(held) else held for name, held in given.items()}  # type: ignore[arg-type]
    for key, value in parameters.items():
        group, name = parameter_home(named, key, "parameter")
        settings[group] = {**settings.get(group, {}), name: value}
    source = str(data) if isinstance(data, (str, Path)) else IN_MEMORY
    return configuration_from({"strategy": named, "data": source, **settings})


def checked_rule(strategy: type[bt.Strategy], given: dict[str, Any]) -> dict[str, Any]:
    """Return the rule's parameters, checked: complete for our strategies, converted to backtrader's defaults for others.

    Raises
    ------
    ValueError
        For an unknown name, a value of the wrong kind or outside its domain.
    """
    if issubclass(strategy, PerpetualStrategy):
        return asdict(from_mapping(strategy.parameters_kind, given))
    defaults = dict(strategy.params._getitems())
    ready = {}
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(unknown(f"parameter of {strategy.__name__}", name, list(defaults)))
        kind = type(defaults[name])
        try:
            ready[name] = kind(value) if kind in (int, float, str) else value
        except ValueError:
            raise ValueError(f"{name} = {value!r} is not of the kind {kind.__name__}") from None
    return ready


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file, or from the ``run.json`` of an earlier run.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            values = json.loads(text)["configuration"]
        else:
            values = tomllib.loads(text)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: is no configuration ({' '.join(str(error).split())[:80]})") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path}: is no configuration (a table of settings is expected)")
    # TOML has dates of its own; a configuration holds them as ISO text.
    return {key: value.isoformat() if isinstance(value, datetime.date) else value for key, value in values.items()}


def assignment(text: str) -> tuple[str, str]:
    """Return the name and the value of a ``--set`` text.

    Raises
    ------
    ValueError
        For a text without ``=`` or without a name.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(f"--set {text!r}: write it as name=value")
    return name, value


def with_assignments(values: dict[str, Any], assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return settings with ``key=value`` texts laid over them.

    A key is a parameter's name, or ``group.name`` with the group rule, model, sizing, trading, costs or instrument where two
    share a name.

    Raises
    ------
    ValueError
        For a text without ``=``, an unknown name (with the nearest one), an ambiguous one, or one that is set twice.
    """
    merged = {key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    homes = set()
    for text in assignments:
        key, value = assignment(text)
        group, name = parameter_home(str(values.get("strategy") or ""), key, "--set")
        if (group, name) in homes:
            raise ValueError(_set_twice(name))
        homes.add((group, name))
        merged.setdefault(group, {})[name] = value
    return merged


def parameter_home(strategy: str, key: str, option: str) -> tuple[str, str]:
    """Return group (rule, model, sizing, trading, costs or instrument) and name of the parameter that `key` means.

    Parameters
    ----------
    strategy
        Whose rule it may belong to.
    key
        The parameter's name, or ``group.name``.
    option
        The command's option that names it; for errors.

    Raises
    ------
    ValueError
        For an unknown strategy or name (with the nearest one), or a name that two groups share.
    """
    kind = load_strategy(strategy)
    ours = issubclass(kind, PerpetualStrategy)
    rule = [f.name for f in dataclasses.fields(kind.parameters_kind)] if ours else list(kind.params._getkeys())
    names = {"rule": rule} | {group: [f.name for f in dataclasses.fields(held)] for group, held in _GROUPS.items()}
    group, _, name = key.rpartition(".")
    homes = [home for home, known in names.items() if name in known and group in ("", home)]
    if not homes:
        raise ValueError(unknown("parameter", key, sorted({name for known in names.values() for name in known})))
    if len(homes) > 1:
        raise ValueError(f"{option} {key}: name one of " + ", ".join(f"{home}.{name}" for home in homes))
    return homes[0], name


def model_parameters(assignments: tuple[str, ...]) -> ModelParameters:
    """Return the model's parameters with ``name=value`` texts (or ``model.name=value``) laid over the defaults.

    Raises
    ------
    ValueError
        For a text without ``=``, an unknown name (with the nearest one), or a value outside its domain.
    """
    values: dict[str, Any] = {}
    for text in assignments:
        name, value = assignment(text)
        name = name.removeprefix("model.")
        if name in values:
            raise ValueError(_set_twice(name))
        values[name] = value
    return from_mapping(ModelParameters, values)


def _set_twice(name: str) -> str:
    return f"--set {name} is given twice; leave one out"


def changed_assignments(parameters: ModelParameters) -> list[str]:
    """Return the ``name=value`` texts that make these parameters of the defaults."""
    usual, texts = ModelParameters(), []
    for name, value in asdict(parameters).items():
        if value != getattr(usual, name):
            text = "/".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            texts.append(f"{name}={text}")
    return texts
