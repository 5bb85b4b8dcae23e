"""Clusters come back from their few bytes: each within half a step."""

import numpy as np

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.reports.heatmap.outlines import CENTRE_STEPS, EXTENT_STEPS, SIZE_FROM, SIZE_STEP, outline

PARAMETERS = ModelParameters()
RECORD = record_heatmap(build_model(PARAMETERS, 3600), model_bars(simulate(5, bars=300)))
BINS = np.floor(RECORD.positions).astype(int)


def test_every_cluster_comes_back():
    width = PARAMETERS.bin_width
    flat, at = outline(RECORD.counts, RECORD.clusters, BINS, width), 0
    for column, (counts, bin_) in enumerate(zip(RECORD.counts, BINS, strict=True)):
        assert flat["count"][column].tolist() == counts.tolist()
        for side in range(2):
            for cluster in RECORD.clusters[column, side, : counts[side]].astype(float):
                near, far = flat["first"][at] / EXTENT_STEPS, flat["last"][at] / EXTENT_STEPS
                low_bin, high_bin = (bin_ + 1 - far, bin_ + 1 - near) if side == 0 else (bin_ + near, bin_ + far)
                low, high = np.exp(low_bin * width), np.exp(high_bin * width)
                assert np.allclose([low, high], cluster[1:3], rtol=0.5 * width / EXTENT_STEPS + 1e-6)
                assert abs(low + (high - low) * flat["centre"][at] / CENTRE_STEPS - cluster[0]) <= 0.003 * (high - low)
                assert abs(SIZE_FROM * np.exp(flat["size"][at] * SIZE_STEP) / cluster[3] - 1.0) < 3e-4
                at += 1
    assert at == len(flat["size"]) > 0


def test_no_cluster_gives_empty_arrays():
    none = outline(np.zeros((4, 2), dtype=np.int64), RECORD.clusters[:4], BINS[:4], PARAMETERS.bin_width)
    assert none["size"].shape == (0,)
    assert not none["count"].any()
