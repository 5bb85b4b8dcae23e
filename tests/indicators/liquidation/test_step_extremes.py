"""The whole model in markets that should not exist, and at bar lengths other than an hour."""

import numpy as np
import pytest

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.batch import clusters_from_entries
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.signals import cascade_gain
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, step


def calm(count, price=1000.0, volume=100.0):
    bars = empty_bars(count)
    for name, factor in (("open", 1.0), ("high", 1.002), ("low", 0.998), ("close", 1.0)):
        bars[name] = price * factor
    bars["volume"], bars["open_interest"] = volume, 10_000.0
    bars["liquidated_long"] = bars["liquidated_short"] = 0.0
    return bars


def test_next_to_no_turnover_gives_a_gain_within_what_stands():
    outward = np.ones((2, 10))
    for reach in (1e19, 1e152, float("inf")):
        assert cascade_gain(outward, 0, 4, 2.0, reach) == 3.0


@pytest.mark.parametrize("volume", [1e-300, 1e-30, 1e18])
def test_the_gain_is_never_more_than_the_window_holds(volume):
    random = np.random.default_rng(5)
    bars = calm(300)
    moves = np.exp(np.cumsum(random.standard_normal(300) * 0.02))
    for name in ("open", "high", "low", "close"):
        bars[name] *= moves
    bars["open_interest"] *= np.exp(np.cumsum(random.standard_normal(300) * 0.02))
    bars["volume"] = volume
    model = build_model(ModelParameters(), 3600.0)
    state, snapshots = initial_state(model), np.zeros(300, dtype=SNAPSHOT)
    for index in range(300):
        step(state, model, bars, snapshots, index)
        for side, name in ((0, "cascade_gain_down"), (1, "cascade_gain_up")):
            gain, held = snapshots[name][index], state.outward[side].sum()
            size = state.clusters["magnitude"][side, 0]
            assert gain >= 0.0
            assert gain == 0.0 or gain * size <= held * (1.0 + 1e-9)


def test_one_absurd_volume_leaves_book_and_ledger_in_step():
    bars = calm(200)
    bars["volume"][100] = 1e15
    model = build_model(ModelParameters(), 3600.0)
    state = initial_state(model)
    run(model, bars, state)
    ledger, strata = state.book.ledger[0], state.book.mass.shape[1]
    held = (state.book.mass.sum(axis=2) + ledger["beyond"][:, :strata]) * ledger["scale"][:, :strata]
    np.testing.assert_allclose(held, ledger["standing"][:, :strata], rtol=1e-9)


def test_a_wipe_leaves_one_level_where_it_was_and_none_where_nothing_was_wiped():
    """Five-minute bars: the hour that is summed reaches over bars that wiped nothing."""
    bars = calm(400)
    bars["liquidated_long"][300] = 500.0
    bars["close"][300] = bars["low"][300] = 980.0
    for index in range(301, 312):  # falls on and on, without a further liquidation: the level is broken
        for name in ("open", "high", "low", "close"):
            bars[name][index] = 980.0 * 0.98 ** (index - 300)
    for name in ("open", "high", "low", "close"):
        bars[name][312:] = bars["close"][311]
    snapshots = run(build_model(ModelParameters(), 300.0), bars)
    assert snapshots["support_bar"][300] == 300.0
    assert np.isnan(snapshots["support_bar"][301:]).all()


def test_a_wipe_spread_over_an_hour_of_short_bars_is_one_level():
    bars = calm(400)
    bars["liquidated_long"][300:312] = 10.0  # each is .1 % of open interest, .3 % makes a level
    model = build_model(ModelParameters(), 300.0)
    state = initial_state(model)
    snapshots = run(model, bars, state)
    assert np.isnan(snapshots["support_price"][:303]).all()
    assert np.isfinite(snapshots["support_price"][304])
    assert np.isfinite(state.levels["price"][0]).sum() == 1
    assert np.nanmax(state.levels["size_usd"][0]) == pytest.approx(120.0 * 1000.0)


@pytest.mark.parametrize("seconds", [60.0, 300.0, 900.0, 2400.0, 5400.0, 14_400.0, 86_400.0, 604_800.0])
def test_any_bar_length_runs_and_sums_the_last_24_hours(seconds):
    bars = calm(60)
    bars["liquidated_long"] = np.arange(60.0)
    snapshots = run(build_model(ModelParameters(), seconds), bars)
    width = max(1, round(86_400.0 / seconds))
    expected = [1000.0 * np.arange(60.0)[max(0, i + 1 - width) : i + 1].sum() for i in range(60)]
    np.testing.assert_allclose(snapshots["liquidated_long_24h_usd"], expected)


@pytest.mark.parametrize("price", [1e-9, 1.0, 1e9])
def test_any_price_scale_runs(price):
    snapshots = run(build_model(ModelParameters(), 3600.0), calm(50, price))
    assert np.isfinite(snapshots["coverage"]).all()
    assert (snapshots["coverage"] > 0.0).all()


def test_bars_that_cannot_be_written_are_read_all_the_same():
    bars = calm(30)
    expected = run(build_model(ModelParameters(), 3600.0), bars)
    bars.flags.writeable = False
    assert run(build_model(ModelParameters(), 3600.0), bars).tobytes() == expected.tobytes()


def test_the_narrowest_window_runs_inside_its_arrays():
    parameters = ModelParameters(cluster_window=0.05, bin_width=0.01)
    snapshots = run(build_model(parameters, 3600.0), calm(50))
    assert np.isfinite(snapshots["stacked_below"]).all()


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_entries_that_are_not_finite_are_refused(bad):
    one = np.array([100.0])
    for arguments in ((one * bad, one, one, 1.0), (one, one * bad, one, 1.0), (one, one, one, bad)):
        with pytest.raises(ValueError, match="must be positive"):
            clusters_from_entries(*arguments)
    assert len(clusters_from_entries(one[:0], one[:0], one[:0], 1.0)) == 0
