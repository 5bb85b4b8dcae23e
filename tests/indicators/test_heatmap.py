"""The indicator in all of backtrader's engine modes, under replay, and on demand."""

import datetime
import re
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from datafeeds.perpetual import PerpetualFeed
from datafeeds.simulated.market import simulate
from indicators.heatmap import LINE_FIELDS, LiquidationHeatmap, bar_seconds_of
from indicators.liquidation.bar import empty_bars
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from indicators.liquidation.step import run
from runs.engines.event import model_bars

BARS = 200


@pytest.fixture(scope="module")
def market():
    return simulate(3, bars=BARS)


@pytest.fixture(scope="module")
def expected(market):
    return run(build_model(ModelParameters(), 3600.0), model_bars(market))


class Recorder(bt.Strategy):
    """Writes down every line at every bar, and asks questions about the bar."""

    def __init__(self):
        self.heatmap = LiquidationHeatmap(self.data)
        self.rows, self.clusters, self.masses = [], [], []

    def next(self):
        self.rows.append([line[0] for line in self.heatmap.lines])
        if len(self) % 50 == 0:
            self.clusters.append(self.heatmap.clusters())
            prices, longs, shorts = self.heatmap.density()
            self.masses.append((prices, longs, shorts))


MODES = [(p, r, e) for p in (True, False) for r in (True, False) for e in (-2, -1, False, 1)]


def cerebro_of(market, mode, strategy=Recorder):
    preload, runonce, exactbars = mode
    cerebro = bt.Cerebro(stdstats=False, preload=preload, runonce=runonce, exactbars=exactbars)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.addstrategy(strategy)
    return cerebro


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_lines_are_equal_in_every_engine_mode(market, expected, mode):
    strategy = cerebro_of(market, mode).run()[0]
    rows = np.array(strategy.rows)
    for column, field in enumerate(LINE_FIELDS.values()):
        np.testing.assert_array_equal(rows[:, column], expected[field], err_msg=field)


@pytest.mark.parametrize("mode", [(True, True, False), (False, False, False), (False, False, 1)], ids=str)
def test_bars_open_when_they_do_in_every_engine_mode(mode):
    market = simulate(3, bars=1560, start="2023-12-17")  # 32 days before a period of the forecast's begins
    snapshots, last = cerebro_of(market, mode).run()[0].heatmap.view()
    expected = run(build_model(ModelParameters(), 3600.0), model_bars(market))
    assert np.isfinite(expected["volatility_24h"]).sum() > 50
    assert snapshots[: last + 1].tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", [(True, True, False), (False, False, False), (False, False, 1)], ids=str)
def test_clusters_and_density_on_demand_are_those_of_the_bar(market, mode):
    strategy = cerebro_of(market, mode).run()[0]
    bars, model = model_bars(market), build_model(ModelParameters(), 3600.0)
    for number, count in enumerate((50, 100, 150, 200)):
        state = initial_state(model)
        run(model, bars[:count], state)
        found = strategy.clusters[number]
        assert len(found) == state.memory["clusters"][0].sum()
        assert (np.diff(found["magnitude"]) <= 0.0).all(), "largest first"
        prices, longs, shorts = strategy.masses[number]
        assert (np.diff(prices) > 0.0).all()
        record = record_heatmap(model, bars[:count])
        np.testing.assert_allclose((longs.sum(), shorts.sum()), record.density[-1].sum(axis=1), rtol=1e-6)
        close, half_bin = bars["close"][count - 1], 1.0 + 0.5 * ModelParameters().bin_width
        assert prices[longs > 0].max(initial=0.0) <= close * half_bin
        assert prices[shorts > 0].min(initial=np.inf) >= close / half_bin


def test_asking_backward_in_time_gives_the_bar_asked_for(market):
    class Asker(bt.Strategy):
        def __init__(self):
            self.heatmap = LiquidationHeatmap(self.data)
            self.now = {}

        def next(self):
            if len(self) in (60, 120):
                self.now[len(self)] = self.heatmap.clusters().tobytes()
            if len(self) == 150:
                self.back = {bar: self.heatmap.clusters(ago=bar - 150).tobytes() for bar in (120, 60)}
                with pytest.raises(IndexError, match="no bar at ago = 1"):
                    self.heatmap.clusters(ago=1)

    for mode in ((True, True, False), (False, False, False)):
        strategy = cerebro_of(market, mode, Asker).run()[0]
        assert strategy.back == strategy.now


