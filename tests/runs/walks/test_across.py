"""Walks across markets: windows over all times, one account in the tests, and money that adds up."""

import json

import numpy as np
import pandas as pd
import pytest

from datafeeds.universe.markets import from_markets
from runs.engines.configuration import configuration_from
from runs.engines.joint.evaluator import JointEvaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import DELISTING, reconciliation_error
from runs.results.walk import WalkForward
from runs.walkforward import walk_forward
from runs.walks.folder import WINDOW_END
from tests.runs.engines.joint.universes import drawn_market

MARKETS = (drawn_market(61, 700), drawn_market(62, 700, holes=9), drawn_market(63, 330))
LENGTHS = {"train": "10d", "test": "5d", "purge": "0", "embargo": "1d"}


@pytest.fixture(scope="module")
def walked() -> WalkForward:
    return walk_forward(list(MARKETS), "overlay", grid={"band": [0.0, 0.3]}, across="median", confirm=3, **LENGTHS)


def test_the_tests_agree_with_the_event_engine_and_chain_their_cash(walked):
    assert walked.record["across"] == "median"
    assert walked.summary["confirmation"] == {"asked": 3, "equal": 3, "window": None, "difference": None}
    returns = [row["out_of_sample"]["total_return_fraction"] for row in walked.summary["windows"]]
    assert len(returns) == 3
    assert walked.metrics["total_return_fraction"] == pytest.approx(np.prod(1.0 + np.array(returns)) - 1.0, rel=1e-12)


def test_the_joined_account_reconciles_market_by_market_and_is_flat_at_each_windows_end(walked):
    result = walked.joined.run
    for part in result.parts:
        assert reconciliation_error(part.account, part.fills, float(part.close[-1])) < 1e-12
        assert part.position[-1] == 0.0
        ordered = part.fills["order"][part.fills["order"] >= 0]
        assert len(set(ordered)) == len(ordered)
    assert max(len(part.fills) for part in result.parts) > 3
    earned = sum(float(part.equity[-1]) - result.start for part in result.parts)
    assert result.equity[-1] == pytest.approx(result.start + earned, rel=1e-12)
    assert walked.metrics["final_equity_quote"] == pytest.approx(walked.metrics["starting_cash_quote"] + earned)
    trades = walked.trades
    ends = pd.DatetimeIndex(walked.windows["test_to"])
    assert set(trades[trades["exit_reason"] == WINDOW_END]["exit_time"]) == set(ends)
    assert set(trades["window"]) == {1, 2, 3}


def test_windows_begin_where_a_market_may_be_traded():
    universe = from_markets(MARKETS[:2], firsts=[120, 100])
    windows = walk_forward(universe, "overlay", grid={"band": [0.0]}, confirm=1, **LENGTHS).windows
    assert windows["train_from"].iloc[0] == MARKETS[1].times[100]
    assert len(windows) == 2


def test_a_window_reads_nothing_after_it_and_keeps_the_map_from_before():
    universe, configuration = from_markets(MARKETS), configuration_from({"strategy": "overlay"})
    first, last = 300, 500
    window = JointEvaluator(universe.window(first, last), Heatmaps(None)).evaluate(configuration)
    heads = [market.head(int((market.times < universe.times[last]).sum())) for market in MARKETS]
    cut = JointEvaluator(from_markets(heads).window(first, last), Heatmaps(None)).evaluate(configuration)
    assert (window.equity == cut.equity).all()
    assert any((part.fills["kind"] == DELISTING).any() for part in window.parts)
    short = next(part for part, name in zip(window.parts, universe.names, strict=True) if name == "coin63")
    assert short.position[-1] == 0.0  # it was delisted within the window
    assert len(short.fills)
    late = universe.window(400, 600)
    assert late.names == ("coin61", "coin62")
    whole = JointEvaluator(late, Heatmaps(None)).figures(JointEvaluator(late, Heatmaps(None)).evaluate(configuration))
    assert len(whole.daily_returns) == len(np.unique(universe.times[400:600].astype("datetime64[D]")))


def test_a_walk_across_markets_is_saved_with_its_page(walked, tmp_path, monkeypatch):
    monkeypatch.setattr("runs.walks.folder.joint_tearsheet", lambda *_: "<html></html>")
    folder = walked.save(tmp_path / "walk")
    assert {"walk.json", "walk.html", "trades.csv", "fills.csv", "equity.parquet"} <= {p.name for p in folder.iterdir()}
    page = (folder / "walk.html").read_text()
    assert "By market" in page
    assert all(market.name in page for market in MARKETS)
    assert "judged on their median market" in page
    assert " of 3 markets." in json.loads((folder / "summary.json").read_text())["sentence"]
    equity = pd.read_parquet(folder / "equity.parquet")
    np.testing.assert_allclose(equity["equity"], walked.equity)
