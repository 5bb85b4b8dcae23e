"""The lengths of a walk, from what the user wrote and what the signal remembers, in bars."""

from dataclasses import asdict, dataclass
from typing import Any

from runs.sweeps.plan import Plan
from runs.walks.memory import holding_memory, signal_memory
from runs.walks.windows import Window, gap_bars, lay_windows, length_seconds, window_bars

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Asked:
    """Lengths as the user wrote them (``365d``); None: derived."""

    train: str
    test: str
    step: str | None = None
    anchored: bool = False
    purge: str | None = None
    embargo: str | None = None


@dataclass(frozen=True)
class Spans:
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

    def facts(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def spans_of(asked: Asked, plan: Plan, bar_seconds: int) -> Spans:
    """Return the lengths of a walk.

    Parameters
    ----------
    asked
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
    test = window_bars("--test", asked.test, bar_seconds)
    holding, signal = (of(plan.configuration, plan.space) for of in (holding_memory, signal_memory))
    purge, purge_source = _gap("--purge", asked.purge, holding.hours, holding.source, bar_seconds)
    embargo, embargo_source = _gap("--embargo", asked.embargo, signal.hours, signal.source, bar_seconds)
    return Spans(
        train=window_bars("--train", asked.train, bar_seconds),
        test=test,
        step=test if asked.step is None else window_bars("--step", asked.step, bar_seconds),
        anchored=asked.anchored,
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
