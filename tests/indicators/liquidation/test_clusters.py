"""Cluster extraction against a slow twin, on shapes whose answer is plain, and from known entries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indicators.liquidation.clusters import FOUND, MAX_CLUSTERS, SPAN, find_spans, quantile_size, smooth
from indicators.liquidation.from_entries import clusters_from_entries
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from indicators.liquidation.step import run
from tests.indicators.liquidation.markets import calm
from tests.indicators.liquidation.reference_clusters import slow_spans

TIERS = dict(leverage_distribution="tiers", leverages=(10.0, 25.0))


def spans_of(smoothed, prominence):
    spans, padded = (
        np.zeros(MAX_CLUSTERS + 1, dtype=SPAN),
        np.pad(np.asarray(smoothed, dtype=float), (0, 8), mode="edge"),
    )
    return spans[["low", "high"]][: find_spans(padded, prominence, spans)].tolist()


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        hnp.arrays(np.float64, st.integers(5, 80), elements=st.floats(0.0, 100.0)),
        hnp.arrays(np.float64, st.integers(5, 80), elements=st.floats(50.0, 100.0)),  # long stretches without a turn
        hnp.arrays(np.float64, st.integers(5, 80), elements=st.sampled_from([0.0, 1.0, 2.0])),  # ties
    ),
    st.floats(0.05, 0.9),
)
def test_spans_equal_the_definition(values, prominence):
    np.testing.assert_allclose(
        np.array(spans_of(values, prominence)).reshape(-1, 2),
        np.array(slow_spans(values.tolist(), prominence, MAX_CLUSTERS)).reshape(-1, 2),
        rtol=1e-12,
    )


def test_two_hills_are_two_spans_as_wide_as_their_half_height():
    hills = np.exp(-0.5 * ((np.arange(100) - 30.2) / 5) ** 2) + 2.0 * np.exp(-0.5 * ((np.arange(100) - 70.7) / 5) ** 2)
    spans = np.array(spans_of(hills, 0.25))
    assert spans.mean(axis=1) - 0.5 == pytest.approx([30.2, 70.7], abs=0.1)
    assert np.diff(spans)[:, 0] == pytest.approx([2.355 * 5] * 2, abs=0.1)  # full width at half maximum of a Gaussian


def test_a_ramp_without_a_fall_is_no_span():
    assert spans_of(np.arange(50.0), 0.25) == []


@settings(max_examples=50)
@given(hnp.arrays(np.float64, (2, 40), elements=st.floats(0.0, 1e6)))
def test_smoothing_is_the_binomial_convolution(density):
    smoothed = np.zeros(32 + 8)
    for side in (0, 1):
        smooth(density, side, smoothed)
        expected = np.convolve(density[side], np.array([1, 8, 28, 56, 70, 56, 28, 8, 1]) / 256, mode="valid")
        np.testing.assert_allclose(smoothed, np.pad(expected, (0, 8), mode="edge"), rtol=1e-12, atol=1e-9)


@given(st.lists(st.floats(0.1, 100.0), min_size=1, max_size=20), st.floats(0.0, 1.0))
def test_quantile_is_numpys_inverted_cdf(sizes, quantile):
    clusters = np.zeros((2, MAX_CLUSTERS), dtype=FOUND)
    clusters["size"][0, : len(sizes)] = sizes
    expected = np.quantile(sizes, quantile, method="inverted_cdf")
    assert quantile_size(clusters, 0, len(sizes), quantile) == pytest.approx(expected)


def test_entries_at_one_price_make_one_cluster_each_side_and_tier():
    parameters = ModelParameters(leverage_weights=(0.5, 0.5), liquidation_price_spread=0.05, **TIERS)
    one = np.array([50_000.0])
    found = clusters_from_entries(one, one * 0 + 100.0, one * 0 + 60.0, 50_000.0, parameters)
    assert found["side"].tolist() == [1.0, 1.0, -1.0, -1.0]
    assert found["magnitude"] == pytest.approx([50.0, 50.0, 30.0, 30.0], rel=0.25)  # cut at half the peak
    tenfold, longs = found[found["side"] > 0], np.array([0.1 - 0.005, 0.04 - 0.005])
    assert np.sort(-tenfold["distance"]) == pytest.approx(np.sort(longs / 0.995), abs=0.0005)


@settings(max_examples=40, deadline=None)
@given(st.floats(40_000.0, 60_000.0), st.floats(-2e-6, 2e-6))
def test_what_a_cluster_says_moves_no_more_than_its_entries(price, nudge):
    """Entries and price that move by a fiftieth of a bin: no edge of a bin is felt."""
    parameters = ModelParameters(leverage_weights=(0.5, 0.5), **TIERS)
    sizes = np.array([100.0, 80.0, 30.0])
    one, other = (
        clusters_from_entries(at * np.array([0.99, 1.0, 1.02]), sizes, sizes, at, parameters)
        for at in (price, price * (1.0 + nudge * 10.0))
    )
    assert len(one) == len(other)
    for name, within in (("distance", 2e-5), ("magnitude", 0.5)):
        np.testing.assert_allclose(np.sort(other[name]), np.sort(one[name]), atol=within)


def test_batch_clusters_are_those_of_the_stream_on_the_same_positions():
    """Flat bars at ever other prices, too near each other to sweep anything: each opens what a half-life says, at one price."""
    parameters = ModelParameters(half_life_hours=(12.0,), cluster_threshold=0.001)
    bars = calm(30)
    prices = 1000.0 * np.exp(0.0007 * np.sin(np.arange(30.0)))
    for name in ("open", "high", "low", "close"):
        bars[name] = prices
    model = build_model(parameters, 3600.0)
    state = initial_state(model)
    run(model, bars, state)
    kept = 2.0 ** (-1.0 / 12.0)
    sizes = 10_000.0 * (1.0 - kept) * kept ** np.arange(29, -1, -1.0)
    batch = clusters_from_entries(prices, sizes, sizes, prices[-1], parameters)
    stream = significant_clusters(state)
    assert len(batch) == len(stream) > 1
    for name in ("price", "low", "high", "magnitude", "side"):
        np.testing.assert_allclose(batch[name], stream[name], rtol=1e-9, err_msg=name)


def test_size_that_price_has_passed_is_gone():
    parameters = ModelParameters(leverage_distribution="tiers", leverages=(10.0,), leverage_weights=(1.0,))
    entries, size = np.array([50_000.0]), np.array([100.0])
    assert len(clusters_from_entries(entries, size, size * 0, 40_000.0, parameters)) == 0


@pytest.mark.parametrize(
    ("kind", "threshold", "count"),
    [("usd", 0.0, 4), ("usd", 1e12, 0), ("quantile", 1.0, 2), ("share", 0.2, 3)],
)  # of 70, 30, 42 and 18, each cut at half its peak
def test_significance_is_a_parameter(kind, threshold, count):
    parameters = ModelParameters(
        leverage_weights=(0.7, 0.3), liquidation_price_spread=0.05,
        cluster_threshold=threshold, cluster_threshold_kind=kind, **TIERS,
    )  # fmt: skip
    one = np.array([50_000.0])
    assert len(clusters_from_entries(one, one * 0 + 100.0, one * 0 + 60.0, 50_000.0, parameters)) == count


@pytest.mark.parametrize("bad", [np.inf, np.nan, 0.0])
def test_bad_entries_are_refused(bad):
    one = np.array([100.0])
    for arguments in ((one * bad, one, one, 1.0), (one, one, one, bad)):
        with pytest.raises(ValueError, match="must be positive"):
            clusters_from_entries(*arguments)
    with pytest.raises(ValueError, match="must pair up"):
        clusters_from_entries(np.ones(2), np.ones(1), np.ones(2), 1.0)
    assert len(clusters_from_entries(one[:0], one[:0], one[:0], 1.0)) == 0
