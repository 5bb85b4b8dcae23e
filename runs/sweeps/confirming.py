"""The best of a sweep, run again in the event engine and compared trade for trade."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from datafeeds.schema import Market
from runs.evaluating import Evaluator
from runs.parity import first_difference
from runs.sweeps.objective import best_first
from runs.sweeps.table import row_configuration


def confirm(
    count: int,
    facts: dict[str, Any],
    trials: pd.DataFrame,
    market: Market,
    evaluator: Evaluator,
    report: Callable[[int], None],
) -> dict[str, Any]:
    """Compare the best rows with the event engine, until one differs.

    Parameters
    ----------
    count
        How many of the best.
    facts, trials, market, evaluator
        The sweep: its marker's content, its table, its market and what evaluated it.
    report
        Called with 1 after each.

    Returns
    -------
    dict
        `asked`, `equal` (how many agreed), `number` of the row that differs or None, and `difference`: one sentence or None.
    """
    found: dict[str, Any] = {"asked": count, "equal": 0, "number": None, "difference": None}
    for _, row in best_first(trials, facts["objective"]).head(count).iterrows():
        configuration = row_configuration(facts, row)
        difference = first_difference(configuration, market, evaluator.evaluate(configuration))
        report(1)
        if difference is not None:
            return found | {"number": int(row["number"]), "difference": difference}
        found["equal"] += 1
    return found
