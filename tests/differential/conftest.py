"""These tests need the extra `differential`; without it one of them says so, and the others are not there."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from datafeeds.markets import open_market
from tests.differential.ours import unfunded

ENGINES = ("nautilus_trader", "backtesting", "vectorbt")
if any(find_spec(name) is None for name in ENGINES):
    collect_ignore = [
        path.name for path in Path(__file__).parent.glob("*.py") if path.name not in ("conftest.py", "test_engines.py")
    ]


@pytest.fixture(scope="session")
def hours(market_data):
    """Return five years of hours of BTC, without funding and mark."""
    return unfunded(open_market(str(market_data / "bybit_1h" / "BTCUSDT.parquet")))
