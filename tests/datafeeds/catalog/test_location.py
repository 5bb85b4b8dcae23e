"""Where a series lies: no name leads astray."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.catalog.location import CATALOG_VARIABLE, catalog_root, folder_name, series_folder, series_of
from datafeeds.errors import MarketError
from datafeeds.series import Series

ROOT = Path("/catalog")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_leads_out_of_the_catalog_or_into_another_ones_folder(venue, symbol):
    series = Series(venue, symbol, "candles", "1h")
    try:
        folder = series_folder(ROOT, series)
    except MarketError:
        return
    assert folder.parts[:2] == ROOT.parts
    assert len(folder.parts) == 5
    assert all(part not in (".", "..") and "/" not in part and "\\" not in part for part in folder.parts[2:])
    assert series_of(ROOT, folder) == series  # so two names never share a folder


@pytest.mark.parametrize("name", ["..", ".", "../../etc/passwd", "..\\..", "C:", "a/b", "%2e%2e", "con.", "~root"])
def test_a_hostile_name_becomes_a_plain_folder(name):
    written = folder_name(name)
    assert not set(written) & set("./\\:~ ")
    assert written not in (".", "..")


@pytest.mark.parametrize("name", ["", "a\x00b", "line\nbreak", "\u202e", "x" * 300, "\ud800"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(MarketError):
        folder_name(name)


def test_the_folder_comes_from_the_option_then_the_environment_then_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv(CATALOG_VARIABLE, str(tmp_path / "env"))
    assert catalog_root(tmp_path / "option") == tmp_path / "option"
    assert catalog_root() == tmp_path / "env"
    monkeypatch.delenv(CATALOG_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert catalog_root().name == "catalog"
    assert "liquidation-heatmap" in str(catalog_root())


def test_a_file_in_the_catalogs_place_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(MarketError, match="must be a folder"):
        catalog_root(tmp_path / "taken")


@pytest.mark.parametrize(
    ("kind", "timeframe"),
    [("candles", ""), ("funding", "1h"), ("rumours", "1h"), ("candles", "1x"), ("candles", "../1h")],
)
def test_a_kind_and_timeframe_that_do_not_fit_are_refused(kind, timeframe):
    with pytest.raises(MarketError):
        series_folder(ROOT, Series("binance", "BTC/USDT:USDT", kind, timeframe))
