"""Moves and forecasts know what was over; risk that tells of moves is validated, risk that does not is not."""

from dataclasses import replace

import numpy as np
import pytest

from runs.statistics.glm import fit_logistic, predict_logistic
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims.cascade import cascade_claim, largest_moves, risk_columns, volatility_columns, walk_events
from runs.validation.claims.trading import trading_claims
from tests.runs.validation.worlds import dataset_of

BARS = 4000
DATASET = dataset_of(3, BARS)


def moved(dataset, risk, effect, seed=0):
    """Return a world with flat volatility but where risk (n,) of 0 or 2 raises the volatility of the next 24 bars."""
    random, count = np.random.default_rng(seed), len(dataset.bars)
    spread = 0.004 * np.exp(effect * np.concatenate([[0.0], risk[:-1]]) / 2.0)
    closes = 3e4 * np.exp(np.cumsum(spread * random.standard_normal(count)))
    bars, snapshots = dataset.bars.copy(), dataset.snapshots.copy()
    bars["close"] = snapshots["close"] = closes
    bars["open"] = np.concatenate([[3e4], closes[:-1]])
    bars["high"], bars["low"] = np.maximum(bars["open"], closes), np.minimum(bars["open"], closes)
    snapshots["volatility"] = 0.004
    for side in ("up", "down"):
        snapshots[f"cascade_risk_{side}"], snapshots[f"branching_ratio_{side}"] = risk, 0.05 * risk
    return replace(dataset, bars=bars, snapshots=snapshots)


def stretches(count, seed=0, hours=48):
    return np.repeat(np.random.default_rng(seed).choice([0.0, 2.0], count // hours + 1), hours)[:count]


def test_the_largest_move_is_that_of_brute_force():
    bars, horizon = DATASET.bars[:200], 7
    ours = largest_moves(bars, horizon)
    for bar in range(200 - horizon):
        ahead = bars[bar + 1 : bar + 1 + horizon]
        close = bars["close"][bar]
        assert ours[bar] == pytest.approx(max(np.log(ahead["high"].max() / close), np.log(close / ahead["low"].min())))
    assert np.isnan(ours[-horizon:]).all()
    assert np.isnan(largest_moves(bars[:7], 7)).all()


@pytest.mark.parametrize("cut", [600, 1000, 1400])
def test_a_poisoned_future_changes_no_earlier_forecast(cut):
    bars, horizon = DATASET.bars[:1500].copy(), 24
    columns = risk_columns(DATASET.snapshots[:1500])
    ours = walk_events(columns, largest_moves(bars, horizon), horizon, 168)
    for name in ("high", "low", "close"):
        bars[name][cut:] *= 5.0
    spoilt = columns.copy()
    spoilt[cut:] = 1e3
    theirs = walk_events(spoilt, largest_moves(bars, horizon), horizon, 168)
    earlier, others = ours.rows < cut, theirs.rows < cut
    assert earlier.sum() == cut - 500
    assert ours.probabilities[earlier].tobytes() == theirs.probabilities[others].tobytes()


def test_each_stretch_is_forecast_by_a_fit_to_the_moves_that_were_over():
    horizon, count = 24, 1000
    columns, moves = risk_columns(DATASET.snapshots[:count]), largest_moves(DATASET.bars[:count], horizon)
    found = walk_events(columns, moves, horizon, 168)
    assert found.rows.tolist() == list(range(500, count - horizon))
    centre, spread = columns[:500].mean(axis=0), columns[:500].std(axis=0)
    design = np.column_stack([np.ones(count), (columns - centre) / np.where(spread > 0, spread, 1.0)])
    for start in (500, 668, 836):
        known, rows = start - horizon + 1, slice(start - 500, start - 500 + 100)
        large = moves[:known] > np.quantile(moves[:known], 0.9)
        expected = predict_logistic(design[start : start + 100], fit_logistic(design[:known], large))
        assert found.probabilities[rows] == pytest.approx(expected, rel=1e-4)
        assert found.events[rows].tolist() == (moves[start : start + 100] > np.quantile(moves[:known], 0.9)).tolist()


def test_the_baseline_knows_volatility_at_three_horizons_and_no_map():
    ours = volatility_columns(DATASET)
    other = DATASET.snapshots.copy()
    for name in ("cascade_risk_down", "cascade_risk_up", "branching_ratio_down", "branching_ratio_up"):
        other[name] = 7.0
    assert volatility_columns(replace(DATASET, snapshots=other)).tobytes() == ours.tobytes()
    assert np.isfinite(ours).all()
    returns = np.diff(np.log(DATASET.bars["close"][:300]), prepend=np.log(DATASET.bars["open"][0]))
    weights = 0.5 ** (np.arange(300)[::-1] / 4.0)
    assert ours[299, 0] == pytest.approx(np.log((weights * returns**2).sum() / weights.sum()))


def test_risk_that_tells_of_moves_is_validated_and_risk_that_does_not_is_not():
    assert judge([cascade_claim(moved(DATASET, stretches(BARS), 0.7))])[0].verdict == VALIDATED
    for seed in range(3):
        world = moved(DATASET, stretches(BARS, seed), 0.0, seed)
        assert judge([cascade_claim(world)])[0].verdict == NOT_VALIDATED


def test_too_few_bars_are_too_little_data():
    claim = judge([cascade_claim(dataset_of(1, 400))])[0]
    assert claim.verdict == TOO_LITTLE_DATA
    assert claim.remarks


def test_it_is_among_the_trading_claims():
    assert "cascade" in [claim.name for claim in trading_claims(dataset_of(1, 400))]
