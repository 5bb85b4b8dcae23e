"""Several markets as one: equal weight a market, days drawn together, and what cannot be pooled is named."""

from dataclasses import replace

import numpy as np
import pytest

from datafeeds.resampling import resample
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.validation.baselines.predictors import side_tables
from runs.validation.claim import TOO_LITTLE_DATA, Claim, judge
from runs.validation.claims.calibration import calibration_claim
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.trading import trading_claims
from runs.validation.dataset import read_market
from runs.validation.measures.skill import mean_test, ratio_test
from runs.validation.pooling import pooled_claim, pooled_claims, pooled_test, shared_days, told_apart
from runs.validation.protocol import measure_markets, unjudged_claims
from tests.runs.validation.worlds import dataset_of, map_is_true, with_reports

KINDS = ("tests", "placebos", "references")


@pytest.fixture(scope="module")
def markets():
    """Return the claims of two independent markets of the same days in which the map is true."""
    return [unjudged_claims(map_is_true(seed)) for seed in (1, 2)]


def every_test_of(claims):
    return [(claim.name, kind, test) for claim in claims for kind in KINDS for test in getattr(claim, kind)]


def width(test):
    return test.interval.high - test.interval.low


def test_a_market_pooled_with_itself_says_what_it_said(markets):
    alone = markets[0]
    pooled = pooled_claims(["one", "other"], [alone, alone])
    assert [claim.name for claim in pooled] == [claim.name for claim in alone]
    compared = 0
    for (name, kind, ours), (_, _, theirs) in zip(every_test_of(pooled), every_test_of(alone), strict=True):
        assert ours.baseline == theirs.baseline
        assert ours.interval.estimate == pytest.approx(theirs.interval.estimate, rel=1e-9, abs=1e-12), (name, kind)
        assert ours.observations == 2 * theirs.observations
        assert ours.effective <= theirs.effective + 1e-6
        if theirs.interval.blocks == ours.interval.blocks and name not in ("magnet", "wipe"):
            assert ours.interval == theirs.interval, "a copy narrows nothing"
            compared += 1
    assert compared > 20


def test_two_independent_markets_are_narrower_by_the_variance_of_a_mean(markets):
    pooled = every_test_of(pooled_claims(["one", "other"], markets))
    ratios = []
    for (name, _, ours), (_, _, one), (_, _, other) in zip(pooled, *map(every_test_of, markets), strict=True):
        mean = (one.interval.estimate + other.interval.estimate) / 2.0
        assert ours.interval.estimate == pytest.approx(mean, abs=1e-12), "equal weight a market"
        if name.startswith(("forecast", "today", "open_interest", "kernel")):
            ratios.append(width(ours) / np.hypot(width(one), width(other)) * 2.0)
            assert width(ours) < max(width(one), width(other))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.15)


def test_episodes_of_copies_are_drawn_by_weeks_as_wide_as_alone():
    values, days = np.random.default_rng(0).standard_normal(150), np.arange(150) * 7
    alone = mean_test("", values, days)
    pooled = pooled_test([alone, alone])
    assert pooled.interval.estimate == pytest.approx(alone.interval.estimate)
    assert width(pooled) == pytest.approx(width(alone), rel=0.1)
    assert pooled.interval.blocks == 150
    later = mean_test("", values, days + 1)
    assert width(pooled_test([alone, later])) == pytest.approx(width(alone), rel=0.1), "episodes overlap by days"


def test_a_long_market_weighs_no_more_than_a_short_one():
    short = ratio_test("", np.full(40, 0.2), np.ones(40), np.arange(40))
    long = ratio_test("", np.full(400, 0.4), np.ones(400), np.arange(400))
    assert pooled_test([short, long]).interval.estimate == pytest.approx(0.3)


def claim(tests=(), remarks=()):
    return Claim("name", "statement", "statistic", tuple(tests), remarks=tuple(remarks))


def test_what_a_market_cannot_test_is_pooled_over_the_others_and_named():
    random = np.random.default_rng(1)
    able = [ratio_test("", random.random(60), np.ones(60), np.arange(60)) for _ in range(2)]
    pooled = pooled_claim(["A", "B", "C", "D"], [claim(able[:1]), claim((), ["no reports"]), claim(able[1:]), claim()])
    assert pooled.tests == (pooled_test(able),)
    assert pooled.remarks == (
        "of A and C alone",
        "not of B: no reports",
        "not of D: one observation says nothing",
    )
    single = replace(able[0], observations=1)
    alone = pooled_claim(["A", "B"], [claim(able[:1]), claim([single])])
    assert alone.tests == tuple(able[:1]), "one market that is left is what it is by itself"
    assert alone.remarks == ("of A alone", "not of B: one observation says nothing")
    none = judge([pooled_claim(["A", "B"], [claim((), ["no reports"]), claim((), ["no reports"])])])[0]
    assert (none.verdict, none.remarks) == (TOO_LITTLE_DATA, ("not of A and B: no reports",))
    many = pooled_claim(list("ABCDE"), [claim(able[:1]), *[claim((), ["no reports"])] * 4])
    assert many.remarks == ("of A alone", "not of 4 of 5 markets: no reports")


