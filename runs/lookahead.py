"""Prove or refute look-ahead: what a strategy does at a bar must not depend on later bars.

Three checks. *Modes*: backtrader's fast mode, with all data in memory, against strict streaming, where a later bar does not
exist yet. *Prefix*: the run on the first t bars against the first t bars of the whole run. *Poison*: the same length, but
everything after bar t replaced by garbage. Compared are every order sent, equity, position, and every line of every
indicator, bar by bar. Passing is no proof that there is none: a leak that changes nothing here stays unseen.
"""

import json
import sys
from dataclasses import dataclass, replace
from typing import Any

import backtrader as bt
import click
import numpy as np

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import Market
from runs.broker import PerpetualBroker
from runs.command import checked, run_command, suggest
from runs.config import Configuration, configuration_from, with_assignments
from runs.costs import check_leverage
from runs.engine import EngineMode, add_strategy, first_bars, load_market, profile_for
from runs.options import market_options

MODES = {
    "preload without runonce": EngineMode(preload=True, runonce=False),
    "streaming": EngineMode(preload=False, runonce=False),
}
"""What the fast mode (preload and runonce) is compared with. Not ``exactbars=1``: there an honest look back fails too."""


@dataclass(frozen=True)
class Trace:
    """What a run did at each bar: (n, columns) values with their names, or the error that ended it."""

    names: list[str]
    values: np.ndarray
    orders: list[tuple[int, str, float, float, float]]
    error: str = ""


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


class _Watcher(bt.Analyzer):  # type: ignore[misc]
    """Write down every indicator line at every bar's close."""

    def start(self) -> None:
        self.rows: list[list[float]] = []
        self._lines = [line for indicator in self.strategy.getindicators() for line in indicator.lines]

    def prenext(self) -> None:
        self.next()

    def next(self) -> None:
        self.rows.append([line[0] if len(line) else np.nan for line in self._lines])

    def names(self) -> list[str]:
        return [
            _line_name(indicator, number)
            for indicator in self.strategy.getindicators()
            for number, _ in enumerate(indicator.lines)
        ]


def _line_name(indicator: Any, number: int) -> str:
    kind = type(indicator).__name__
    if not isinstance(indicator, bt.LineSeries):  # an operation on lines: it is its one line, which has no name
        return kind
    return f"{kind}.{indicator.lines._getlinealias(number) or number}"


def trace(configuration: Configuration, market: Market, mode: EngineMode, tiers: np.ndarray) -> Trace:
    """Run a strategy and write down what it did; an error of the strategy is part of that."""
    cerebro = bt.Cerebro(stdstats=False, preload=mode.preload, runonce=mode.runonce, exactbars=mode.exactbars)
    cerebro.adddata(PerpetualFeed(market=market))
    broker = PerpetualBroker(costs=configuration.costs, tiers=tiers)
    cerebro.broker = broker
    add_strategy(cerebro, configuration)
    cerebro.addanalyzer(_Watcher)
    try:
        watcher = cerebro.run()[0].analyzers[0]
    except Exception as error:  # what a leaking strategy raises when the future is not there convicts it
        return Trace([], np.zeros((len(broker.equities), 0)), broker.journal, f"{type(error).__name__}: {error}")
    rows = np.array(watcher.rows, dtype=np.float64).reshape(len(watcher.rows), -1)
    account = np.column_stack([broker.equities, broker.positions])[-len(rows) :]
    return Trace(["equity", "position", *watcher.names()], np.column_stack([account, rows]), broker.journal)


def first_difference(check: str, ours: Trace, theirs: Trace, bars: int, times: np.ndarray) -> Difference | None:
    """Return where two traces part within the first `bars` bars, or None."""
    if ours.error != theirs.error:
        bar = min(len(ours.values), len(theirs.values), bars - 1)
        shown = (ours.error or "no error", theirs.error or "no error")
        return Difference(check, bar, _stamp(times, bar), "the strategy's own error", *shown)
    found: list[Difference] = []
    count = min(len(ours.values), len(theirs.values), bars)
    a, b = ours.values[:count], theirs.values[:count]
    differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if differs.any():
        bar = int(differs.any(axis=1).argmax())
        column = int(differs[bar].argmax())
        shown = (repr(float(a[bar, column])), repr(float(b[bar, column])))
        found.append(Difference(check, bar, _stamp(times, bar), ours.names[column], *shown))
    sent = [[order for order in run.orders if order[0] < bars] for run in (ours, theirs)]
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


def examine(configuration: Configuration, market: Market, cuts: int, seed: int = 1) -> list[Difference]:
    """Return every difference found, one a check at most.

    Parameters
    ----------
    configuration, market
        What to examine, on what.
    cuts
        How many points in time the prefix and poison checks take.
    seed
        Of the cut points and the garbage.
    """
    tiers = profile_for(
        configuration, market
    ).tiers  # of the whole market: what is compared must differ in its bars alone
    fast = trace(configuration, market, EngineMode(), tiers)
    times = market.times
    found = []
    for name, mode in MODES.items():
        found.append(
            first_difference(f"modes, {name}", fast, trace(configuration, market, mode, tiers), len(market), times)
        )
    random = np.random.default_rng(seed)
    points = sorted(
        random.choice(np.arange(2, len(market) - 1), size=min(cuts, len(market) - 3), replace=False).tolist()
    )
    for kind in ("prefix", "poison"):
        for point in points:
            other = first_bars(market, point) if kind == "prefix" else poisoned(market, point, seed + point)
            difference = first_difference(
                f"{kind}, {point} bars", fast, trace(configuration, other, EngineMode(), tiers), point, times
            )
            if difference:
                found.append(difference)
                break
    return [difference for difference in found if difference]


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
    """Look for look-ahead in a strategy; exit code 1 if there is any."""
    flags = {"strategy": strategy, **market_named}
    settings = checked(with_assignments, {k: v for k, v in flags.items() if v is not None}, assignments)
    configuration: Configuration = checked(configuration_from, settings)  # type: ignore[assignment]
    market = load_market(configuration)
    if len(market) < 100:
        raise click.UsageError(f"{market.name}: {len(market)} bars are too few to find anything; give at least 100")
    checked(check_leverage, configuration.costs, profile_for(configuration, market))
    found = examine(configuration, market, cuts)
    if as_json:
        sys.stdout.write(json.dumps({"strategy": strategy, "look_ahead": [vars(f) for f in found]}, indent=2) + "\n")
    elif found:
        sys.stdout.write(f"LOOK-AHEAD in {strategy} on {market.name}:\n")
        sys.stdout.writelines(f"  {difference.sentence()}\n" for difference in found)
    else:
        sys.stdout.write(
            f"no look-ahead found in {strategy} on {market.name}: {len(market):,} bars, "
            f"{len(MODES) + 1} engine modes, {cuts} prefixes, {cuts} poisoned futures\n"
        )
    if not as_json:
        suggest("backtest", {"strategy": strategy, **market_named})
    return 1 if found else 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
