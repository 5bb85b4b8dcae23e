"""Prove or refute look-ahead: what a strategy does at a bar must not depend on later bars.

Three checks. *Modes*: backtrader's fast mode, with all data in memory, against strict streaming, where a later bar does not
exist yet. *Prefix*: the run on the first t bars against the first t bars of the whole run. *Poison*: the same length, but
everything after bar t replaced by garbage. Compared are every order sent, equity, position, every line of every indicator,
and the bar at which the strategy raises, if it does. Passing is no proof that there is none: a leak that changes nothing here
stays unseen.
"""

import sys
from dataclasses import dataclass, field, replace
from typing import Any

import backtrader as bt
import click
import numpy as np

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import Market
from runs.commandline.command import InputError, as_input_error, note, run_command, suggest
from runs.commandline.options import market_options
from runs.commandline.output import print_json
from runs.engines.broker import PerpetualBroker
from runs.engines.configuration import Configuration, configuration_from, with_assignments
from runs.engines.event import EngineMode, add_strategy, checked_profile, load_market, profile_for

MODES = {
    "preload without runonce": EngineMode(preload=True, runonce=False),
    "streaming": EngineMode(preload=False, runonce=False),
}
"""What the fast mode (preload and runonce) is compared with. Not ``exactbars=1``: there an honest look back fails too."""


@dataclass(frozen=True)
class Trace:
    """What a run did at each bar, as far as it came.

    Attributes
    ----------
    names, values
        (n, columns) values at the closes of the bars that ended without an error, and the names of the columns.
    orders
        Those sent: bar, kind, size, price, limit.
    minimum_period
        Bars that the strategy waits for before its first decision; 1 if it failed before it could say.
    error
        What the strategy raised, or None.
    """

    names: list[str]
    values: np.ndarray
    orders: list[tuple[int, str, float, float, float]]
    minimum_period: int
    error: Exception | None


@dataclass(frozen=True)
class Difference:
    """The first bar at which two runs part."""

    check: str
    bar: int
    time: str
    what: str
    ours: str
    theirs: str

    def sentence(self) -> str:
        """Return the finding in one line."""
        return f"{self.check}: first differs at bar {self.bar} ({self.time} UTC) in {self.what}: {self.ours} against {self.theirs}"


@dataclass
class _Notes:
    """What the watcher writes down; it outlives a run that ends in an error."""

    minimum_period: int = 1
    names: list[str] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)


class _Watcher(bt.Analyzer):  # type: ignore[misc]
    """Write down every indicator line at every bar's close."""

    params = (("notes", None),)

    def start(self) -> None:
        self.p.notes.minimum_period = self.strategy._minperiod
        indicators = self.strategy.getindicators()
        self.p.notes.names += [_line_name(one, number) for one in indicators for number, _ in enumerate(one.lines)]
        self._lines = [line for indicator in indicators for line in indicator.lines]

    def prenext(self) -> None:
        self.next()

    def next(self) -> None:
        self.p.notes.rows.append([line[0] if len(line) else np.nan for line in self._lines])


def _line_name(indicator: Any, number: int) -> str:
    kind = type(indicator).__name__
    if not isinstance(indicator, bt.LineSeries):  # an operation on lines: it is its one line, which has no name
        return kind
    return f"{kind}.{indicator.lines._getlinealias(number) or number}"


def trace(configuration: Configuration, market: Market, mode: EngineMode, tiers: np.ndarray) -> Trace:
    """Run a strategy and write down what it did; an error of the strategy is part of that.

    Whole-array evaluation of the indicators is over before the first bar, so an error in it does not say at which bar it
    belongs. Such a run is done again bar by bar.
    """
    found = _trace(configuration, market, mode, tiers)
    if found.error is None or len(found.values) or not mode.runonce:
        return found
    stepped = _trace(configuration, market, replace(mode, runonce=False), tiers)
    return found if stepped.error is None else stepped


