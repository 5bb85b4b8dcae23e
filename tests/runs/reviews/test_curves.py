"""Pictures hold what the files hold, to the step of a screen."""

import base64

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from runs.reviews import curves
from runs.reviews.curves import CANDLES, FILLS, STEPS, candles, equity_curve, fills, market_curve
from runs.reviews.safe_files import DamageError


def unpack(text, low, high):
    return low + np.frombuffer(base64.b64decode(text), "<u2") / STEPS * (high - low)


def points(curve):
    values = curve["values"]
    return unpack(curve["times"], curve["from"], curve["to"]), unpack(values["steps"], values["low"], values["high"])


@pytest.fixture
def frame(template):
    return pd.read_parquet(template / "equity.parquet")


def seconds(times):
    return times.astype("datetime64[ns, UTC]").astype("int64").to_numpy() // 10**9


def test_every_point_of_a_curve_is_one_of_the_file(template, frame):
    for curve, column in (
        (equity_curve(template, 100_000.0), "equity"),
        (market_curve(template, 100_000.0), "buy_and_hold"),
    ):
        times, values = points(curve)
        truth = pd.Series(frame[column].to_numpy() / 100_000.0, index=seconds(frame["ts"]))
        step = (curve["to"] - curve["from"]) / STEPS
        nearest = [np.abs(truth.index.to_numpy() - time).argmin() for time in times]
        assert np.allclose(truth.index.to_numpy()[nearest], times, atol=step)
        assert np.allclose(truth.to_numpy()[nearest], values, atol=(values.max() - values.min()) / STEPS + 1e-12)
        assert (times[0], times[-1]) == (truth.index[0], truth.index[-1])
        assert values[-1] == pytest.approx(truth.iloc[-1], abs=1e-4)


def test_a_curve_of_more_bars_than_any_run_has_is_refused_before_a_row_is_read(template, frame, monkeypatch):
    def read(*_, **__):
        raise AssertionError("its rows were read")

    monkeypatch.setattr(curves, "MAX_BARS", len(frame) - 1)
    monkeypatch.setattr(pq.ParquetFile, "read", read)
    for picture in (equity_curve, market_curve):
        with pytest.raises(DamageError, match="damaged"):
            picture(template, 1.0)


def test_texts_and_files_that_are_too_large_are_no_curves(template, frame, monkeypatch, tmp_path):
    frame.assign(equity="text").to_parquet(tmp_path / "equity.parquet")
    with pytest.raises(DamageError, match="damaged"):
        equity_curve(tmp_path, 1.0)
    monkeypatch.setattr(curves, "MAX_FILE_BYTES", 100)
    for picture in (lambda: equity_curve(template, 1.0), lambda: fills(template, 0, 1)):
        with pytest.raises(DamageError, match="too large"):
            picture()


@pytest.mark.parametrize("count", [1, 2, CANDLES, CANDLES + 1, 3 * CANDLES + 7])
def test_candles_are_the_range_and_the_last_of_their_closes(count):
    close = np.random.default_rng(count).lognormal(size=count)
    found = candles(close)
    groups = [close[i : i + found["bars"]] for i in range(0, count, found["bars"])]
    assert len(groups) <= CANDLES
    for name, take in (("lows", min), ("highs", max), ("closes", lambda group: group[-1])):
        values = unpack(found[name], found["low"], found["high"])
        assert np.allclose(values, [take(group) for group in groups], atol=(close.max() - close.min()) / STEPS + 1e-12)


def test_fills_are_the_trades_that_won_or_lost_most(template, tmp_path):
    trades = pd.read_csv(template / "trades.csv")
    many = pd.concat([trades] * (FILLS // len(trades) + 2), ignore_index=True)
    many["net_pnl"] = np.random.default_rng(1).normal(size=len(many))
    many.to_csv(tmp_path / "trades.csv", index=False)
    first, last = (
        pd.Timestamp(trades["entry_time"].min()).timestamp(),
        pd.Timestamp(trades["exit_time"].max()).timestamp(),
    )
    found = fills(tmp_path, int(first), int(last))
    assert (found["total"], found["shown"]) == (len(many), FILLS)
    kept = many.loc[many["net_pnl"].abs().nlargest(FILLS).index.sort_values()]
    assert [bool(kind & 2) for kind in found["kinds"]] == list(kept["net_pnl"] > 0)
    assert [bool(kind & 1) for kind in found["kinds"]] == list(kept["side"] == "short")
    prices = unpack(found["bought"], found["low"], found["high"])
    assert np.allclose(prices, kept["entry_price"], atol=(found["high"] - found["low"]) / STEPS)
    times = unpack(found["entries"], first, last)
    assert np.allclose(times, seconds(pd.to_datetime(kept["entry_time"])), atol=(last - first) / STEPS)
