"""The course of a sweep: batches of the search become units of work, units become rows, rows are told to the search."""

from collections.abc import Callable, Iterable, Iterator

from runs.sweeps.candidates import Combination
from runs.sweeps.crew import Crew
from runs.sweeps.objective import merit
from runs.sweeps.plan import Plan
from runs.sweeps.search import Draw
from runs.sweeps.spool import Spool
from runs.sweeps.work import LARGEST_UNIT, Bench, units

_UNITS_A_WORKER = 4
"""Units that each worker gets of a small batch, so that none waits long for the last (assumption)."""


def run_course(plan: Plan, bench: Bench, crew: Crew, spool: Spool, report: Callable[[int], None]) -> None:
    """Do what is not yet in the spool.

    Parameters
    ----------
    plan, bench, crew, spool
        What to try, with what, by whom, and where the rows go.
    report
        Called with the number of combinations that are done in addition, earlier ones included.
    """
    search = plan.search()
    share = -(-search.batch // (_UNITS_A_WORKER * crew.size))
    most = max(1, min(LARGEST_UNIT, share))
    for batch in search.batches():
        keys: dict[int, str] = {}
        todo = _missing(batch, plan, bench, spool, keys, report)
        for rows in crew.run(units(todo, plan.space.names, most)):
            report(spool.append(rows))
        search.tell({number: merit(plan.objective, spool.scores[key]) for number, key in keys.items()})


def _missing(
    batch: Iterable[Draw], plan: Plan, bench: Bench, spool: Spool, keys: dict[int, str], report: Callable[[int], None]
) -> Iterator[Combination]:
    """Yield the combinations of a batch that have no row, and note the keys of all."""
    for number, places in batch:
        values = plan.space.values(places)
        key = bench.candidates.key(values)
        keys[number] = key
        if key in spool.scores:
            report(1)
        else:
            yield Combination(number, key, values)