def test_a_placebo_that_one_market_lacks_is_that_of_the_others():
    random = np.random.default_rng(2)
    test, placebo = (ratio_test(name, random.random(60), np.ones(60), np.arange(60)) for name in ("test", "placebo"))
    pooled = pooled_claim(["A", "B"], [claim([test]), replace(claim([test]), placebos=(placebo,))])
    assert pooled.placebos == (placebo,)
    with pytest.raises(ValueError, match="no sample"):
        pooled_test([replace(test, sample=None), test])


def test_every_test_of_the_protocol_can_be_pooled(markets):
    assert all(test.sample is not None for _, _, test in every_test_of(markets[0]))


def test_markets_are_told_apart_and_ordered_whichever_came_first():
    one, other = simulate(1, bars=50), simulate(2, bars=50)
    named = [replace(one, name="b"), replace(other, name="a"), replace(simulate(3, bars=50), name="b")]
    ordered = told_apart(named)
    assert [market.name for market in ordered] == ["a", "b", "b (2)"]
    for order in ((2, 0, 1), (1, 2, 0)):
        again = told_apart([named[index] for index in order])
        assert [(market.name, market.fingerprint()) for market in again] == [
            (market.name, market.fingerprint()) for market in ordered
        ]
    with pytest.raises(ValueError, match="copy and market hold the same bars"):
        told_apart([replace(one, name="market"), other, replace(one, name="copy")])
    with pytest.raises(ValueError, match="at least one market"):
        told_apart([])


def test_other_ranges_and_bar_lengths_pool_by_the_day():
    hourly, coarse = simulate(5, bars=1000), resample(simulate(6, bars=1500).between("2024-01-10", None), 7200)
    datasets = [read_market(one, ModelParameters()) for one in (hourly, coarse)]
    record = measure_markets(datasets)
    assert [part["data"]["bar_seconds"] for part in record["markets"]] == [3600, 7200]
    assert record["data"]["bar_seconds"] is None
    assert record["data"]["days"] == len(np.union1d(datasets[0].days, datasets[1].days))
    assert record["data"]["days_shared"] == len(np.intersect1d(datasets[0].days, datasets[1].days)) > 0
    own = [{claim["name"]: claim for claim in part["claims"]} for part in record["markets"]]
    found = {claim["name"]: claim for claim in record["claims"]}
    estimates = [claims["forecast_long"]["tests"][0]["estimate"] for claims in own]
    assert found["forecast_long"]["tests"][0]["estimate"] == pytest.approx(np.mean(estimates), rel=1e-3)


def test_markets_that_share_no_day_say_so():
    assert shared_days([np.array([1, 2, 2]), np.array([3])]) == (3, 0)
    early, late = (
        read_market(simulate(7, bars=240).between(start, end), ModelParameters())
        for start, end in ((None, "2024-01-05"), ("2024-01-06", None))
    )
    late = replace(late, market=replace(late.market, name="late"))
    caveats = measure_markets([early, late])["data"]["caveats"]
    assert any("share no day" in caveat for caveat in caveats)


def test_a_market_without_reports_leaves_the_forecasts_to_the_others():
    with_them, bare = map_is_true(1), with_reports(dataset_of(2), np.full((1500, 2), np.nan))
    pooled = pooled_claims(["reports", "none"], [forecast_claims(with_them), forecast_claims(bare)])
    found = {claim.name: claim for claim in pooled}
    assert found["forecast_long"].tests == forecast_claims(with_them)[0].tests
    assert found["forecast_long"].remarks[0] == "of reports alone"
    assert "not of none: the data reports no liquidations" in found["forecast_long"].remarks[1]
    trading = pooled_claims(["reports", "none"], [trading_claims(with_them), trading_claims(bare)])
    assert not {claim.name: claim for claim in trading}["magnet"].remarks


def test_two_slopes_pool_to_their_mean():
    worlds = [map_is_true(1), map_is_true(2)]
    alone = [calibration_claim("c", "long", side_tables(world)[0], world, 0) for world in worlds]
    pooled = pooled_claim(["one", "other"], alone)
    slopes = [claim.details["slope"]["estimate"] for claim in alone]
    assert pooled.tests[0].interval.estimate == pytest.approx(np.mean(slopes) - 0.8)
    assert pooled.tests[1].interval.estimate == pytest.approx(1.25 - np.mean(slopes))
