"""Claims as plain values: what validation.json holds, and what every page takes its numbers from."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from datafeeds.text import listed
from indicators.liquidation.compiled import source_digest
from runs.validation.claim import DISCOVERY_RATE, NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, Claim, Test
from runs.validation.dataset import Dataset

ORDER = (NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED)
"""The unwelcome first."""

_DIGITS = 4

_POOLED = "each statistic is the mean of the markets' own, whatever their length"


def rounded(value: Any) -> Any:
    """Return plain values with floats at four significant digits, NaN and infinities as None: no interval knows more.

    Examples
    --------
    >>> rounded({"skill": (0.0123456, float("nan"))})
    {'skill': [0.01235, None]}
    """
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Return judged claims by verdict, the unwelcome first, otherwise as they came."""
    return sorted(claims, key=lambda claim: ORDER.index(claim.verdict))


def validation_record(claims: Sequence[Claim], dataset: Dataset) -> dict[str, Any]:
    """Return judged claims and the data they are of, as JSON can hold it."""
    market = dataset.market
    data: dict[str, Any] = {
        "name": market.name,
        "fingerprint": market.fingerprint(),
        "first_bar": f"{market.frame['ts'].iloc[0]:%Y-%m-%dT%H:%MZ}",
        "last_bar": f"{market.frame['ts'].iloc[-1]:%Y-%m-%dT%H:%MZ}",
        "bars": len(market),
        "bar_seconds": market.bar_seconds,
        "simulated": market.simulated,
        "caveats": market.caveats(),
    }
    for kind, rows in (("positions", dataset.positions), ("liquidations", dataset.liquidations)):
        if rows is not None:
            data[kind] = {"rows": len(rows), "fingerprint": hashlib.sha256(rows.tobytes()).hexdigest()}
    return {
        "data": data,
        "model": rounded(asdict(dataset.parameters)),
        "source_digest": source_digest(),
        "false_discovery_rate": DISCOVERY_RATE,
        **_verdicts(claims),
    }


def pooled_record(claims: Sequence[Claim], records: Sequence[dict[str, Any]], days: tuple[int, int]) -> dict[str, Any]:
    """Return judged claims over several markets, with each market's own, as JSON can hold it.

    Parameters
    ----------
    claims
        Over all of them (`runs.validation.pooling.pooled_claims`).
    records
        The `validation_record` of each market; they go into ``markets``, with what is the same in all left out.
    days
        How many days there are, and how many of them more than one market has (`runs.validation.pooling.shared_days`).
    """
    of_markets = [record["data"] for record in records]
    lengths = {data["bar_seconds"] for data in of_markets}
    data = {
        "name": listed([data["name"] for data in of_markets]),
        "first_bar": min(data["first_bar"] for data in of_markets),
        "last_bar": max(data["last_bar"] for data in of_markets),
        "bars": sum(data["bars"] for data in of_markets),
        "bar_seconds": lengths.pop() if len(lengths) == 1 else None,
        "simulated": any(data["simulated"] for data in of_markets),
        "days": days[0],
        "days_shared": days[1],
        "caveats": [_POOLED, _days_caveat(*days)],
    }
    own = ("data", "counts", "claims")
    return {
        "data": data,
        **{name: value for name, value in records[0].items() if name not in own},
        **_verdicts(claims),
        "markets": [{name: record[name] for name in own} for record in records],
    }


def _days_caveat(days: int, shared: int) -> str:
    if shared:
        return (
            f"{shared:,} of {days:,} days lie in more than one market: what happened on one of them is drawn together"
        )
    return f"the markets share no day: their {days:,} days are drawn as independent ones"


def _verdicts(claims: Sequence[Claim]) -> dict[str, Any]:
    counts = {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in ORDER}
    return {"counts": counts, "claims": [claim_record(claim) for claim in in_order(claims)]}


def claim_record(claim: Claim) -> dict[str, Any]:
    """Return a judged claim with all its tests, as JSON can hold it."""
    weakest = claim.weakest
    return rounded(
        {
            "name": claim.name,
            "verdict": claim.verdict,
            "statement": claim.statement,
            "statistic": claim.statistic,
            "weakest": _test_record(weakest) if weakest else None,
            "adjusted_p": claim.adjusted_p,
            "least_effective": claim.least,
            "tests": [_test_record(test) for test in claim.tests],
            "references": [_test_record(test) for test in claim.references],
            "placebos": [_test_record(test) | {"shows_effect": test.shows_effect} for test in claim.placebos],
            "remarks": list(claim.remarks),
            "details": claim.details,
        }
    )


def _test_record(test: Test) -> dict[str, Any]:
    return {
        "baseline": test.baseline,
        **test.interval._asdict(),
        "p_value": test.p_value,
        "minimum_detectable_effect": test.minimum_detectable_effect,
        "observations": test.observations,
        "effective": test.effective,
    }
