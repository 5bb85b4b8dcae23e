"""The claims that the strategies trade on: they need bars and snapshots, and no map."""

from runs.validation.cascade import cascade_claim
from runs.validation.claim import Claim
from runs.validation.magnet import magnet_claim
from runs.validation.reading import Reading
from runs.validation.wipe import wipe_claim


def trading_claims(reading: Reading) -> list[Claim]:
    """Return the claims behind the signals, not judged yet."""
    return [magnet_claim(reading), cascade_claim(reading), wipe_claim(reading)]