def _trace(configuration: Configuration, market: Market, mode: EngineMode, tiers: np.ndarray) -> Trace:
    cerebro = bt.Cerebro(stdstats=False, preload=mode.preload, runonce=mode.runonce, exactbars=mode.exactbars)
    cerebro.adddata(PerpetualFeed(market=market))
    broker = PerpetualBroker(costs=configuration.costs, tiers=tiers)
    cerebro.broker = broker
    add_strategy(cerebro, configuration)
    notes, error = _Notes(), None
    cerebro.addanalyzer(_Watcher, notes=notes)
    try:
        cerebro.run()
    except Exception as raised:  # whatever a strategy raises is part of what it does
        error = raised
    bars = len(notes.rows)
    lines = np.array(notes.rows, dtype=np.float64).reshape(bars, len(notes.names))
    values = np.column_stack([broker.equities[:bars], broker.positions[:bars], lines])
    return Trace(["equity", "position", *notes.names], values, broker.journal, notes.minimum_period, error)


def first_difference(check: str, ours: Trace, theirs: Trace, bars: int, times: np.ndarray) -> Difference | None:
    """Return where two traces part within the first `bars` bars, or None."""
    found: list[Difference] = []
    ends = [(len(run.values), type(run.error)) if _ended(run, bars) else None for run in (ours, theirs)]
    if ends[0] != ends[1]:
        bar = min(end[0] for end in ends if end)
        met = [
            _sentence(run.error) if end and end[0] == bar else "no error"
            for run, end in zip((ours, theirs), ends, strict=True)
        ]
        found.append(Difference(check, bar, _stamp(times, bar), "the strategy's own error", *met))
    count = min(len(ours.values), len(theirs.values), bars)
    a, b = ours.values[:count], theirs.values[:count]
    differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if differs.any():
        bar = int(differs.any(axis=1).argmax())
        column = int(differs[bar].argmax())
        shown = (repr(float(a[bar, column])), repr(float(b[bar, column])))
        found.append(Difference(check, bar, _stamp(times, bar), ours.names[column], *shown))
    sent = [[order for order in run.orders or () if order[0] < bars] for run in (ours, theirs)]
    for one, other in zip(*sent, strict=False):
        if one != other:
            found.append(_order_difference(check, one, other, times))
            break
    else:
        if len(sent[0]) != len(sent[1]):
            longer = max(sent, key=len)[min(map(len, sent))]
            pair = (longer, None) if len(sent[0]) > len(sent[1]) else (None, longer)
            found.append(_order_difference(check, *pair, times))
    return min(found, key=lambda difference: difference.bar, default=None)


def _ended(run: Trace, bars: int) -> bool:
    return run.error is not None and len(run.values) < bars


