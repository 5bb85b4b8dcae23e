"""Cluster extraction against a slow twin, and on shapes whose answer is plain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indicators.liquidation.batch import clusters_from_entries
from indicators.liquidation.clusters import MOST, find_spans, quantile_size, smooth
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.snapshot import CLUSTER
from tests.indicators.liquidation.reference_clusters import slow_spans


def lengths_of(smoothed, prominence):
    spans = np.zeros((MOST, 2), dtype=np.int64)
    return spans[: find_spans(np.asarray(smoothed, dtype=float), prominence, spans)].tolist()


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(np.float64, st.integers(5, 80), elements=st.floats(0.0, 100.0)), st.floats(0.05, 0.9))
def test_spans_equal_the_definition(values, prominence):
    assert lengths_of(values, prominence) == slow_spans(values.tolist(), prominence)


def test_two_hills_are_two_spans():
    hills = np.exp(-0.5 * ((np.arange(100) - 30) / 5) ** 2) + 2.0 * np.exp(-0.5 * ((np.arange(100) - 70) / 5) ** 2)
    spans = lengths_of(hills, 0.25)
    assert [(a < 30 < b, a < 70 < b) for a, b in spans] == [(True, False), (False, True)]
    widths = [b - a for a, b in spans]
    assert widths == pytest.approx([2.355 * 5] * 2, abs=1.5)  # full width at half maximum of a Gaussian


def test_a_ramp_without_a_fall_is_no_span():
    assert lengths_of(np.arange(50.0), 0.25) == []


@given(hnp.arrays(np.float64, (2, 40), elements=st.floats(0.0, 1e6)))
def test_smoothing_is_the_binomial_convolution(outward):
    smoothed = np.zeros(40)
    for side in (0, 1):
        smooth(outward, side, smoothed)
        expected = np.convolve(outward[side], [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16], mode="same")
        np.testing.assert_allclose(smoothed, expected, rtol=1e-12, atol=1e-9)


@given(st.lists(st.floats(0.1, 100.0), min_size=1, max_size=20), st.floats(0.0, 1.0))
def test_quantile_is_numpys_inverted_cdf(sizes, quantile):
    clusters = np.zeros((2, MOST), dtype=CLUSTER)
    clusters["magnitude"][0, : len(sizes)] = sizes
    expected = np.quantile(sizes, quantile, method="inverted_cdf")
    assert quantile_size(clusters, 0, len(sizes), quantile) == pytest.approx(expected)


def test_entries_at_one_price_make_one_cluster_each_side_and_tier():
    parameters = ModelParameters(leverages=(10.0, 25.0), leverage_weights=(0.5, 0.5), smear=0.05)
    one = np.array([50_000.0])
    found = clusters_from_entries(one, one * 0 + 100.0, one * 0 + 60.0, 50_000.0, parameters)
    assert found["side"].tolist() == [1.0, 1.0, -1.0, -1.0]
    assert found["magnitude"] == pytest.approx([50.0, 50.0, 30.0, 30.0], rel=0.35)  # cut at half the peak
    tenfold, longs = found[found["side"] > 0], np.array([0.1 - 0.005, 0.04 - 0.005])
    assert np.sort(-tenfold["distance"]) == pytest.approx(np.sort(longs / 0.995), abs=0.002)


def test_size_that_price_has_passed_is_gone():
    parameters = ModelParameters(leverages=(10.0,), leverage_weights=(1.0,))
    entries, size = np.array([50_000.0]), np.array([100.0])
    assert len(clusters_from_entries(entries, size, size * 0, 40_000.0, parameters)) == 0


@pytest.mark.parametrize(
    ("kind", "threshold", "count"),
    [
        ("usd", 0.0, 4),
        ("usd", 1e12, 0),
        ("quantile", 1.0, 2),
        ("share", 0.2, 3),
    ],  # of 70, 30, 42 and 18, each cut at half its peak
)
def test_significance_is_a_parameter(kind, threshold, count):
    parameters = ModelParameters(
        leverages=(10.0, 25.0), leverage_weights=(0.7, 0.3), smear=0.05,
        cluster_threshold=threshold, cluster_threshold_kind=kind,
    )  # fmt: skip
    one = np.array([50_000.0])
    assert len(clusters_from_entries(one, one * 0 + 100.0, one * 0 + 60.0, 50_000.0, parameters)) == count


def test_bad_entries_are_refused():
    with pytest.raises(ValueError, match="must pair up"):
        clusters_from_entries(np.ones(2), np.ones(1), np.ones(2), 1.0)
    with pytest.raises(ValueError, match="must be positive"):
        clusters_from_entries(np.zeros(1), np.ones(1), np.ones(1), 1.0)
