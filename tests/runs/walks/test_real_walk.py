"""A walk on real bars: every test window as the event engine has it, and no choice that later data could change."""

import json

import pytest

from runs.walkforward import main

SPACE = ("--param", "rule.min_distance=0.002,0.005", "--param", "magnet_ratio=1.5,3", "--param", "stop_atr=2,5")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["magnet", "wipe"])
def test_the_event_engine_agrees_with_every_test_window_on_real_bars(market_data, tmp_path, monkeypatch, strategy):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(tmp_path / "heatmaps"))
    file = str(market_data / "bybit_1h" / "BTCUSDT.parquet")
    space = SPACE if strategy == "magnet" else ("--param", "retest_tolerance=0.003,0.01")
    out = tmp_path / "walk"
    assert main(["--strategy", strategy, "--data", file, *space, "--confirm", "99", "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["confirmation"]["equal"] == len(summary["windows"]) == 15
    assert summary["out_of_sample"]["money"]["reconciliation_error"] < 1e-12
