"""A key for the one venue that asks for one."""

import pytest


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_COINALYZE_KEY", "7f3a-key-of-nobody")
