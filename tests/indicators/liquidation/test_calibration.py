"""What reports say of the mixture and of the feed: known truths are found, and what nobody said stays as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.calibration import expected_size, learn, learned_share
from indicators.liquidation.grid import LONG, SHORT
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import MAX_STRATA, POPULATIONS, ModelParameters
from indicators.liquidation.step import run

PRIOR, COUNT = (0.4, 0.3, 0.2, 0.1), 4
EVEN = (0.5, 0.5)
REACH = (0.15, 0.4, 0.7, 1.0)  # how often a bar reaches a tier: the higher the leverage, the nearer


def model_of(half_life=720.0, prior=1.0, weights=PRIOR):
    """A model whose prior is as good as nothing (one typical bar) unless told otherwise; bars are hours."""
    leverages = (3.0, 10.0, 25.0, 100.0) if len(weights) == COUNT else (10.0, 100.0)
    parameters = ModelParameters(
        leverages=leverages, leverage_weights=weights, bin_width=0.01,
        calibration_half_life_hours=half_life, calibration_prior_hours=prior,
    )  # fmt: skip
    return build_model(parameters, 3600.0)


def exposures(seed, bars, reach=REACH):
    """(bars, populations x tiers) unit-weight sizes of a thousand coins, spread by a factor of two; 0 where not reached."""
    random, count = np.random.default_rng(seed), len(reach)
    reached = np.tile(random.random((bars, count)) < reach, POPULATIONS)
    return reached * 1000.0 * np.exp(0.8 * random.standard_normal((bars, POPULATIONS * count)))


def liquidated(exposed, leverages, populations=EVEN):
    """(bars,) what a true mixture makes of the exposures."""
    return exposed @ np.kron(populations, leverages)


def feed(model, exposed, reported, learned=None, side=LONG):
    """Learn from bars of exposures and reports of one side, as the step does; return what is known at the end."""
    learned = model.prior.copy() if learned is None else learned
    for row, report in zip(exposed, reported, strict=True):
        exposure = np.zeros((2, MAX_STRATA))
        exposure[side, : len(row)] = row
        swept = float(learned[0]["shares"][side, : len(row)] @ row)
        learn(learned[0], model.grid, model.settings[0], exposure, side, swept, float(report))
    return learned


def leverages_of(learned, side=LONG):
    return learned[0]["leverages"][side, :COUNT]


def distance(learned, truth):
    return float(np.abs(leverages_of(learned) - truth).sum())


TRUTH, TRUE_POPULATIONS = (0.1, 0.2, 0.3, 0.4), (0.2, 0.8)
FAR = float(np.abs(np.array(TRUTH) - PRIOR).sum())


@pytest.mark.parametrize("passed_on", [1.0, 0.3])
def test_the_mixture_of_a_proportional_feed_is_found(passed_on):
    model, exposed = model_of(), exposures(1, 30_000)  # thirty times what it remembers
    learned = feed(model, exposed, passed_on * liquidated(exposed, TRUTH, TRUE_POPULATIONS))
    assert distance(learned, TRUTH) < 0.05 * FAR
    assert learned[0]["populations"][LONG] == pytest.approx(TRUE_POPULATIONS, abs=0.02)
    assert learned[0]["passed"][LONG] == pytest.approx(np.log(passed_on), abs=0.05)
    assert learned[0]["response"][LONG] == pytest.approx(1.0, abs=0.02)


def test_once_the_mixture_is_found_each_report_is_expected():
    model, exposed = model_of(), exposures(2, 12_100)
    reported = 0.3 * liquidated(exposed, TRUTH, TRUE_POPULATIONS)
    learned = feed(model, exposed[:12_000], reported[:12_000])
    for row, report in zip(exposed[12_000:], reported[12_000:], strict=True):
        swept = float(learned[0]["shares"][LONG, : len(row)] @ row)
        assert expected_size(learned[0], LONG, swept) == pytest.approx(report, rel=0.1)


def test_a_throttled_feed_is_recognised_and_taken_for_no_mixture():
    model, exposed = model_of(prior=168.0), exposures(3, 8_000)
    learned = feed(model, exposed, 2.0 * liquidated(exposed, PRIOR) ** 0.6)
    assert learned[0]["response"][LONG] == pytest.approx(0.6, abs=0.03)
    assert leverages_of(learned) == pytest.approx(PRIOR, abs=0.02)
    assert learned[0]["populations"][LONG] == pytest.approx(EVEN, abs=0.02)


def test_a_throttled_feed_still_tells_the_mixture():
    model, exposed = model_of(), exposures(4, 12_000)
    learned = feed(model, exposed, 2.0 * liquidated(exposed, TRUTH, TRUE_POPULATIONS) ** 0.6)
    assert learned[0]["response"][LONG] == pytest.approx(0.6, abs=0.05)
    assert distance(learned, TRUTH) < 0.25 * FAR


@pytest.mark.parametrize("seed", range(3))
def test_a_tier_reached_twenty_times_as_often_is_not_favoured(seed):
    """Reports as noisy as compound Poisson ones; far bars number a thousand, so the share is known to about .01."""
    model = model_of(half_life=1e6, prior=168.0, weights=EVEN)
    exposed = exposures(seed, 20_000, reach=(0.05, 1.0))
    noise = np.random.default_rng(seed).exponential(1.0, len(exposed))
    learned = feed(model, exposed, 0.3 * liquidated(exposed, EVEN) * noise)
    assert learned[0]["leverages"][LONG, :2] == pytest.approx(EVEN, abs=0.04)


def test_a_tier_that_is_never_reached_keeps_its_prior():
    model, exposed = model_of(), exposures(5, 6_000, reach=(0.0, 0.4, 0.7, 1.0))
    learned = feed(model, exposed, 0.3 * liquidated(exposed, (0.4, 0.1, 0.2, 0.3)))
    assert leverages_of(learned)[0] == pytest.approx(0.4, rel=0.01)
    assert leverages_of(learned)[1:] == pytest.approx((0.1, 0.2, 0.3), abs=0.02)
    assert learned[0]["leverages_exposed"][LONG, 0] == 0.0


def test_less_of_everything_in_reach_is_taken_for_a_feed_that_passes_on_less():
    model, exposed = model_of(), exposures(6, 6_000, reach=(0.0, 0.4, 0.7, 1.0))
    learned = feed(model, exposed, 0.5 * liquidated(exposed, PRIOR))
    assert leverages_of(learned) == pytest.approx(PRIOR, abs=0.01)
    assert learned[0]["passed"][LONG] == pytest.approx(np.log(0.5), abs=0.01)


def test_more_than_the_prior_knows_comes_from_the_tiers_out_of_reach():
    """A feed cannot pass on more than was liquidated: 1.4 times what the prior puts in reach must stand there."""
    model, exposed = model_of(), exposures(7, 6_000, reach=(0.0, 0.4, 0.7, 1.0))
    learned = feed(model, exposed, 1.4 * liquidated(exposed, PRIOR))
    assert leverages_of(learned) == pytest.approx((0.16, 0.42, 0.28, 0.14), abs=0.01)
    assert learned[0]["passed"][LONG] == pytest.approx(0.0, abs=1e-3)


def test_a_new_mixture_is_followed_and_the_old_one_forgotten():
    exposed, half_life, then = exposures(8, 12_000), 500.0, (0.5, 0.2, 0.2, 0.1)
    reported = np.r_[liquidated(exposed[:6000], TRUTH), liquidated(exposed[6000:], then)]
    learned = feed(model_of(half_life), exposed[:6000], reported[:6000])
    assert distance(learned, TRUTH) < 0.1 * FAR
    switched = float(np.abs(np.array(then) - TRUTH).sum())
    left = [distance(learned, then)]
    for first in range(6000, 12_000, 2000):
        feed(model_of(half_life), exposed[first : first + 2000], reported[first : first + 2000], learned)
        left.append(distance(learned, then))
    assert left[0] > 0.8 * switched
    assert left[1] < 0.5 * switched
    assert left[-1] < 0.1 * switched
    remembering = feed(model_of(1e6), exposed, reported)
    assert distance(remembering, then) > 3.0 * left[-1]


def test_reports_of_longs_alone_leave_the_shorts_as_they_were():
    model, exposed = model_of(), exposures(9, 500)
    learned = feed(model, exposed, liquidated(exposed, TRUTH))
    for name in learned.dtype.names:
        value, prior = learned[0][name], model.prior[0][name]
        if np.ndim(value):
            assert value[SHORT].tobytes() == prior[SHORT].tobytes(), name
    assert (leverages_of(learned) != leverages_of(model.prior)).any()


def test_the_sides_learn_alike():
    """The same exposures and reports teach the shorts what they teach the longs, bit for bit."""
    model, exposed = model_of(), exposures(10, 500)
    reported = liquidated(exposed, TRUTH)
    longs, shorts = (feed(model, exposed, reported, side=side) for side in (LONG, SHORT))
    for name in longs.dtype.names:
        if np.ndim(longs[0][name]):
            assert longs[0][name][LONG].tobytes() == shorts[0][name][SHORT].tobytes(), name


@pytest.mark.parametrize("silence", ["unknown", "nothing swept"])
def test_what_is_not_known_leaves_all_bit_for_bit(silence):
    model, exposed = model_of(), exposures(11, 200)
    learned = feed(model, exposed, liquidated(exposed, TRUTH))
    before = learned.tobytes()
    if silence == "unknown":
        feed(model, exposed, np.full(len(exposed), np.nan), learned)
    else:
        feed(model, np.zeros_like(exposed), np.full(len(exposed), 5.0), learned)
    assert learned.tobytes() == before


@pytest.mark.parametrize("factor", [1e-6, 3.7, 1e6])
def test_the_unit_of_size_is_nothing_to_the_mixture(factor):
    model, exposed = model_of(prior=168.0), exposures(12, 2_000)
    noise = np.random.default_rng(12).exponential(1.0, len(exposed))
    reported = liquidated(exposed, TRUTH) ** 0.8 * noise
    one, other = feed(model, exposed, reported), feed(model, factor * exposed, factor * reported)
    for name in ("leverages", "populations", "shares", "response", "passed", "leverages_exposed"):
        np.testing.assert_allclose(other[0][name][LONG], one[0][name][LONG], rtol=1e-8, atol=1e-12, err_msg=name)
    shares = [learned_share(learned[0], model.grid, LONG, 168.0) for learned in (one, other)]
    assert shares[0] == pytest.approx(shares[1], rel=1e-9)


def test_the_learned_share_grows_from_nothing_towards_all_under_a_constant_stream():
    model, learned, shares = model_of(half_life=1e6, prior=20.0), None, []
    exposed = np.full((4_000, POPULATIONS * COUNT), 100.0)
    for first in range(0, len(exposed), 50):
        learned = feed(model, exposed[first : first + 50], np.full(50, 100.0), learned)
        shares.append(learned_share(learned[0], model.grid, LONG, 20.0))
    assert learned_share(model.prior[0], model.grid, LONG, 20.0) == 0.0
    assert learned_share(learned[0], model.grid, SHORT, 20.0) == 0.0
    assert (np.diff([0.0, *shares]) >= 0.0).all()
    assert shares[-1] <= 1.0
    # All tiers are reached by the same size, so each counts as a whole bar: n bars stand against 20.
    assert shares == pytest.approx([n / (n + 20.0) for n in range(50, 4_001, 50)], rel=0.01)


def check_sane(learned, model):
    for side in (LONG, SHORT):
        leverages, populations = leverages_of(learned, side), learned[0]["populations"][side]
        assert np.isfinite(leverages).all()
        assert (leverages >= 0.0).all()
        assert (populations >= 0.0).all()
        assert leverages.sum() == pytest.approx(sum(PRIOR), rel=1e-9)
        assert populations.sum() == pytest.approx(1.0, rel=1e-12)
        np.testing.assert_allclose(
            learned[0]["shares"][side, : POPULATIONS * COUNT], np.kron(populations, leverages), rtol=1e-12
        )
        assert learned[0]["passed"][side] <= 1e-9, "a feed passes on no more than was liquidated"
        assert 0.0 < learned[0]["response"][side] <= 1.0
        assert 0.0 <= learned_share(learned[0], model.grid, side, model.settings[0]["calibration_prior_bars"]) <= 1.0
    for name in learned.dtype.names:
        if name not in ("centre", "most_passed"):
            assert np.isfinite(learned[0][name]).all(), name


HOSTILE_SIZES = st.one_of(st.just(0.0), st.floats(1.0, 1e4), st.sampled_from([1e-12, 1e-6, 1e9, 1e15]))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([LONG, SHORT]),
            st.lists(HOSTILE_SIZES, min_size=POPULATIONS * COUNT, max_size=POPULATIONS * COUNT),
            st.one_of(HOSTILE_SIZES, st.just(np.nan)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([1.0, 168.0]),
)
def test_hostile_reports_leave_a_mixture(stream, prior):
    model = model_of(prior=prior)
    learned = model.prior.copy()
    for side, row, report in stream:
        feed(model, [np.array(row)], [report], learned, side)
        check_sane(learned, model)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1e6))
def test_a_feed_that_reports_more_than_there_is_passes_on_all(seed, excess):
    model, exposed = model_of(), exposures(seed, 60)
    check_sane(feed(model, exposed, excess * liquidated(exposed, PRIOR)), model)


def reported_market(seed, count=400):
    """A random walk whose feed reports a noisy share of the volume in each bar, more where the price went further."""
    random = np.random.default_rng(seed)
    bars = empty_bars(count)
    close = 1000.0 * np.exp(np.cumsum(0.01 * random.standard_normal(count)))
    bars["close"], bars["open"] = close, np.r_[1000.0, close[:-1]]
    bars["high"] = np.maximum(bars["open"], close) * (1.0 + 0.01 * random.random(count))
    bars["low"] = np.minimum(bars["open"], close) * (1.0 - 0.01 * random.random(count))
    bars["volume"], bars["open_interest"] = random.exponential(500.0, count), 10_000.0
    bars["liquidated_long"] = bars["volume"] * (1.0 - bars["low"] / bars["open"]) * random.exponential(1.0, count)
    bars["liquidated_short"] = bars["volume"] * (bars["high"] / bars["open"] - 1.0) * random.exponential(1.0, count)
    return bars


HOURLY = build_model(ModelParameters(), 3600.0)
UNTAUGHT = build_model(ModelParameters(calibrate=False), 3600.0)


def test_without_calibration_the_prior_stands_bit_for_bit_and_expected_is_swept():
    state = initial_state(UNTAUGHT)
    snapshots = run(UNTAUGHT, reported_market(1), state)
    for name in ("leverages", "populations", "shares", "passed", "response", "centre", "leverages_exposed"):
        assert state.learned[0][name].tobytes() == UNTAUGHT.prior[0][name].tobytes(), name
    assert (snapshots["swept_long"] > 0.0).any()
    assert (snapshots["expected_long"] == snapshots["swept_long"]).all()
    assert (snapshots["expected_short"] == snapshots["swept_short"]).all()
    assert not snapshots["learned_long"].any()


def test_without_reports_the_prior_stands_and_all_else_is_as_without_calibration():
    bars = reported_market(2)
    bars["liquidated_long"] = bars["liquidated_short"] = np.nan
    assert run(HOURLY, bars).tobytes() == run(UNTAUGHT, bars).tobytes()


def test_the_report_of_a_bar_is_not_in_what_was_expected_of_it():
    """What a bar is expected to report, and what it sweeps, is said by the reports before it alone."""
    bars, last = reported_market(3), 399
    more = bars.copy()
    more["liquidated_long"][last] *= 1000.0
    one, other = run(HOURLY, bars)[last], run(HOURLY, more)[last]
    for name in ("expected_long", "expected_short", "swept_long", "swept_short"):
        assert one[name] == other[name], name
    assert one["swept_long"] > 0.0
    assert one["traders_long"] != other["traders_long"]


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 199))
def test_what_is_learned_depends_on_no_later_bar(seed, cut):
    bars, later = reported_market(seed, 200), reported_market(seed + 1, 200)
    poisoned, states = np.concatenate([bars[:cut], later[cut:]]), []
    for source in (bars, poisoned):
        state = initial_state(HOURLY)
        run(HOURLY, source[:cut], state)
        states.append(state.learned.tobytes())
    assert states[0] == states[1]
    whole, other = run(HOURLY, bars), run(HOURLY, poisoned)
    assert whole[:cut].tobytes() == other[:cut].tobytes()
    assert whole["learned_long"][-1] > 0.0, "something was learned"


def test_the_snapshot_says_what_the_state_has_learned():
    state = initial_state(HOURLY)
    last = run(HOURLY, reported_market(4), state)[-1]
    learned, prior = state.learned[0], float(HOURLY.settings[0]["calibration_prior_bars"])
    for side, name in ((LONG, "long"), (SHORT, "short")):
        assert last[f"traders_{name}"] == learned["populations"][side, 1]
        assert last[f"response_{name}"] == learned["response"][side]
        assert last[f"learned_{name}"] == learned_share(learned, HOURLY.grid, side, prior)
        assert 0.0 < last[f"learned_{name}"] < 1.0


class Twin:
    """One side, straight from the equations of the module's docstring, in whole arrays."""

    def __init__(self, model):
        settings = model.settings[0]
        self.kept, self.prior = float(settings["calibration_kept"]), float(settings["calibration_prior_bars"])
        self.weights = np.array(PRIOR)
        self.leverages, self.populations = np.array(PRIOR), np.array(EVEN)
        self.attributed, self.exposed = np.zeros(COUNT), np.zeros(COUNT)
        self.population_attributed, self.population_exposed = np.zeros(POPULATIONS), np.zeros(POPULATIONS)
        self.passed, self.centre, self.response = 0.0, None, 1.0
        self.bar_weights, self.sizes, self.distances = np.zeros(0), np.zeros(0), np.zeros(0)
        self.reported = 3.0

    def sum_of(self, values):
        """The sum of all values so far, each forgotten by the same half-life."""
        return float(np.sum(values * self.kept ** np.arange(len(values) - 1, -1, -1)))

    def settle(self):
        certainty = self.exposed / (self.prior + self.exposed)
        shares = (self.prior * self.weights + self.attributed) / (self.prior + self.exposed)
        factor = max(certainty @ self.weights / (certainty @ shares), np.exp(self.passed))
        self.passed, self.centre = self.passed - np.log(factor), self.centre + np.log(factor)
        self.attributed = self.attributed * factor
        from_prior = self.prior * self.weights / (self.prior + self.exposed)
        known = self.attributed / (self.prior + self.exposed)
        rest = max(self.weights.sum() - known.sum(), 0.0) / from_prior.sum()
        mixture = known + rest * from_prior
        self.leverages = mixture * self.weights.sum() / mixture.sum()

    def learn(self, row, report):
        sizes = np.reshape(row, (POPULATIONS, COUNT))
        swept = float(self.populations @ sizes @ self.leverages)
        if np.isnan(report) or swept <= 0.0:
            return
        if self.centre is None:
            self.centre = np.log(swept)
        expected = np.exp(self.centre + self.passed + self.response * (np.log(swept) - self.centre))
        ratio = report / expected
        self.sizes = np.append(self.sizes, np.sqrt(expected))
        weight = self.sizes[-1] / (self.sum_of(self.sizes) / self.sum_of(np.ones(len(self.sizes))))
        bounded, distance = min(ratio, 10.0), np.log(swept) - self.centre
        by_tier = weight * self.response * (self.populations @ sizes) / swept
        by_population = weight * self.response * (sizes @ self.leverages) / swept
        self.exposed = self.kept * self.exposed + by_tier
        self.attributed = self.kept * self.attributed + self.leverages * by_tier * bounded
        self.population_exposed = self.kept * self.population_exposed + by_population
        self.population_attributed = self.kept * self.population_attributed + self.populations * by_population * bounded
        self.settle()
        shares = (self.prior / POPULATIONS + self.population_attributed) / (self.prior + self.population_exposed)
        self.populations = shares / shares.sum()
        self.learn_feed(distance, ratio, weight)

    def learn_feed(self, distance, ratio, weight):
        self.bar_weights, self.distances = np.append(self.bar_weights, weight), np.append(self.distances, distance)
        information = 50.0 + self.sum_of(self.bar_weights * self.distances**2)
        self.response = float(
            np.clip(self.response + weight * distance * (min(ratio, 10.0) - 1.0) / information, 0.2, 1.0)
        )
        step = distance * weight / self.sum_of(self.bar_weights)
        self.centre, self.passed = self.centre + step, self.passed + (self.response - 1.0) * step
        self.reported = self.kept * self.reported + weight * ratio
        expected = self.sum_of(self.bar_weights) + 3.0 * self.kept ** len(self.bar_weights)
        change = min(np.log(self.reported / expected), -self.passed)
        self.passed, self.reported = self.passed + change, self.reported * np.exp(-change)


