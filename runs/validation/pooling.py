"""Several markets as one: each claim's statistic is the mean of the markets', and whole days are drawn jointly over them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from datafeeds.schema import Market
from datafeeds.text import listed
from runs.statistics.bootstrap import joint_interval
from runs.statistics.effective import joint_effective
from runs.validation.claim import Claim, Test

_NAMED = 3  # more names than this a sentence counts


def told_apart(markets: Sequence[Market]) -> list[Market]:
    """Return the markets in an order that is theirs, whichever they came in; of those with one name all but one are numbered.

    Raises
    ------
    ValueError
        With one sentence, for none, or for the same data twice: it would count as two markets.
    """
    if not markets:
        raise ValueError("data: name at least one market")
    seen: dict[str, Market] = {}
    names: Counter[str] = Counter()
    apart = []
    for market in sorted(markets, key=lambda market: (market.name, market.times[0], market.fingerprint())):
        twin = seen.setdefault(market.fingerprint(), market)
        if twin is not market:
            raise ValueError(f"data: {twin.name} and {market.name} hold the same bars; name each market once")
        names[market.name] += 1
        count = names[market.name]
        apart.append(market if count == 1 else replace(market, name=f"{market.name} ({count})"))
    return apart


def pooled_claims(names: Sequence[str], claims: Sequence[Sequence[Claim]]) -> list[Claim]:
    """Return the claims over all markets, not judged yet.

    Parameters
    ----------
    names
        (k,) what each market is called.
    claims
        (k,) the claims measured on each, the same claims in the same order.
    """
    return [pooled_claim(names, of_one) for of_one in zip(*claims, strict=True)]


def pooled_claim(names: Sequence[str], claims: Sequence[Claim]) -> Claim:
    """Return one claim over the markets that can test it; of the others it says why they are left out."""
    able = [_can_pool(claim) for claim in claims]
    taking_part = [claim for claim, takes in zip(claims, able, strict=True) if takes]
    left_out: dict[str, list[str]] = {}
    for name, claim, takes in zip(names, claims, able, strict=True):
        if not takes:
            left_out.setdefault("; ".join(claim.remarks) or "one observation says nothing", []).append(name)
    remarks = tuple(f"not of {_few(those, len(able))}: {reason}" for reason, those in left_out.items())
    if left_out and taking_part:
        those = [name for name, takes in zip(names, able, strict=True) if takes]
        remarks = (f"of {listed(those)} alone", *remarks)
    first = claims[0]
    return Claim(
        first.name, first.statement, first.statistic, _by_baseline(claim.tests for claim in taking_part), first.least,
        _by_baseline(claim.placebos for claim in taking_part), _by_baseline(claim.references for claim in taking_part),
        remarks,
    )  # fmt: skip


def _few(names: Sequence[str], of: int) -> str:
    """Return names as a sentence lists them, or how many of all there are."""
    return listed(names) if len(names) <= _NAMED else f"{len(names)} of {of} markets"


def _can_pool(claim: Claim) -> bool:
    """Return whether a market can test a claim by itself: one observation says nothing, not even of its own error."""
    return bool(claim.tests) and not any(np.isnan(test.p_value) for test in claim.tests)


def _by_baseline(of_markets: Iterable[tuple[Test, ...]]) -> tuple[Test, ...]:
    """Return a pooled test for each baseline, over the markets that know it."""
    found: dict[str, list[Test]] = {}
    for tests in of_markets:
        for test in tests:
            if not np.isnan(test.p_value):
                found.setdefault(test.baseline, []).append(test)
    return tuple(pooled_test(tests) for tests in found.values())


def pooled_test(tests: Sequence[Test]) -> Test:
    """Return the test of the mean of several markets' statistics; of one market its own.

    Notes
    -----
    Effective is what the mean is worth (`joint_effective`), and no more than the blocks that its interval is drawn from.
    """
    if len(tests) == 1:
        return tests[0]
    samples = [test.sample for test in tests if test.sample is not None]
    if len(samples) < len(tests):
        raise ValueError(f"a test against {tests[0].baseline} has no sample: it cannot be pooled")
    interval = joint_interval(samples)
    effective = min(joint_effective(samples, [test.effective for test in tests]), float(interval.blocks))
    observations = sum(test.observations for test in tests)
    return replace(tests[0], interval=interval, observations=observations, effective=effective, sample=None)


def shared_days(days: Sequence[np.ndarray]) -> tuple[int, int]:
    """Return how many days some market has bars on, and how many of them more than one.

    Examples
    --------
    >>> shared_days([np.array([1, 1, 2]), np.array([2, 3])])
    (3, 1)
    """
    counts = np.unique(np.concatenate([np.unique(of_one) for of_one in days]), return_counts=True)[1]
    return len(counts), int((counts > 1).sum())
