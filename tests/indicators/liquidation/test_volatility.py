"""The forecast of volatility: against a slow twin, against the future, and against what should not matter."""

import math

import numpy as np
import pandas as pd
import pytest

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.compiled import compiled
from indicators.liquidation.model import build_model, copy_into, copy_state, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.step import run
from indicators.liquidation.volatility import initial_volatility, update_volatility, volatility_settings
from tests.indicators.liquidation.reference_volatility import forecasts, steps_of

HOUR, DAY = 3600, 86_400
START = 19_695 * DAY  # 2023-12-04, fifteen days into a period: periods begin at multiples of 30 days


@compiled
def update_all(state, settings, bars, said):
    for index in range(len(bars)):
        bar = bars[index]
        update_volatility(state, settings, bar, math.log(bar.low), math.log(bar.high), math.log(bar.close))
        said[index] = state[0].forecasts[0], state[0].forecasts[1]


def forecast(bars, bar_seconds, state=None):
    """(n, 2) what is said at each bar."""
    said = np.zeros((len(bars), 2))
    update_all(initial_volatility() if state is None else state, volatility_settings(bar_seconds), bars, said)
    return said


def market(seed, days, bar_seconds=HOUR):
    """A random walk whose volatility wanders, sleeps at night and at the weekend."""
    random, count = np.random.default_rng(seed), int(days * DAY / bar_seconds)
    bars = empty_bars(count)
    bars["open_time"] = START + np.arange(count) * float(bar_seconds)
    noise = random.standard_normal(count) * np.sqrt(bar_seconds / HOUR)
    wandering = np.empty(count)
    level = 0.0
    for index in range(count):
        level += -0.02 * level + 0.1 * noise[index]
        wandering[index] = level
    asleep = 0.5 * np.sin(bars["open_time"] / DAY * 2 * np.pi) - 0.5 * ((bars["open_time"] // DAY + 3) % 7 >= 5)
    scale = 0.006 * np.sqrt(bar_seconds / HOUR) * np.exp(wandering + asleep)
    path = np.cumsum(random.standard_normal(count) * scale)
    bars["close"] = 100.0 * np.exp(path)
    bars["open"] = np.r_[100.0, bars["close"][:-1]]
    bars["high"] = np.maximum(bars["open"], bars["close"]) * np.exp(random.random(count) * scale)
    bars["low"] = np.minimum(bars["open"], bars["close"]) * np.exp(-random.random(count) * scale)
    return bars


BARS = market(1, 200)
SAID = forecast(BARS, HOUR)


@pytest.mark.parametrize(
    ("bar_seconds", "days"), [(HOUR, 200), (900, 120), (4 * HOUR, 250), (6 * HOUR, 250), (DAY, 400)]
)
def test_it_is_least_squares_on_expanding_windows(bar_seconds, days):
    bars = market(2, days, bar_seconds)
    expected, last = forecasts(bars, bar_seconds)
    said = forecast(bars, bar_seconds)[last]
    assert np.isfinite(expected[:, 1]).sum() > 40 * DAY / max(bar_seconds, HOUR)
    np.testing.assert_allclose(said, expected, rtol=1e-8)


def test_what_is_said_at_a_bar_depends_on_no_later_one():
    for cut in (1, 2000, 2521, 4000):
        assert forecast(BARS[:cut], HOUR).tobytes() == SAID[:cut].tobytes()


def test_the_step_says_it_in_its_snapshot_also_from_copied_states():
    model = build_model(ModelParameters(), HOUR)
    state, kept = initial_state(model), initial_state(model)
    run(model, BARS[:3000], state)
    copy_into(state, kept)
    for again in (copy_state(state), state, kept):
        snapshots = run(model, BARS[3000:], again)
        said = np.column_stack([snapshots["volatility_4h"], snapshots["volatility_24h"]])
        assert said.tobytes() == SAID[3000:].tobytes()


def test_early_bars_before_the_windows_of_the_first_whole_period_change_nothing():
    first = np.flatnonzero(np.isfinite(SAID[:, 1]))[0]
    spare = first - (720 + 24 + 720)  # a period, a day, and the windows
    assert spare > 50
    for dropped in (1, 7, 50, spare):
        assert forecast(BARS[dropped:], HOUR).tobytes() == SAID[dropped:].tobytes()
    later = forecast(BARS[spare + 1 :], HOUR)
    assert np.flatnonzero(np.isfinite(later[:, 1]))[0] + spare + 1 == first + 720, "the bound is sharp"


def test_inside_an_hour_the_oldest_hour_of_a_window_counts_for_what_is_left_of_it():
    count, state = 40 * 288 + 3, initial_volatility()
    bars = market(3, 41, 300)[:count]
    forecast(bars, 300, state)
    _, log_close, _, _ = steps_of(bars[:-3], 300)
    previous = np.r_[bars["open"][0], bars["close"][:-1]]
    span = np.log(np.maximum(bars["high"], previous) / np.minimum(bars["low"], previous))
    variance = span**2 / (4.0 * np.log(2.0))
    row = state["rows"][0, (state["step"][0] + 1) % 32]
    for index, hours in enumerate((4, 24, 168, 720)):
        hour = variance[len(bars) - 3 - 12 * hours :]
        expected = (hour.sum() - 0.25 * hour[:12].sum()) / hours
        assert row[1 + index] == pytest.approx(np.log(expected), rel=1e-9)
    before = 0.75 * log_close[-25] + 0.25 * log_close[-24]
    assert row[5] == pytest.approx(10.0 * (np.log(bars["close"][-1]) - before), rel=1e-9)


def test_the_currency_does_not_matter():
    dear = BARS.copy()
    for name in ("open", "high", "low", "close"):
        dear[name] *= 137.0
    np.testing.assert_allclose(forecast(dear, HOUR), SAID, rtol=1e-9)


@pytest.mark.parametrize(("bar_seconds", "unknown"), [(4 * HOUR, []), (6 * HOUR, [0]), (DAY, [0]), (2 * DAY, [0, 1])])
def test_no_forecast_reaches_less_far_than_a_bar(bar_seconds, unknown):
    said = forecast(market(4, 250, bar_seconds), bar_seconds)
    assert np.flatnonzero(np.isnan(said).all(axis=0)).tolist() == unknown


def test_a_bar_without_a_time_or_with_an_earlier_one_says_nothing_and_teaches_nothing():
    for wrong in (np.nan, START, 1e300, -1e300):
        state = initial_volatility()
        forecast(BARS[:3000], HOUR, state)
        before = state.copy()
        bar = BARS[3000:3001].copy()
        bar["open_time"] = wrong
        assert np.isnan(forecast(bar, HOUR, state)).all()
        assert [name for name in state.dtype.names if state[name].tobytes() != before[name].tobytes()] == ["forecasts"]


def test_the_variance_of_a_hole_is_spread_over_it():
    holed, state = np.delete(BARS, np.arange(3500, 3503)), initial_volatility()
    said = forecast(holed[:3501], HOUR, state)
    bar, before = holed[3500], holed["close"][3499]
    span = np.log(max(bar["high"], before) / min(bar["low"], before))
    spread = [state["variances"][0, (state["step"][0] - 1 - back) % 1024] * 2.0**-52 for back in range(4)]
    assert spread == pytest.approx([span**2 / (4.0 * np.log(2.0)) / 4.0] * 4)
    closes = [state["closes"][0, (state["step"][0] - back) % 32] for back in range(5)]
    assert closes == pytest.approx(np.linspace(np.log(bar["close"]), np.log(before), 5))
    assert np.isfinite(said[3500:]).all()


def test_after_a_hole_longer_than_the_windows_they_fill_anew_and_what_was_learned_stays():
    moved = BARS[3000:].copy()
    moved["open_time"] += 40 * DAY
    state = initial_volatility()
    forecast(BARS[:3000], HOUR, state)
    weights = state["sum"]["coefficients"].copy()
    said = forecast(moved[:730], HOUR, state)
    assert np.flatnonzero(np.isfinite(said[:, 1])).tolist() == list(range(721, 730))
    assert (state["sum"]["coefficients"] == weights).all()


def test_sums_over_windows_leave_no_dust():
    state, settings = initial_volatility(), volatility_settings(HOUR)
    calm = BARS[2000:2800].copy()
    for name in ("open", "high", "low", "close"):
        calm[name] = BARS["close"][1999]
    calm["open_time"] = BARS["open_time"][1999] + HOUR * np.arange(1, 801)
    update_all(state, settings, BARS[:2000], np.zeros((2000, 2)))
    assert (state["sums"] > 0).all()
    update_all(state, settings, calm, np.zeros((800, 2)))
    assert state["sums"].tolist() == [[0, 0, 0, 0]]


def test_a_wild_market_leaves_the_forecast_finite():
    wild, state = market(5, 120, 900), initial_volatility()
    wild["high"][8000:11_000] *= 1e290
    assert np.isfinite(forecast(wild[:11_000], 900, state)[8000:]).all()
    assert (state["sums"] > 0).all(), "whole numbers have not run over"
    assert np.isfinite(forecast(wild[11_000:], 900, state)).all()


def qlike(realised, variance):
    ratio = realised / variance
    return (ratio - np.log(ratio) - 1.0).mean()


@pytest.mark.parametrize("market_name", ["bybit_1h/BTCUSDT", "binance_1h/ETHUSDT"])
def test_it_beats_the_average_of_a_day_on_real_markets(market_data, market_name):
    frame = pd.read_parquet(market_data / f"{market_name}.parquet")
    bars = empty_bars(len(frame))
    for name in ("open", "high", "low", "close"):
        bars[name] = frame[name]
    bars["open_time"] = frame["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(float)
    said = forecast(bars, HOUR)
    squares = np.diff(np.log(np.r_[bars["open"][0], bars["close"]])) ** 2
    average = pd.Series(squares).ewm(halflife=24.0).mean().to_numpy()
    for column, horizon in enumerate((4, 24)):
        realised = np.r_[
            np.lib.stride_tricks.sliding_window_view(squares, horizon).sum(axis=1)[1:], np.full(horizon, np.nan)
        ]
        scored = np.isfinite(said[:, column]) & (realised > 0.0)
        ours = qlike(realised[scored], said[scored, column] ** 2)
        assert ours < 0.9 * qlike(realised[scored], average[scored] * horizon)
