"""The whole protocol: every claim that is made of the heatmap, measured and judged together."""

from collections.abc import Callable

from runs.validation.claim import Claim, judge
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.trading import trading_claims
from runs.validation.dataset import Reading

SOURCES: tuple[Callable[[Reading], list[Claim]], ...] = (forecast_claims, trading_claims)
"""Where claims come from. Each takes a reading and returns claims that are not judged yet."""


def validate(reading: Reading, report: Callable[[str], None] | None = None) -> list[Claim]:
    """Return all claims with their verdicts.

    Parameters
    ----------
    reading
        A market and the map of it.
    report
        Called with what is being measured, for whoever waits.
    """
    claims: list[Claim] = []
    for source in SOURCES:
        if report is not None:
            report(source.__name__.replace("_", " "))
        claims += source(reading)
    return judge(claims)
