"""Fixtures shared by all tests: where the real market data is, and an isolated home for what a run writes."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Return the folder of real market data, or skip: it is never part of the project."""
    folder = Path(os.environ.get("MARKET_DATA_DIR", PROJECT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip("no real market data: set MARKET_DATA_DIR to its folder")
    return folder
