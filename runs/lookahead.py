"""Prove or refute look-ahead: what a strategy does at a bar must not depend on later bars.

Each run has a process of its own, and writes down every order sent, equity, position, every line of every indicator, and the
bar at which the strategy raises, if it does. *Prefix*: the run on the first t bars against the first t bars of the whole run.
*Poison*: the same length, but everything after bar t replaced by garbage. *Modes*: backtrader's fast mode, with all data in
memory, against strict streaming, where a later bar does not exist yet; where they part, the other two look closer, and they
alone convict. A run that differs from its own repetition is no evidence of anything. Passing is no proof that there is no
leak: one that changes nothing here stays unseen, as does all that a strategy reads by itself.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import click

from datafeeds.schema import Market
from runs.commandline.command import Command, InputError, as_input_error, note, run_command, suggest
from runs.commandline.compiling import note_compiling
from runs.commandline.options import asked_settings, universe_options
from runs.commandline.output import print_json
from runs.commandline.uncompiled import note_uncompiled
from runs.engines.configuration import Configuration, configuration_from
from runs.engines.event import EngineMode, load_market
from runs.engines.instruments import checked_listing, listing_for
from runs.engines.joint.plan import configurations_of
from runs.engines.joint.universe import load_universe
from runs.tracing.alone import traces
from runs.tracing.comparing import Difference, first_difference, stamp
from runs.tracing.cuts import cut_points, cut_range
from runs.tracing.poison import poisoned
from runs.tracing.trace import Failure, Task, Trace

FAST = EngineMode()
MODES = {
    "preload without runonce": EngineMode(preload=True, runonce=False),
    "streaming": EngineMode(preload=False, runonce=False),
}
"""What the fast mode (preload and runonce) is compared with. Not ``exactbars=1``: there an honest look back fails too."""

NOT_SEEN = (
    "what a strategy reads by itself (a file, the network) is the same in every run: a leak from there stays unseen"
)


@dataclass(frozen=True)
class Examination:
    """What came of it.

    Attributes
    ----------
    differences
        Look-ahead: every check that found any, at most once.
    modes
        Differences between engine modes that no later bar has a part in.
    cuts
        How many points in time the prefix and poison checks took.
    minimum_period
        The strategy's, bars.
    opened
        Files that the strategy read by itself.
    """

    differences: list[Difference]
    modes: list[Difference]
    cuts: int
    minimum_period: int
    opened: tuple[str, ...]

    @property
    def acquitted(self) -> bool:
        """Whether no look-ahead was found, and the strategy does the same in all modes; its indicators may round."""
        return not self.differences and all(difference.of_lines for difference in self.modes)


def examine(configuration: Configuration, market: Market, cuts: int, seed: int = 1) -> Examination:
    """Run the three checks.

    Parameters
    ----------
    configuration, market
        What to examine, on what.
    cuts
        How many points in time the prefix and poison checks take at most, beside those at which engine modes part.
    seed
        Of the cut points and the garbage.

    Raises
    ------
    InputError
        For a strategy whose minimum period exceeds the market; for one that raises before it has done anything, or at the
        same bar in every run that comes so far; for one that does not do the same twice.
    """
    # Of the whole market: what is compared must differ in its bars alone.
    listing = listing_for(configuration, market)
    task = partial(Task, configuration, listing=listing)
    firsts = [task(market=market, mode=mode) for mode in (FAST, FAST, *MODES.values())]
    fast, again, *others = _stepped(firsts)
    whole = partial(first_difference, ours=fast, bars=len(market), times=market.times)
    _refuse_chance(configuration, whole("repetition", theirs=again))
    if fast.minimum_period > len(market):
        raise InputError(
            f"strategy {configuration.strategy} decides nothing before bar {fast.minimum_period:,} (its minimum period), "
            f"and {market.name} has {len(market):,} bars: give more"
        )
    if fast.error is not None and not len(fast.values):
        raise _own_error(configuration, market, fast)
    named = [(f"modes, {name}", other) for name, other in zip(MODES, others, strict=True)]
    conduct = [part for name, other in named if (part := whole(name, theirs=other, conduct=True))]
    anything = [part for name, other in named if (part := whole(name, theirs=other))]
    lowest, highest = cut_range(fast, len(market))
    suspects = {difference.bar + 1 for difference in conduct + anything if lowest <= highest}
    closer = {min(max(bars, lowest), highest) for bars in suspects}
    points = sorted(closer.union(cut_points(fast, len(market), cuts, seed)))
    tasks = [task(market=market.head(point), mode=FAST) for point in points]
    tasks += [task(market=poisoned(market, point, seed + point), mode=FAST) for point in points]
    differences = _convictions(configuration, market, fast, points, tasks)
    if fast.error is not None and not differences:
        raise _own_error(configuration, market, fast)
    modes = [] if differences else conduct or anything
    found = anything + differences if differences else []
    return Examination(found, modes, len(points), fast.minimum_period, fast.opened)


def _convictions(
    configuration: Configuration, market: Market, fast: Trace, points: list[int], tasks: list[Task]
) -> list[Difference]:
    """Return the earliest difference of prefixes and of poisoned futures; each was found twice."""
    runs = _stepped(tasks)
    found = []
    for number, kind in enumerate(("prefix", "poison")):
        for place, point in enumerate(points):
            index = number * len(points) + place
            compare = partial(first_difference, f"{kind}, {point} bars", bars=point, times=market.times)
            difference = compare(fast, runs[index])
            if difference is not None:
                (again,) = _stepped(tasks[index : index + 1])
                _refuse_chance(configuration, compare(runs[index], again))
                found.append(difference)
                break
    return found


def _stepped(tasks: Sequence[Task]) -> list[Trace]:
    """Return the traces of tasks.

    Whole-array evaluation of the indicators is over before the first bar, so an error in it does not say at which bar it
    belongs. Such a run is done again bar by bar.
    """
    found = traces(tasks)
    early = [i for i, run in enumerate(found) if run.error and not len(run.values) and tasks[i].mode.runonce]
    stepped = traces([replace(tasks[i], mode=replace(tasks[i].mode, runonce=False)) for i in early])
    for i, run in zip(early, stepped, strict=True):
        found[i] = run if run.error else found[i]
    return found


def _refuse_chance(configuration: Configuration, difference: Difference | None) -> None:
    if difference is not None:
        raise InputError(
            f"strategy {configuration.strategy} is non-deterministic: two equal runs differ first at {difference.where()}; "
            "seed its random numbers, and let it read no clock"
        )


def _own_error(configuration: Configuration, market: Market, run: Trace) -> InputError:
    bar, failure = len(run.values), run.error or Failure("", "")
    if not run.began:
        when = "before its first bar"
    elif bar == len(market):
        when = f"after its last bar, {bar - 1:,}"
    else:
        when = f"at bar {bar:,} ({stamp(market.times, bar)} UTC) of {len(market):,}"
    told = InputError(
        f"strategy {configuration.strategy} raises {when}: {failure.sentence} ({failure.place}); --debug shows more"
    )
    told.add_note(failure.traceback)
    return told


@click.command(
    cls=Command, epilog="Example: python -m runs.lookahead --strategy my_module:MyStrategy --data btc_1h.parquet"
)
@click.option("--strategy", required=True, help="magnet, cascade, wipe, overlay, or package.module:Class.")
@universe_options
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
    """Look for look-ahead in a strategy, on one market or on several in turn.

    Exit code 1 if there is any, or if it does other things in other engine modes; 2 if it fails of itself or is not
    deterministic.
    """
    settings = asked_settings({"strategy": strategy, **market_named}, assignments, None)
    configuration: Configuration = as_input_error(configuration_from, settings)
    named = _markets_of(configuration)
    for own, market in named:
        if len(market) < 100:
            raise click.UsageError(f"{market.name}: {len(market)} bars are too few to find anything; give at least 100")
        as_input_error(checked_listing, own, market)
    note_compiling()
    note_uncompiled(strategy)
    done = list[tuple[Market, Examination]]()
    for own, market in named:
        done.append((market, examine(own, market, cuts)))
        _note(done[-1][1], strategy, market, cuts)
        if not as_json:
            _tell(done[-1][1], strategy, market)
        if not done[-1][1].acquitted:
            break
    acquitted = done[-1][1].acquitted
    if as_json:
        print_json(_record(done, strategy, len(named) > 1))
    elif acquitted:
        sys.stdout.write(f"Not seen: {NOT_SEEN}.\n")
        suggest("backtest", {"strategy": strategy, **market_named, "set": assignments})
    elif len(done) < len(named):
        sys.stdout.write(f"{len(done)} of {len(named)} markets were examined; this is the first with a finding.\n")
    return 0 if acquitted else 1


def _markets_of(configuration: Configuration) -> list[tuple[Configuration, Market]]:
    """Return what is examined, market by market: each alone, with all its bars until the last that may be traded."""
    if not configuration.several:
        return [(configuration, load_market(configuration))]
    universe = load_universe(configuration)
    seen = [each.market.head(each.last) for each in universe.markets]
    return list(zip(configurations_of(configuration, universe), seen, strict=True))


def _record(done: Sequence[tuple[Market, Examination]], strategy: str, several: bool) -> dict[str, Any]:
    found = [
        {
            "market": market.name,
            "cuts": examination.cuts,
            "look_ahead": [vars(difference) for difference in examination.differences],
            "engine_modes": [vars(difference) for difference in examination.modes],
        }
        for market, examination in done
    ]
    of_one = {key: value for key, value in found[0].items() if key != "market"}
    return {"strategy": strategy, **({"markets": found} if several else of_one), "not_seen": NOT_SEEN}


def _note(examination: Examination, strategy: str, market: Market, cuts: int) -> None:
    taken = examination.cuts
    if taken < cuts:
        period = f"{strategy} decides nothing before bar {examination.minimum_period:,} of {len(market):,}"
        note(f"{taken} of {cuts} prefixes and poisoned futures: {period}; more bars prove more")
    if examination.opened:
        note(f"{strategy} reads {', '.join(examination.opened)} by itself")


def _tell(examination: Examination, strategy: str, market: Market) -> None:
    found, modes, taken = examination.differences, examination.modes, examination.cuts
    if found:
        lines = [f"LOOK-AHEAD in {strategy} on {market.name}:"]
    else:
        counted = f"{len(market):,} bars, {len(MODES) + 1} engine modes, {taken} prefixes, {taken} poisoned futures"
        lines = [f"no look-ahead found in {strategy} on {market.name}: {counted}"]
    if modes:
        lines.append("It depends on the engine mode, though on no later bar that was tried:")
    lines += [f"  {difference.sentence()}" for difference in found + modes]
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
