"""The core's signals off another map: of the model's own map they are the model's, and of random levels they mean nothing."""

import numpy as np
import pytest

from runs.validation.baselines.redrawn import redrawn_snapshots
from runs.validation.baselines.variants import random_levels
from runs.validation.claim import NOT_VALIDATED, judge
from runs.validation.claims.trading import trading_claims
from tests.runs.validation.worlds import dataset_of

DATASET = dataset_of(3, 400)

SIGNALS = (
    "magnet", "cluster_above_price", "cluster_above_usd", "cluster_above_gap", "cluster_below_gap", "cluster_below_price",
    "cluster_below_usd", "cluster_count_above", "cluster_count_below", "cascade_risk_down", "cascade_risk_up",
    "branching_ratio_down", "branching_ratio_up", "swept_share_down_2", "swept_share_down_5", "swept_share_down_10",
    "swept_share_up_2", "swept_share_up_5", "swept_share_up_10",
)  # fmt: skip

FARTHER = {
    "cluster_spacing_below",
    "cluster_spacing_above",
}  # kept maps end with the window, which shapes the last cluster

LEVELS = ("support_price", "support_bar", "support_size_usd", "resistance_price", "resistance_bar")


def test_the_models_own_map_gives_the_models_own_signals():
    redrawn = redrawn_snapshots(DATASET, DATASET.density, DATASET.model_liquidated)
    for name in SIGNALS:
        assert redrawn[name] == pytest.approx(DATASET.snapshots[name], rel=1e-4, nan_ok=True), name
    others = {name for name in redrawn.dtype.names if not name.startswith(("support", "resistance"))}
    for name in others - set(SIGNALS) - FARTHER:
        assert redrawn[name].tobytes() == DATASET.snapshots[name].tobytes(), name


def test_random_levels_replace_every_signal_that_a_strategy_trades_on():
    trapped = random_levels(DATASET, 1).snapshots
    for name in (*SIGNALS, *LEVELS):
        assert not np.array_equal(trapped[name], DATASET.snapshots[name], equal_nan=True), name


def test_a_level_of_the_trap_is_known_at_its_own_bar_and_no_sooner():
    cut = 250
    trapped = random_levels(DATASET, 1)
    for name in ("support", "resistance"):
        made = trapped.snapshots[f"{name}_bar"]
        assert (np.nan_to_num(made) <= np.arange(len(made))).all()
        assert np.isfinite(made[:cut]).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_trap_exercises_every_trading_claim_and_validates_none(seed):
    claims = judge(trading_claims(random_levels(dataset_of(6, 8000), seed)))
    assert {claim.name: claim.verdict for claim in claims} == dict.fromkeys(
        ("magnet", "cascade", "wipe"), NOT_VALIDATED
    )
