"""The claims that the strategies trade on: they need bars and snapshots, and no map."""

from collections.abc import Callable
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.parameters import ModelParameters
from runs.engines.event import model_bars
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, Claim, judge
from runs.validation.claims.cascade import cascade_claim
from runs.validation.claims.magnet import magnet_claim
from runs.validation.claims.wipe import wipe_claim
from runs.validation.dataset import Dataset
from runs.validation.record import claim_record

TRADED_ON: dict[str, Callable[[Dataset], Claim]] = {
    "magnet": magnet_claim,
    "cascade": cascade_claim,
    "wipe": wipe_claim,
    "overlay": cascade_claim,  # it cuts exposure by cascade risk
}
"""The claim that each built-in strategy trades on."""

NO_CLAIM = (
    "No claim of the validation protocol covers this strategy's signal: it is not validated, and a result may be luck."
)
"""What is said of a strategy of the user's own."""


def trading_claims(dataset: Dataset) -> list[Claim]:
    """Return the claims behind the signals, not judged yet."""
    return [magnet_claim(dataset), cascade_claim(dataset), wipe_claim(dataset)]


def signal_reading(market: Market, snapshots: np.ndarray, parameters: ModelParameters) -> Dataset:
    """Return a dataset of (n,) snapshots that are at hand, without maps: enough for the trading claims."""
    no_map = np.empty((len(snapshots), 2, 0), dtype=np.float32)
    starts = np.zeros((len(snapshots), 2))
    return Dataset(
        market, model_bars(market), snapshots, no_map, starts, parameters.bin_width, market.bar_seconds, parameters
    )


def strategy_evidence(
    strategy: str, market: Market, snapshots: np.ndarray, parameters: ModelParameters
) -> dict[str, Any]:
    """Return the verdict on the claim that a strategy trades on, as JSON can hold it.

    Parameters
    ----------
    strategy
        Its name.
    market, snapshots, parameters
        What it was run on, and what the model said.

    Returns
    -------
    dict
        ``sentence`` for the reader, ``verdict`` (None where no claim covers the strategy), and the ``claim`` with its tests,
        judged alone: where one claim is looked at, there is nothing to adjust for.
    """
    build = TRADED_ON.get(strategy)
    if build is None:
        return {"sentence": NO_CLAIM, "verdict": None, "claim": None}
    claim = judge([build(signal_reading(market, snapshots, parameters))])[0]
    return {"sentence": verdict_sentence(claim), "verdict": claim.verdict, "claim": claim_record(claim)}


def verdict_sentence(claim: Claim) -> str:
    """Return a judged claim in words."""
    name = f'The claim that the strategy trades on ("{claim.statement}")'
    rest = "This claim was judged alone; python -m runs.validate judges all of them together."
    luck = "" if claim.verdict == VALIDATED else " A result may be luck."
    weakest = claim.weakest
    if claim.verdict == TOO_LITTLE_DATA:
        reason = "; ".join(claim.remarks)
        if claim.tests:
            least = min(test.effective for test in claim.tests)
            reason = f"{least:.0f} effective observations, and it takes {claim.least:.0f}"
        return f"{name} has too little data on this market: {reason}.{luck} {rest}"
    if weakest is None:
        raise ValueError(f"claim {claim.name} has the verdict {claim.verdict!r} without a test")
    low, high = weakest.interval.low, weakest.interval.high
    measured = f"{weakest.interval.estimate:.3g}, 95 % interval {low:.3g} to {high:.3g}, n = {weakest.observations:,}"
    against = f"Measured against {weakest.baseline}: {measured}. The statistic: {claim.statistic}."
    if claim.verdict == NOT_VALIDATED:
        against += f" An effect of {weakest.minimum_detectable_effect:.3g} would have been seen four times in five."
    remarks = "".join(f" {remark[0].upper()}{remark[1:]}." for remark in claim.remarks)
    return f"{name} is {claim.verdict} on this data. {against}{remarks}{luck} {rest}"
