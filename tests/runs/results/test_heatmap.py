"""The heatmap from Python: the model's own map as tables, each bar from its past alone."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from datafeeds.errors import MarketError
from datafeeds.simulated.market import simulate
from runs.analyze import heatmap
from runs.commandline.command import InputError
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest

MARKET = simulate(3, bars=400)


@pytest.fixture(scope="module")
def found():
    return heatmap(MARKET, every=7)


def test_the_last_bar_is_what_the_strategy_saw(found):
    run = run_backtest(configuration_from({"strategy": "magnet"}), MARKET)
    assert np.array_equal(found.clusters().to_records(index=False), run.clusters)
    pd.testing.assert_frame_equal(found.snapshots.reset_index(drop=True), pd.DataFrame(run.snapshots))


def test_a_bar_follows_from_its_past_alone(found):
    earlier = heatmap(MARKET.head(151))
    pd.testing.assert_frame_equal(found.clusters(150), earlier.clusters())
    pd.testing.assert_frame_equal(found.density(-250), earlier.density(-1))
    close = MARKET.frame["ts"].iloc[151]
    pd.testing.assert_frame_equal(found.density(close), earlier.density())
    pd.testing.assert_frame_equal(found.density(str(close)), earlier.density())


def test_a_row_of_the_matrix_is_the_density_of_its_bar(found):
    assert len(found.matrix) == 400 // 7 + 1
    for row, bar in ((0, 0), (20, 140), (-1, 399)):
        # every 7th bar back from the last: 0, 7, ... 399
        density = found.density(bar).sum(axis=1)
        ours = found.matrix.iloc[row].dropna()
        assert found.matrix.index[row] == pd.DatetimeIndex(MARKET.times)[bar]
        np.testing.assert_allclose(ours.index, density.index, rtol=1e-12)
        np.testing.assert_allclose(ours, density, rtol=1e-6)


def test_longs_stand_below_and_shorts_above(found):
    density, close = found.density(), float(MARKET.frame["close"].iloc[-1])
    width = found.parameters.bin_width
    assert density["long"].sum() > 0.0
    assert density.index[density["long"] > 0.0].max() < close * (1 + width)
    assert density.index[density["short"] > 0.0].min() > close * (1 - width)


def test_clusters_by_leverage_are_those_of_the_bar_and_their_parts_are_all_of_them(found):
    for at in (-1, 250):
        parts = found.by_leverage(at)
        assert parts.index.tolist() == found.clusters(at)["price"].tolist()
        assert parts.columns.tolist() == ["2-5x", "10x", "20-25x", "50x and above"]
        np.testing.assert_allclose(parts.sum(axis=1), 1.0)
    assert "id='layer'" in found.to_html(layers=True)


@pytest.mark.parametrize("at", [400, -401, "2023-01-01", "2030-01-01", "noon"])
def test_a_bar_that_is_not_there_is_one_sentence(found, at):
    with pytest.raises(MarketError) as caught:
        found.clusters(at)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"every": 0}, "every = 0"), ({"half_live_hours": 3}, "half_life_hours"), ({"bin_width": -1}, "bin_width")],
)
def test_bad_input_is_one_sentence(asked, said):
    with pytest.raises(InputError, match=said):
        heatmap(MARKET, **asked)


def test_nothing_is_printed_or_written_unless_asked(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    found = heatmap(MARKET)
    assert repr(found) == "Heatmap(simulated-3, 400 bars 2024-01-01..2024-01-17)"
    assert len(found._repr_html_()) < 3000
    page = found.to_html()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert found.to_html("map.html") is None
    assert (tmp_path / "map.html").read_text() == page


def test_a_picture_is_drawn_where_one_wants_it(found):
    axes = pyplot.figure().add_subplot()
    assert found.plot(axes) is axes
    assert axes.lines[0].get_ydata()[-1] == MARKET.frame["close"].iloc[-1]
    pyplot.close("all")
