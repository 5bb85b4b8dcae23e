"""Clusters by leverage: each part is what that group's own map holds in the cluster's extent."""

import numpy as np
import pytest

from indicators.liquidation.leverage_groups import group_models
from indicators.liquidation.model import initial_state
from indicators.liquidation.recording import significant_clusters
from indicators.liquidation.step import run
from runs.analysis.leverage import leverage_section
from runs.engines.event import model_bars
from tests.runs.analysis.test_heat import PARAMETERS, held, known, market


def test_parts_are_sums_over_the_groups_maps():
    clusters, bars = significant_clusters(known()[1]), model_bars(market())
    found = np.array(leverage_section(market(), PARAMETERS, clusters)["clusters"])
    assert found.shape == (len(clusters), 4)
    assert len(clusters) > 1
    for number, model in enumerate(group_models(PARAMETERS, market().bar_seconds)):
        state = initial_state(model)
        run(model, bars, state)
        for row, cluster in enumerate(clusters):
            size, _ = held(state, 0 if cluster["side"] > 0 else 1, float(cluster["low"]), float(cluster["high"]))
            assert found[row, number] == pytest.approx(size / cluster["magnitude"], rel=1e-6, abs=1e-9)


def test_without_clusters_there_are_no_parts():
    clusters = significant_clusters(known()[1])[:0]
    assert leverage_section(market(), PARAMETERS, clusters)["clusters"] == []