def test_the_same_bar_sent_many_times_counts_once():
    """Replay: backtrader calls next for every five-minute step of an hour; the hour's final reading must be unaffected."""
    small = simulate(5, bars=12 * 40, bar_seconds=300)

    class Hours(bt.Strategy):
        def __init__(self):
            self.heatmap = LiquidationHeatmap(self.data, bar_seconds=3600.0)
            self.calls, self.last = 0, {}

        def next(self):
            self.calls += 1
            bar = [getattr(self.data, name)[0] for name in ("open", "high", "low", "close", "volume")]
            self.last[len(self)] = (bar, [line[0] for line in self.heatmap.lines])

    frame = small.frame.set_index(small.times)[["open", "high", "low", "close", "volume"]]
    frame.index = frame.index + pd.Timedelta(minutes=5)  # backtrader's replay takes labels for ends
    cerebro = bt.Cerebro(stdstats=False)
    data = bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, compression=5)
    cerebro.replaydata(data, timeframe=bt.TimeFrame.Minutes, compression=60)
    cerebro.addstrategy(Hours)
    strategy = cerebro.run()[0]
    assert strategy.calls > 5 * len(strategy.last), "the same bar was sent many times"
    bars = empty_bars(len(strategy.last))
    for index, (values, _) in enumerate(strategy.last.values()):
        for name, value in zip(("open", "high", "low", "close", "volume"), values, strict=True):
            bars[name][index] = value
    bars["open_interest"] = np.nan
    expected = run(build_model(ModelParameters(), 3600.0), bars)
    seen = np.array([lines for _, lines in strategy.last.values()])
    for column, field in enumerate(LINE_FIELDS.values()):
        np.testing.assert_array_equal(seen[:, column], expected[field], err_msg=field)


def test_works_on_a_plain_feed_without_further_lines(market):
    frame = market.frame.set_index(market.times)[["open", "high", "low", "close", "volume"]]
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, compression=60))
    cerebro.addstrategy(Recorder)
    rows = np.array(cerebro.run()[0].rows)
    assert np.isfinite(rows[-1, list(LINE_FIELDS).index("cluster_below")])


def test_parameters_are_checked_with_a_sentence(market):
    class Wrong(bt.Strategy):
        def __init__(self):
            LiquidationHeatmap(self.data, liquidation_price_spread=2.0)

    with pytest.raises(ValueError, match=r"liquidation_price_spread = 2.0 is outside \[0.01, 0.5\]"):
        cerebro_of(market, (True, True, False), Wrong).run()


def test_months_have_no_length():
    class Monthly:
        _timeframe, _compression = bt.TimeFrame.Months, 1

    with pytest.raises(ValueError, match="no fixed length"):
        bar_seconds_of(Monthly())


def test_naive_datetimes_reach_the_strategy_unchanged(market):
    class Clock(bt.Strategy):
        def __init__(self):
            self.seen = []

        def next(self):
            self.seen.append(self.data.datetime.datetime(0))

    seen = cerebro_of(market, (True, True, False), Clock).run()[0].seen
    assert seen[0] == datetime.datetime(2024, 1, 1)
    assert seen == [time.astype("datetime64[us]").item() for time in market.times]


def test_backtraders_own_plot_shows_the_levels_on_the_price(tmp_path):
    import backtrader.plot  # noqa: F401 - it asks for a window, so the headless backend is chosen after it
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    class Watching(bt.Strategy):
        def __init__(self):
            self.heatmap = LiquidationHeatmap(self.data, cluster_window=0.1)

    market = simulate(3, bars=200)
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.addstrategy(Watching)
    strategy = cerebro.run()[0]
    figure = cerebro.plot(iplot=False)[0][0]
    try:
        drawn = {line.get_label(): line for axes in figure.axes for line in axes.lines}
        for line, label in (
            ("cluster_above", "short cluster"),
            ("cluster_below", "long cluster"),
            ("support", "support"),
            ("resistance", "resistance"),
        ):
            shown = next(value for key, value in drawn.items() if label in key)
            kept = np.array(getattr(strategy.heatmap.lines, line).array)
            np.testing.assert_array_equal(np.asarray(shown.get_ydata(), dtype=float), kept)
        heights = {axes.get_position().bounds for axes in figure.axes if axes.lines}
        assert len(heights) == 1, "one chart: lines that are no prices are not drawn"
        figure.savefig(tmp_path / "chart.png")
        assert (tmp_path / "chart.png").stat().st_size > 10_000
        legends = [axes.get_legend() for axes in figure.axes]
        texts = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
        assert any("cluster_window 0.1" in text for text in texts)
        assert not any("leverages" in text for text in texts)
    finally:
        plt.close("all")


def test_the_plot_of_the_guide_runs(tmp_path, monkeypatch):
    guide = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "strategies.md").read_text(encoding="utf-8")
    source = next(block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "cerebro.plot" in block)
    frame = simulate(3, bars=200).frame.drop(columns="open_interest_break")
    frame.assign(ts=frame["ts"] + (pd.Timestamp("2024-08-01", tz="UTC") - frame["ts"].iloc[0])).to_parquet(
        tmp_path / "btc_1h.parquet"
    )
    monkeypatch.chdir(tmp_path)
    exec(compile(source, "strategies.md", "exec"), {})  # noqa: S102 - the guide's own lines
    assert (tmp_path / "chart.png").stat().st_size > 10_000