def _sentence(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"


def _order_difference(check: str, one: Any, other: Any, times: np.ndarray) -> Difference:
    bar = max(min(order[0] for order in (one, other) if order), 0)
    return Difference(check, bar, _stamp(times, bar), "the orders sent", _order(one), _order(other))


def _order(order: Any) -> str:
    return "none" if order is None else f"{order[1]} {order[2]:+g} at {order[3]:g} (bar {order[0]})"


def _stamp(times: np.ndarray, bar: int) -> str:
    return str(np.datetime_as_string(times[min(bar, len(times) - 1)], unit="m"))


def poisoned(market: Market, bars: int, seed: int) -> Market:
    """Return a market of the same length whose bars from `bars` on are garbage (but valid)."""
    random = np.random.default_rng(seed)
    frame = market.frame.copy()
    count = len(frame) - bars
    factor = np.exp(np.cumsum(random.standard_normal(count) * 0.05) + random.choice([-0.5, 0.5]))
    for column in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close"):
        if column in frame:
            frame.loc[bars:, column] = frame[column].to_numpy()[bars:] * factor
    for column in frame.columns.drop(
        ["ts", "open", "high", "low", "close", "mark_high", "mark_low", "mark_close"], errors="ignore"
    ):
        if column not in ("open_interest_break", "funding_rate"):
            frame.loc[bars:, column] = frame[column].to_numpy()[bars:] * random.uniform(0.2, 5.0, count)
    return replace(market, frame=frame)


@dataclass(frozen=True)
class Examination:
    """What came of it: every difference found, one a check at most; how many cut points; the strategy's minimum period."""

    differences: list[Difference]
    cuts: int
    minimum_period: int


def examine(configuration: Configuration, market: Market, cuts: int, seed: int = 1) -> Examination:
    """Run the three checks.

    Parameters
    ----------
    configuration, market
        What to examine, on what.
    cuts
        How many points in time the prefix and poison checks take at most. A strategy decides nothing in a prefix shorter
        than its minimum period, so none is taken there.
    seed
        Of the cut points and the garbage.

    Raises
    ------
    InputError
        For a strategy whose minimum period exceeds the market; for one that raises before it has done anything, or at the
        same bar in every run that comes so far.
    """
    profile = profile_for(configuration, market)  # of the whole market: what is compared must differ in its bars alone
    fast = trace(configuration, market, EngineMode(), profile.tiers)
    if fast.minimum_period > len(market):
        raise InputError(
            f"strategy {configuration.strategy} decides nothing before bar {fast.minimum_period:,} (its minimum period), "
            f"and {market.name} has {len(market):,} bars: give more"
        )
    if fast.error is not None and not len(fast.values):
        raise _own_error(configuration, market, fast) from fast.error
    found = []
    for name, mode in MODES.items():
        other = trace(configuration, market, mode, profile.tiers)
        found.append(first_difference(f"modes, {name}", fast, other, len(market), market.times))
    possible = np.arange(max(fast.minimum_period, 2), len(market) - 1)
    points = np.random.default_rng(seed).choice(possible, size=min(cuts, len(possible)), replace=False)
    for kind in ("prefix", "poison"):
        for point in sorted(points.tolist()):
            bars = market.head(point) if kind == "prefix" else poisoned(market, point, seed + point)
            other = trace(configuration, bars, EngineMode(), profile.tiers)
            found.append(first_difference(f"{kind}, {point} bars", fast, other, point, market.times))
            if found[-1]:
                break
    differences = [difference for difference in found if difference]
    if fast.error is not None and not differences:
        raise _own_error(configuration, market, fast) from fast.error
    return Examination(differences, len(points), fast.minimum_period)


def _own_error(configuration: Configuration, market: Market, run: Trace) -> InputError:
    return InputError(
        f"strategy {configuration.strategy} raises after {len(run.values):,} of {len(market):,} bars: "
        f"{_sentence(run.error)}; --debug shows where"
    )


@click.command(epilog="Example: python -m runs.lookahead --strategy my_module:MyStrategy --data btc_1h.parquet")
@click.option("--strategy", required=True, help="magnet, cascade, wipe, overlay, or package.module:Class.")
@market_options
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set one parameter; may be repeated.")
@click.option(
    "--cuts", default=6, show_default=True, type=click.IntRange(1, 1000), help="Points of the prefix and poison checks."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON on stdout.")
def command(
    strategy: str,
    assignments: tuple[str, ...],
    cuts: int,
    as_json: bool,
    **market_named: str | None,
) -> int:
    """Look for look-ahead in a strategy; exit code 1 if there is any, 2 if the strategy fails of itself."""
    flags = {"strategy": strategy, **market_named}
    settings = as_input_error(with_assignments, {k: v for k, v in flags.items() if v is not None}, assignments)
    configuration: Configuration = as_input_error(configuration_from, settings)
    market = load_market(configuration)
    if len(market) < 100:
        raise click.UsageError(f"{market.name}: {len(market)} bars are too few to find anything; give at least 100")
    as_input_error(checked_profile, configuration, market)
    examination = examine(configuration, market, cuts)
    found, taken = examination.differences, examination.cuts
    if taken < cuts:
        period = f"{strategy} decides nothing before bar {examination.minimum_period:,} of {len(market):,}"
        note(f"{taken} of {cuts} prefixes and poisoned futures: {period}; more bars prove more")
    if as_json:
        listed = {"strategy": strategy, "cuts": taken, "look_ahead": [vars(difference) for difference in found]}
        print_json(listed)
    elif found:
        sys.stdout.write(f"LOOK-AHEAD in {strategy} on {market.name}:\n")
        sys.stdout.writelines(f"  {difference.sentence()}\n" for difference in found)
    else:
        sys.stdout.write(
            f"no look-ahead found in {strategy} on {market.name}: {len(market):,} bars, "
            f"{len(MODES) + 1} engine modes, {taken} prefixes, {taken} poisoned futures\n"
        )
    if not as_json:
        suggest("backtest", {"strategy": strategy, **market_named})
    return 1 if found else 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
