"""The liquidation report as one record: every figure that any of its forms shows, under a name with its unit."""

from dataclasses import asdict
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import State
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from runs.analysis.exchanges import exchange_section, largest_section
from runs.analysis.heat import LEVEL_FRACTION
from runs.analysis.leverage import leverage_section
from runs.analysis.sections import (
    cascade_section,
    cluster_row,
    context_section,
    day_section,
    heat_section,
    implication_section,
    level_section,
    moment_section,
    summary_section,
)
from runs.engines.event import run_model
from runs.outcome.provenance import market_record
from runs.stress_test.record import stress_record

NOT_MEASURED = "The signals have not been validated on this data by this version."
STRESS_MOVES = (0.02, 0.05, 0.10)
"""Moves of price, fractions each way, that the report's stress test asks about; `runs.stress` asks about any."""

CAVEATS = (
    "Liquidation levels are estimates: nobody publishes positions, and leverage is assumed, not observed.",
    "A level is a zone, and it shifts as positions open and close.",
    "Wicks take stops: price can pierce a level and come back within a bar. A stop behind a cluster is not proven to be safer.",
)


def analyse(
    market: Market, parameters: ModelParameters, level_fraction: float = LEVEL_FRACTION, layers: bool = False
) -> dict[str, Any]:
    """Return the record at the last bar of a market, the model taken through all of it, with its stress test.

    With `layers` it has a `leverage_section` as well, for which the model runs once more a group of leverages.

    Raises
    ------
    ValueError
        For a height of levels that is not positive.
    """
    snapshots, state = run_model(parameters, market)
    clusters = significant_clusters(state)
    record = analysis_record(market, parameters, snapshots[-1], clusters, state, level_fraction)
    return record | {"leverage": leverage_section(market, parameters, clusters)} if layers else record


def analysis_record(
    market: Market, parameters: ModelParameters, view: Any, clusters: np.ndarray, state: State,
    level_fraction: float = LEVEL_FRACTION, evidence: str = NOT_MEASURED,
) -> dict[str, Any]:  # fmt: skip
    """Return the liquidation report at the last bar of a market.

    Parameters
    ----------
    market
        The bars up to the report's.
    parameters
        Of the model.
    view
        Record of `SNAPSHOT` at the last bar.
    clusters
        (n,) of `CLUSTER` there, largest first.
    state
        Of the model there.
    level_fraction
        Height of a row of the heat table, fraction of price.
    evidence
        What was found of the claims on this data, in sentences.

    Returns
    -------
    dict
        Plain values; NaN where unknown (`runs.outcome.writing.jsonable` makes it null). Sums in USD are in the quote currency.
    """
    stress = stress_record(market, parameters, STRESS_MOVES, by_side=False)
    rows = [cluster_row(number, cluster) for number, cluster in enumerate(clusters, 1)]
    return {
        "data": market_record(market),
        "at": moment_section(market, view),
        "parameters": asdict(parameters),
        "last_24_hours": day_section(view, parameters) | {"largest_single": largest_section(market)},
        "exchanges": exchange_section(market),
        "context": context_section(view),
        "clusters": rows,
        "heat": {"level_fraction": level_fraction, **heat_section(state, parameters, clusters, level_fraction)},
        "summary": summary_section(rows),
        "cascade": cascade_section(view),
        "after_wipes": {kind: level_section(view, kind, market.times) for kind in ("support", "resistance")},
        "stress": {name: stress[name] for name in ("unit", "horizons", "scenarios", "notes")},
        "implications": implication_section(view),
        "evidence": evidence,
        "caveats": list(CAVEATS),
    }
