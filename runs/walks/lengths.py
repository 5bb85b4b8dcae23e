"""The lengths of a walk, from what the user wrote and what the signal remembers, in bars."""

import dataclasses
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.volatility import WINDOW_HOURS
from runs.engines.configuration import Configuration
from runs.sweeps.plan import Plan
from runs.sweeps.space.space import Space
from runs.walks.windows import Window, gap_bars, lay_windows, length_seconds, window_bars

_HOURS_PER_DAY = 24.0
_HOLDING = "limit_hours"
"""Ending of the rule's parameters that say how long a position is held at most."""


@dataclass(frozen=True)
class Lookback:
    """A length of time and the parameter that it comes from.

    Attributes
    ----------
    hours
        Its length; 0 for none.
    source
        What it is, for people.
    """

    hours: float
    source: str


def holding_memory(base: Configuration, space: Space) -> Lookback:
    """Return the longest time that a candidate holds a position: how far a trade's outcome reaches past its decision.

    A rule without a time limit gives 0: whatever it holds is closed with the train window, which reads nothing after it.
    """
    found = [
        Lookback(float(_largest(base, space, "rule", name)), f"rule.{name}") for name in base.rule if _holds(base, name)
    ]
    return max(found, key=lambda memory: memory.hours, default=Lookback(0.0, "the rule has no time limit"))


def _holds(base: Configuration, name: str) -> bool:
    return name.endswith(_HOLDING) and isinstance(base.rule[name], float)


def signal_memory(base: Configuration, space: Space) -> Lookback:
    """Return the longest memory of the signals: how long a bar goes on shaping the signals after it.

    Notes
    -----
    The longest of the model's half-lives, ages and waits, over all candidates, and at least the longest window of the forecast
    of volatility, whatever it has learned before; of several half-lives the longest counts. A
    half-life is where half of an influence is left, not where it ends: an exponential memory never ends, and no gap makes two
    windows independent. How fast the average turnover forgets is left out: it scales the map in coin, and only where no open
    interest is known.
    """
    found = []
    for field in dataclasses.fields(ModelParameters):
        hours = {"hours": 1.0, "days": _HOURS_PER_DAY}.get(field.name.rpartition("_")[2])
        if hours is not None and field.name != "turnover_half_life_hours":
            longest = np.max(_largest(base, space, "model", field.name))
            found.append(Lookback(float(longest) * hours, f"model.{field.name}"))
    found.append(Lookback(max(WINDOW_HOURS), "the forecast of volatility"))
    return max(found, key=lambda memory: memory.hours)


def _largest(base: Configuration, space: Space, group: str, name: str) -> Any:
    """Return the largest value that a parameter takes in any candidate."""
    values: Iterable[Any] = next(
        (axis.values for axis in space.axes if (axis.group, axis.name) == (group, name)),
        (base.rule[name] if group == "rule" else getattr(base.model, name),),
    )
    return max(values)


_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class WindowOptions:
    """Lengths as the user wrote them (``365d``); None: derived."""

    train: str
    test: str
    step: str | None = None
    anchored: bool = False
    purge: str | None = None
    embargo: str | None = None


@dataclass(frozen=True)
class WindowLengths:
    """Lengths in bars, and where purge and embargo come from.

    Attributes
    ----------
    train, test, step, purge, embargo
        Bars.
    anchored
        Whether train windows begin at the market's first bar.
    purge_source, embargo_source
        For people.
    """

    train: int
    test: int
    step: int
    anchored: bool
    purge: int
    embargo: int
    purge_source: str
    embargo_source: str

    def windows(self, bars: int) -> tuple[Window, ...]:
        """Return the windows on a market of so many bars; raises as `lay_windows` does."""
        return lay_windows(bars, self.train, self.test, self.step, self.purge + self.embargo, self.anchored)

    def record(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def lengths_of(options: WindowOptions, plan: Plan, bar_seconds: int) -> WindowLengths:
    """Return the lengths of a walk.

    Parameters
    ----------
    options
        What the user wrote.
    plan
        Whose parameters say how long trades last and signals remember.
    bar_seconds
        Length of a bar.

    Raises
    ------
    ValueError
        For a text that is no length, or a window shorter than a bar.
    """
    test = window_bars("--test", options.test, bar_seconds)
    holding, signal = (of(plan.configuration, plan.space) for of in (holding_memory, signal_memory))
    purge, purge_source = _gap("--purge", options.purge, holding.hours, holding.source, bar_seconds)
    embargo, embargo_source = _gap("--embargo", options.embargo, signal.hours, signal.source, bar_seconds)
    return WindowLengths(
        train=window_bars("--train", options.train, bar_seconds),
        test=test,
        step=test if options.step is None else window_bars("--step", options.step, bar_seconds),
        anchored=options.anchored,
        purge=purge,
        embargo=embargo,
        purge_source=purge_source,
        embargo_source=embargo_source,
    )


def _gap(option: str, text: str | None, hours: float, source: str, bar_seconds: int) -> tuple[int, str]:
    derived = gap_bars(hours * _SECONDS_PER_HOUR, bar_seconds)
    if text is None:
        return derived, source
    bars = gap_bars(length_seconds(option, text), bar_seconds)
    note = f"given by {option}; derived it would be {derived:,} bars ({source})"
    return bars, note + ("" if bars >= derived else ", so this is too short for what it is for")
