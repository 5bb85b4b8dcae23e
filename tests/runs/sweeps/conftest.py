"""A small market on disk, and a place of the tests' own for kept heatmaps."""

import pytest

from datafeeds.simulated.market import simulate


@pytest.fixture(scope="session")
def small_market(tmp_path_factory):
    """Return a parquet file with 500 simulated hours."""
    path = tmp_path_factory.mktemp("market") / "small.parquet"
    simulate(7).frame.iloc[:500].drop(columns="open_interest_break").to_parquet(path)
    return path


@pytest.fixture(autouse=True)
def own_heatmaps(monkeypatch, tmp_path_factory):
    """Keep heatmaps out of the user's cache; one place for the whole session, so that each is made once."""
    place = tmp_path_factory.getbasetemp() / "heatmaps"
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(place))
    return place
