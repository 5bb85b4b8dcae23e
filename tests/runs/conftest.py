"""Runs without the page that takes longest."""

import pytest


@pytest.fixture
def no_tearsheet(monkeypatch):
    """Leave quantstats' page empty: it takes seconds, and is made by the tests that look at it."""
    for place in ("runs.reports.run", "runs.walks.folder"):
        monkeypatch.setattr(f"{place}.tearsheet", lambda *_, **__: "<html></html>")
