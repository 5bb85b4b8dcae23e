"""A backtest's verdict: the claim that its strategy trades on, judged alone, in words that match the numbers."""

import numpy as np
import pytest

from runs.statistics.bootstrap import Interval
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, Claim, Test, judge
from runs.validation.claims.trading import (
    NO_CLAIM,
    TRADED_ON,
    signal_reading,
    strategy_evidence,
    trading_claims,
    verdict_sentence,
)
from runs.validation.protocol import SOURCES
from strategies.registry import BUILT_IN
from tests.runs.validation.worlds import dataset_of

DATASET = dataset_of(6, 8000)


def evidence(strategy, bars=8000):
    market = DATASET.market if bars == 8000 else dataset_of(1, bars).market
    snapshots = DATASET.snapshots if bars == 8000 else dataset_of(1, bars).snapshots
    return strategy_evidence(strategy, market, snapshots, DATASET.parameters)


def test_every_built_in_strategy_trades_on_a_claim_of_the_protocol():
    assert set(TRADED_ON) == set(BUILT_IN)
    assert trading_claims in SOURCES
    names = {claim.name for claim in trading_claims(DATASET)}
    assert {build(DATASET).name for build in TRADED_ON.values()} == names == {"magnet", "cascade", "wipe"}


@pytest.mark.parametrize(("strategy", "claim"), [("magnet", "magnet"), ("wipe", "wipe"), ("overlay", "cascade")])
def test_the_verdict_is_that_of_the_claim_alone(strategy, claim):
    found = evidence(strategy)
    alone = judge([TRADED_ON[strategy](DATASET)])[0]
    assert (found["claim"]["name"], found["verdict"]) == (claim, alone.verdict)
    assert found["verdict"] in found["sentence"]
    assert f"{alone.weakest.interval.estimate:.3g}," in found["sentence"]
    assert "judged alone" in found["sentence"]
    assert "python -m runs.validate" in found["sentence"]


def test_few_bars_are_too_little_data_and_say_so():
    found = evidence("wipe", 400)
    assert found["verdict"] == TOO_LITTLE_DATA
    assert "too little data" in found["sentence"]


def test_a_strategy_of_the_users_own_is_not_validated():
    found = evidence("package.module:Class")
    assert found == {"sentence": NO_CLAIM, "verdict": None, "claim": None}


def test_only_what_is_validated_is_called_so():
    good = Test("luck", Interval(0.1, 0.05, 0.15, 0.001, 40), 900, 40.0)
    weak = Test("luck", Interval(0.1, -0.05, 0.25, 0.1, 40), 900, 40.0)
    for test, placebos, verdict in ((good, (), VALIDATED), (weak, (), NOT_VALIDATED), (good, (good,), NOT_VALIDATED)):
        claim = judge([Claim("name", "Statement", "statistic", (test,), placebos=placebos)])[0]
        sentence = verdict_sentence(claim)
        assert claim.verdict == verdict
        assert f"is {verdict} on this data" in sentence
        detectable = (
            f"An effect of {claim.weakest.minimum_detectable_effect:.3g} would have been seen four times in five"
        )
        assert (detectable in sentence) == (verdict != VALIDATED)
        assert ("may be luck" in sentence) == (verdict != VALIDATED)
        assert ("placebo" in sentence) == bool(placebos)


def test_a_reading_without_maps_gives_the_same_claims():
    bare = signal_reading(DATASET.market, DATASET.snapshots, DATASET.parameters)
    assert bare.density.size == 0
    assert np.array_equal(bare.bars["close"], DATASET.bars["close"])
    assert trading_claims(bare) == trading_claims(DATASET)
