"""A claim, what was measured of it, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

import numpy as np

from runs.statistics.bootstrap import Interval, Sample
from runs.statistics.multiplicity import adjusted_p_values

VALIDATED, NOT_VALIDATED, TOO_LITTLE_DATA = "validated", "not validated", "too little data"

DISCOVERY_RATE = 0.05
"""Share of false ones that is borne among validated claims (convention; Benjamini & Hochberg 1995)."""


_TWO_SIDED, _POWER = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)


@dataclass(frozen=True)
class Test:
    """One comparison of a claim with one baseline, on data that took no part in fitting.

    Attributes
    ----------
    baseline
        What the claim has to beat, in words.
    interval
        Of the statistic; positive speaks for the claim.
    observations
        Bars or episodes behind it.
    effective
        How many of them count after dependence.
    one_sided
        For a placebo: whether only a statistic above zero is an effect (a skill out of sample lies below zero for whatever
        knows nothing).
    sample
        What it gives to the same test over several markets; None where it cannot be pooled.
    """

    baseline: str
    interval: Interval
    observations: int
    effective: float
    one_sided: bool = False
    sample: Sample | None = field(default=None, compare=False, repr=False)

    @property
    def shows_effect(self) -> bool:
        """Whether the interval excludes zero, on a side that counts."""
        return self.interval.low > 0.0 or (self.interval.high < 0.0 and not self.one_sided)

    @property
    def p_value(self) -> float:
        """Of the interval; NaN where it rests on one observation, which can say nothing."""
        return self.interval.p_value if self.observations > 1 else float("nan")

    @property
    def minimum_detectable_effect(self) -> float:
        """The true value that this test would have told from zero four times in five.

        Notes
        -----
        (z(.975) + z(.8)) standard errors, the error taken from the interval's width (Bloom 1995). Above it, *not validated*
        speaks against the claim; below it the data could not tell. NaN where one observation can tell nothing.
        """
        if self.observations < 2:
            return float("nan")
        standard_error = (self.interval.high - self.interval.low) / (2.0 * _TWO_SIDED)
        return (_TWO_SIDED + _POWER) * standard_error

    __test__ = False  # not a pytest class


@dataclass(frozen=True)
class Claim:
    """One line of the evidence.

    Attributes
    ----------
    name
        Stable identifier, such as ``magnet``.
    statement
        What is claimed, one sentence.
    statistic
        What is measured, with its unit.
    tests
        All of them must speak for the claim; none: the data does not allow it.
    least
        Effective observations under which there is too little data.
    placebos
        Comparisons that must show nothing.
    references
        The same statistic of a map that knows less, for comparison: they decide nothing.
    remarks
        One sentence each, for the reader.
    adjusted_p
        The largest of the tests, adjusted for all claims judged together; NaN before `judge`.
    verdict
        `VALIDATED`, `NOT_VALIDATED` or `TOO_LITTLE_DATA`; empty before `judge`.
    """

    name: str
    statement: str
    statistic: str
    tests: tuple[Test, ...] = ()
    least: float = 20.0
    placebos: tuple[Test, ...] = ()
    references: tuple[Test, ...] = ()
    remarks: tuple[str, ...] = ()
    adjusted_p: float = float("nan")
    verdict: str = ""
    details: dict[str, object] = field(default_factory=dict)

    @property
    def weakest(self) -> Test | None:
        """The test against the hardest baseline: the smallest statistic (p-values of strong claims are tied)."""
        known = [test for test in self.tests if not np.isnan(test.p_value)]
        return min(known, key=lambda test: test.interval.estimate) if known else None

    @property
    def largest_p_value(self) -> float:
        """Of all tests: what is adjusted; NaN without one."""
        return max((test.p_value for test in self.tests if not np.isnan(test.p_value)), default=float("nan"))

    @property
    def has_data(self) -> bool:
        """Whether every test has enough effective observations."""
        return bool(self.tests) and all(
            test.effective >= self.least and not np.isnan(test.p_value) for test in self.tests
        )


def judge(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims with their verdicts, adjusted for being judged together.

    Notes
    -----
    A claim is validated where every test's interval lies above zero, its largest p-value survives the adjustment over all
    claims with enough data, and no placebo shows an effect.
    """
    p_values = np.array([claim.largest_p_value if claim.has_data else np.nan for claim in claims])
    adjusted = adjusted_p_values(p_values)
    return [_judged(claim, float(p)) for claim, p in zip(claims, adjusted, strict=True)]


def _judged(claim: Claim, adjusted_p: float) -> Claim:
    if not claim.has_data:
        return replace(claim, verdict=TOO_LITTLE_DATA)
    shown = [placebo.baseline for placebo in claim.placebos if placebo.shows_effect]
    holds = all(test.interval.low > 0.0 for test in claim.tests) and adjusted_p <= DISCOVERY_RATE
    remarks = claim.remarks
    if holds and shown:
        remarks = (*remarks, f"a placebo shows an effect too ({', '.join(shown)}), which takes the verdict away")
    verdict = VALIDATED if holds and not shown else NOT_VALIDATED
    return replace(claim, adjusted_p=adjusted_p, verdict=verdict, remarks=remarks)
