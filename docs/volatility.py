"""Write the figures of docs/volatility.md, forecasts held against what came: ``MARKET_DATA_DIR=... python docs/volatility.py``."""

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import read
from datafeeds.schema import Market
from indicators.liquidation.parameters import ModelParameters
from runs.engines.event import model_bars, run_model
from runs.statistics.bootstrap import Interval, Sample, block_sums, joint_interval

PAGE, MARK = Path(__file__).with_name("volatility.md"), "\n## Figures\n"
HOURLY = {
    "Bybit BTC": "bybit_1h/BTCUSDT",
    "Bybit ETH": "bybit_1h/ETHUSDT",
    "Binance BTC": "binance_1h/BTCUSDT",
    "Binance ETH": "binance_1h/ETHUSDT",
}
SHORTER = {"Binance BTC, 5 min": "binance_5m/BTCUSDT", "Binance BTC, 15 min": "binance_15m/BTCUSDT"}
HORIZON_HOURS, HALF_LIFE_HOURS = (4, 24), (24.0, 72.0, 168.0)
_DRAWS, _HOUR, _HOURS_PER_WEEK, _MONDAY = 1000, 3600, 168, 72  # 1970-01-01 was a Thursday


class Scores(NamedTuple):
    """Losses (n,) of the hours of one set in which all forecasts exist, and the week (n,) of each.

    Attributes
    ----------
    weeks
        Since 1970, from Monday to Monday.
    forecast
        Of `volatility_4h` or `volatility_24h`.
    averages
        Of the average with each of `HALF_LIFE_HOURS`.
    """

    weeks: np.ndarray
    forecast: np.ndarray
    averages: tuple[np.ndarray, ...]


def qlike(realised: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return ``r - ln r - 1`` of r = realised / forecast variance (n,); NaN where nothing moved or nothing was forecast."""
    ratio = np.where(realised > 0.0, realised, np.nan) / variance
    return ratio - np.log(ratio) - 1.0


def closes_of(market: Market) -> np.ndarray:
    """Return when each bar closed (n,), seconds since 1970."""
    return model_bars(market)["open_time"].astype(np.int64) + market.bar_seconds


def realised_variance(market: Market, seconds: np.ndarray, hours: int) -> np.ndarray:
    """Return the sum of squared log returns in the `hours` after each of `seconds` (n,); NaN beyond the market's end."""
    bars, closes = model_bars(market), closes_of(market)
    returns = np.diff(np.log(np.r_[bars["open"][0], bars["close"]]))
    total, end = np.r_[0.0, np.cumsum(returns**2)], seconds + hours * _HOUR
    known = total[np.searchsorted(closes, end, side="right")] - total[np.searchsorted(closes, seconds, side="right")]
    return np.where(end <= closes[-1], known, np.nan)


def scores(market: Market, truth: Market, hours: int) -> Scores:
    """Return the losses over a horizon of what is forecast on a market's bars, held against the bars of `truth`."""
    closes, horizon_bars = closes_of(market), hours * _HOUR / market.bar_seconds
    realised = realised_variance(truth, closes, hours)
    said = [
        run_model(replace(ModelParameters(), volatility_half_life_hours=half), market)[0] for half in HALF_LIFE_HOURS
    ]
    losses = [qlike(realised, said[0][f"volatility_{hours}h"] ** 2)]
    losses += [qlike(realised, horizon_bars * snapshots["volatility"] ** 2) for snapshots in said]
    scored = (closes % _HOUR == 0) & np.isfinite(losses).all(axis=0)
    weeks = (closes // _HOUR + _MONDAY) // _HOURS_PER_WEEK
    forecast, *averages = (loss[scored] for loss in losses)
    return Scores(weeks[scored], forecast, tuple(averages))


def saved(found: Iterable[Scores], average: int) -> Interval:
    """Return which fraction of an average's loss the forecast saves, in the mean of the sets; weeks are drawn jointly."""
    samples = []
    for one in found:
        sums = [block_sums(loss, one.weeks) for loss in (one.averages[average] - one.forecast, one.averages[average])]
        samples.append(Sample(np.unique(one.weeks), tuple(sums), np.divide))
    return joint_interval(samples, draws=_DRAWS)


def _saved(found: list[Scores], average: int) -> str:
    shown = (100.0 * value for value in saved(found, average)[:3])
    return "{:+.1f} ({:.1f} .. {:.1f})".format(*shown)


def _row(name: str, hours: int, one: Scores) -> str:
    cells = [f"{one.averages[i].mean():.3f}, {_saved([one], i)}" for i in range(len(HALF_LIFE_HOURS))]
    return _line(name, f"{hours} h", f"{len(one.weeks):,}", f"{one.forecast.mean():.3f}", *cells)


def _pool(name: str, hours: int, found: list[Scores]) -> str:
    return _line(name, f"{hours} h", "", "", *(_saved(found, i) for i in range(len(HALF_LIFE_HOURS))))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def figures(folder: Path) -> str:
    """Return the table, of the files in `folder`."""
    lines = [_line("set", "horizon", "hours", "QLIKE", "today's, saved", "EWMA 72 h, saved", "EWMA 168 h, saved")]
    lines.append(_line(*7 * ["---"]))
    for made, sets in ((None, HOURLY | SHORTER), ("4h", HOURLY)):
        ends, found = ", bars of 4 h" if made else "", {hours: [] for hours in HORIZON_HOURS}
        for name, file in sets.items():
            truth = read(folder / f"{file}.parquet")
            market = read(truth, timeframe=made)
            for hours, others in found.items():
                others.append(scores(market, truth, hours))
                lines.append(_row(name + ends, hours, others[-1]))
        lines += [_pool(f"pooled{ends}", hours, others) for hours, others in found.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    above = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(above + MARK + "\n" + figures(Path(os.environ["MARKET_DATA_DIR"])), encoding="utf-8")
