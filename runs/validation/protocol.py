"""The whole protocol: every claim that is made of the heatmap, measured and judged together."""

from collections.abc import Callable, Sequence
from typing import Any

from runs.validation.claim import Claim, judge
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.trading import trading_claims
from runs.validation.claims.truth import truth_claims
from runs.validation.dataset import Dataset
from runs.validation.pooling import pooled_claims, shared_days
from runs.validation.record import pooled_record, validation_record

SOURCES: tuple[Callable[[Dataset], list[Claim]], ...] = (forecast_claims, trading_claims)
"""Where claims come from. Each takes a dataset and returns claims that are not judged yet."""


def unjudged_claims(dataset: Dataset, report: Callable[[str], None] | None = None) -> list[Claim]:
    """Return all claims as they are measured on a market.

    Parameters
    ----------
    dataset
        A market and the map of it.
    report
        Called with what is being measured, for whoever waits.
    """
    claims: list[Claim] = []
    for source in SOURCES:
        if report is not None:
            report(source.__name__.replace("_", " "))
        claims += source(dataset)
    return claims


def measure_claims(dataset: Dataset, report: Callable[[str], None] | None = None) -> list[Claim]:
    """Return all claims with their verdicts; as `unjudged_claims`."""
    return judge(unjudged_claims(dataset, report))


def measure_markets(datasets: Sequence[Dataset], report: Callable[[str], None] = lambda doing: None) -> dict[str, Any]:
    """Return the record of all claims on one market, or on several: over all of them, and on each by itself.

    Parameters
    ----------
    datasets
        Markets of different names (`runs.validation.pooling.told_apart`), and the maps of them.
    report
        Called with what is being measured.
    """
    claims = [unjudged_claims(dataset, report) for dataset in datasets]
    report("truth claims")
    records = [
        validation_record(judge([*own, *truth_claims([dataset])]), dataset)
        for own, dataset in zip(claims, datasets, strict=True)
    ]
    if len(records) == 1:
        return records[0]
    # Accounts hold several coins: their positions are pooled as rows, and not as statistics.
    pooled = [*pooled_claims([dataset.market.name for dataset in datasets], claims), *truth_claims(datasets)]
    return pooled_record(judge(pooled), records, shared_days([dataset.days for dataset in datasets]))
