"""One run, written down: every order sent, equity, position, every line of every indicator, and what the strategy raised."""

import traceback
from dataclasses import dataclass, field, replace
from typing import Any

import backtrader as bt
import numpy as np

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import Market
from runs.engines.broker import PerpetualBroker
from runs.engines.configuration import Configuration
from runs.engines.event import EngineMode, add_strategy
from runs.venues.instruments import Listing
from strategies.errors import sentence, user_line
from strategies.registry import load_strategy


@dataclass(frozen=True)
class Failure:
    """What a strategy raised: the error's class, one sentence, file and line, and the traceback."""

    kind: str
    sentence: str
    place: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Task:
    """A run to write down: of what, on what, how, and the terms of the contract."""

    configuration: Configuration
    market: Market
    mode: EngineMode
    listing: Listing


@dataclass(frozen=True)
class Trace:
    """What a run did at each bar, as far as it came.

    Attributes
    ----------
    names, values
        (n, columns) values at the closes of the bars that ended without an error, and the names of the columns. The first
        two are equity and position.
    orders
        Those sent: bar, kind, size, price, limit, terms in words.
    minimum_period
        Bars that the strategy waits for before its first decision; 1 if it failed before it could say.
    error
        What the strategy raised, or None.
    began
        Whether it came to its first bar.
    opened
        Files that the strategy opened by itself.
    """

    names: list[str]
    values: np.ndarray
    orders: list[tuple[int, str, float, float, float, str]]
    minimum_period: int
    error: Failure | None
    began: bool = False
    opened: tuple[str, ...] = ()


NOTHING = Trace([], np.empty((0, 0)), [], 1, None)


@dataclass
class _Notes:
    """What the watcher writes down; it outlives a run that ends in an error."""

    began: bool = False
    minimum_period: int = 1
    names: list[str] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)


class _Watcher(bt.Analyzer):  # type: ignore[misc]
    """Write down every indicator line at every bar's close."""

    params = (("notes", None),)

    def start(self) -> None:
        self.p.notes.began = True
        self.p.notes.minimum_period = max(self.strategy._minperiod, getattr(self.strategy, "history_bars", 1))
        indicators = self.strategy.getindicators()
        self.p.notes.names += [_line_name(one, number) for one in indicators for number, _ in enumerate(one.lines)]
        self._lines = [line for indicator in indicators for line in indicator.lines]

    def prenext(self) -> None:
        self.next()

    def next(self) -> None:
        self.p.notes.rows.append([line[0] if len(line) else np.nan for line in self._lines])


class _GrowingFeed(PerpetualFeed):
    """A feed that holds no more of its market than has come: what is stored beside the lines cannot tell of later bars."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = self.p.market
        self._grow()

    def _load(self) -> bool:
        self.p.market = self._whole  # which is read when the first bar is asked for
        loaded = super()._load()
        self._grow()
        return loaded

    def _grow(self) -> None:
        self.p.market = replace(self._whole, frame=self._whole.frame.iloc[: self._next_row])


def _line_name(indicator: Any, number: int) -> str:
    kind = type(indicator).__name__
    if not isinstance(indicator, bt.LineSeries):  # an operation on lines: it is its one line, which has no name
        return kind
    return f"{kind}.{indicator.lines._getlinealias(number) or number}"


def trace(task: Task) -> Trace:
    """Run a strategy and write down what it did; an error of the strategy is part of that."""
    configuration, mode = task.configuration, task.mode
    cerebro = bt.Cerebro(stdstats=False, preload=mode.preload, runonce=mode.runonce, exactbars=mode.exactbars)
    cerebro.adddata((PerpetualFeed if mode.preload else _GrowingFeed)(market=task.market))
    broker = PerpetualBroker(costs=configuration.costs, listing=task.listing)
    cerebro.broker = broker
    add_strategy(cerebro, configuration, task.listing)
    notes, failure = _Notes(), None
    cerebro.addanalyzer(_Watcher, notes=notes)
    try:
        cerebro.run()
    except (Exception, SystemExit) as error:  # whatever a strategy raises is part of what it does
        failure = failure_of(error, load_strategy(configuration.strategy))
    bars = len(notes.rows)
    lines = np.array(notes.rows, dtype=np.float64).reshape(bars, len(notes.names))
    values = np.column_stack([broker.equities[:bars], broker.positions[:bars], lines])
    columns = ["equity", "position", *notes.names]
    return Trace(columns, values, broker.journal, notes.minimum_period, failure, notes.began)


def failure_of(error: BaseException, kind: type | None = None) -> Failure:
    """Return what was raised as plain text, which can leave the process."""
    told = "".join(traceback.format_exception(error))
    return Failure(type(error).__name__, sentence(error), user_line(error, kind), told)
