"""The whole protocol: every claim that is made of the heatmap, measured and judged together."""

from collections.abc import Callable

from runs.validation.claim import Claim, judge
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.trading import trading_claims
from runs.validation.dataset import Dataset

SOURCES: tuple[Callable[[Dataset], list[Claim]], ...] = (forecast_claims, trading_claims)
"""Where claims come from. Each takes a dataset and returns claims that are not judged yet."""


def measure_claims(dataset: Dataset, report: Callable[[str], None] | None = None) -> list[Claim]:
    """Return all claims with their verdicts.

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
    return judge(claims)