def test_reports_of_nothing_leave_everything_finite_and_positive():
    model, exposed = model_of(prior=168.0), exposures(13, 5_000)
    learned = feed(model, exposed, np.zeros(len(exposed)))
    check_sane(learned, model)
    assert (leverages_of(learned) > 0.0).all()
    assert (learned[0]["populations"][LONG] > 0.0).all()
    assert 0.0 < expected_size(learned[0], LONG, 1000.0) < 10.0  # the feed is found to be as good as dead


@pytest.mark.parametrize("factor", [1e3, 1e6, 1e12])
def test_one_absurd_report_moves_the_mixture_no_further_than_ten_times_the_expected_one(factor):
    model, exposed = model_of(prior=168.0), exposures(17, 500)
    reports = liquidated(exposed, TRUTH, TRUE_POPULATIONS)
    learned = {}
    for name, size in (("bounded", 10.0), ("absurd", factor)):
        mine = feed(model, exposed[:-1], reports[:-1])
        swept = float(
            np.reshape(exposed[-1], (POPULATIONS, COUNT)).T @ mine[0]["populations"][LONG] @ leverages_of(mine)
        )
        learned[name] = feed(model, exposed[-1:], [size * expected_size(mine[0], LONG, swept)], mine)
    np.testing.assert_allclose(leverages_of(learned["absurd"]), leverages_of(learned["bounded"]), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(0.05, 3.0),
    st.floats(0.3, 1.0),
    st.sampled_from([1.0, 30.0, 168.0]),
    st.booleans(),
)
def test_learning_equals_the_documented_equations(seed, passed_on, response, prior, never_far):
    model = model_of(half_life=48.0, prior=prior)
    exposed = exposures(seed, 150, reach=(0.0, *REACH[1:]) if never_far else REACH)
    random = np.random.default_rng(seed)
    reported = passed_on * liquidated(exposed, TRUTH, TRUE_POPULATIONS) ** response * random.exponential(1.0, 150)
    reported[random.random(150) < 0.1] = np.nan
    reported[random.random(150) < 0.1] = 0.0
    twin, learned = Twin(model), model.prior.copy()
    for row, report in zip(exposed, reported, strict=True):
        twin.learn(row, report)
        feed(model, [row], [report], learned)
        ours = learned[0]
        np.testing.assert_allclose(leverages_of(learned), twin.leverages, rtol=1e-9)
        np.testing.assert_allclose(ours["populations"][LONG], twin.populations, rtol=1e-9)
        assert ours["passed"][LONG] == pytest.approx(twin.passed, abs=1e-9)
        assert ours["response"][LONG] == pytest.approx(twin.response, rel=1e-9)
        if twin.centre is not None:
            assert ours["centre"][LONG] == pytest.approx(twin.centre, rel=1e-9)
