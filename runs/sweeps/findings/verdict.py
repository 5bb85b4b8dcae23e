"""From the statistics of a sweep to a verdict: luck, until shown otherwise."""

import math
from dataclasses import dataclass
from typing import NamedTuple

LUCK = "luck"
NOT_TOLD = "not told from luck"
MORE = "more than luck"
TOO_LITTLE = "too little data"

LEVEL = 0.05
"""How often a sweep over noise may be called more than luck. The level of Hansen 2005 and of White 2000; where it holds, and where
not, is in ``docs/evidence-level.md``."""

MIN_DAYS = 60
"""Fewer days say nothing: the blocks of a bootstrap over dependent days would be a handful (*assumption*)."""

SURE = 0.95
"""Probabilistic Sharpe ratio that the best must reach by itself, all others forgotten (Bailey & López de Prado 2012)."""

COIN = 0.5
"""Share of cross-validation splits in which the choice loses out of sample that is no better than a coin (Bailey et al. 2015)."""


@dataclass(frozen=True)
class VerdictInputs:
    """What the verdict is made of; NaN where it is not defined.

    Attributes
    ----------
    days, trials
        How many days there are, and how many trials whose returns vary.
    ability
        Consistent p-value of Hansen's test of superior predictive ability over cash.
    probabilistic
        Probability that the best trial's true Sharpe ratio is above zero, had it been the only one.
    deflated, deflated_effective
        The same against the highest that as many trials of noise would show: all of them independent, and their effective number.
    overfitting
        Probability of backtest overfitting: how often the choice falls below the median out of sample.
    loss
        How often the choice loses out of sample.
    """

    days: int
    trials: int
    ability: float
    probabilistic: float
    deflated: float
    deflated_effective: float
    overfitting: float
    loss: float


class Verdict(NamedTuple):
    """A verdict and the sentence that leads the report."""

    verdict: str
    sentence: str


def judge(evidence: VerdictInputs) -> Verdict:
    """Return the verdict on a sweep's best result.

    Notes
    -----
    The test of superior predictive ability (Hansen 2005) decides, at 5 %: it accounts for all trials and how they depend on one
    another. The other conditions can only take away, so that noise is called more than luck no more often than it rejects
    (`LEVEL`): by itself the best must be above zero (probabilistic Sharpe ratio 0.95), and what is chosen on one half of the
    days must gain on the other in most splits. The deflated Sharpe ratio is told and decides nothing: it is no p-value, lies
    near 0.5 for the best of independent noise, higher by the effective number (a median of 0.85 over the null world), and one
    far worse trial lowers it for all. Nor does the probability of overfitting, which asks whether the order of the trials
    lasts: where all are equally good, it does not.
    """
    if evidence.days < MIN_DAYS or not evidence.trials:
        what = f"{evidence.days} days" if evidence.trials else "no trial that traded"
        return Verdict(TOO_LITTLE, f"Too little data: {what}; {MIN_DAYS} days and one trial that trades are the least.")
    if not math.isfinite(evidence.ability):
        return Verdict(LUCK, f"Luck, as nothing shows otherwise: the test could not be made.{_beside(evidence)}")
    often = f"pure noise does as well or better in {_percent(evidence.ability)} of sweeps like this one (SPA test)"
    if evidence.ability > LEVEL:
        return Verdict(
            LUCK, f"Luck, as far as can be told: {often}. More than luck is {LEVEL:.0%} or less.{_beside(evidence)}"
        )
    doubts = _doubts(evidence)
    if doubts:
        return Verdict(NOT_TOLD, f"Not told from luck: {often}. But {', and '.join(doubts)}.{_beside(evidence)}")
    return Verdict(MORE, f"More than luck, at the {LEVEL:.0%} level: {often}.{_beside(evidence)}")


def _doubts(evidence: VerdictInputs) -> list[str]:
    doubts = []
    if not evidence.probabilistic >= SURE:
        doubts.append("the best by itself is not surely above zero (probabilistic Sharpe ratio below 0.95)")
    if evidence.trials > 1 and not evidence.loss < COIN:
        doubts.append("what is chosen on one half of the days loses on the other in most splits")
    return doubts


def _beside(evidence: VerdictInputs) -> str:
    """Return what the verdict does not rest on and a reader wants beside it."""
    parts = []
    if math.isfinite(evidence.overfitting):
        parts.append(
            f"What is best on one half of the days is below the median on the other in {evidence.overfitting:.0%} of splits (PBO)."
        )
    if math.isfinite(evidence.deflated + evidence.deflated_effective):
        parts.append(
            f"The deflated Sharpe ratio is {evidence.deflated:.2f} for independent trials and "
            f"{evidence.deflated_effective:.2f} for their effective number. It is no p-value either, and 0.95 is the bar."
        )
    return "".join(f" {part}" for part in parts)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"
