"""Write docs/evidence-strategies.md, what the strategies earn on both sides of the costs: ``python docs/evidence_strategies.py``.

It needs the market data (`MARKET_DATA_DIR`). The protocol is docs/attempts-strategies.md; what is said of its outcome there is
written by hand.
"""

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datafeeds.markets import open_file
from datafeeds.schema import Market
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.held import held_perpetual
from runs.engines.instruments import market_prices
from runs.engines.snapshot_cache import Heatmaps
from runs.statistics.bootstrap import Interval, Sample, block_sums, joint_interval
from runs.statistics.daily import returns_of_days
from runs.statistics.headline import stated_intervals
from runs.statistics.holding import constant_exposure_returns
from runs.statistics.performance import DAYS_PER_YEAR, sharpe, total_return

PAGE = Path(__file__).with_name("evidence-strategies.md")
FIRST = "as first specified"
FILES = tuple((venue, coin) for venue in ("bybit", "binance") for coin in ("BTC", "ETH"))
HELD_OUT = np.datetime64("2023-07-01")
"""Development before it, held out from it on."""

FEES: dict[str, dict[str, float]] = {
    "taker": {},
    "maker": {"taker_fee_bps": 2.0, "maker_fee_bps": 2.0, "slippage_bps": 0.0},
    "zero": {"taker_fee_bps": 0.0, "maker_fee_bps": 0.0, "slippage_bps": 0.0},
}

WITH_QUANTILES = {"quantile_bars": 720, "risk_quantile": 0.9, "funding_quantile": 0.95}
CANDIDATES: dict[str, dict[str, dict[str, Any]]] = {
    "overlay": {
        "raised after 24 h": {"raise_after_hours": 24.0},
        "raised after 72 h": {"raise_after_hours": 72.0},
        "raised after 168 h": {"raise_after_hours": 168.0},
        "raised after 72 h, band .1": {"raise_after_hours": 72.0, "band": 0.1},
        "raised after 168 h, band .1": {"raise_after_hours": 168.0, "band": 0.1},
        "raised after 168 h, band .1, base volatility .6": {
            "raise_after_hours": 168.0, "band": 0.1, "base_volatility": 0.6,
        },
    },
    "magnet": {
        "limit .1 ATR, 3 bars": {"limit_atr": 0.1},
        "limit .5 ATR, 12 bars": {"limit_atr": 0.5, "limit_bars": 12},
        "limit .1 ATR, 3 bars, near edge": {"limit_atr": 0.1, "near_edge": True},
        "limit .1 ATR, 3 bars, costs asked": {"limit_atr": 0.1, "touch_lift": 0.025},
        "limit .1 ATR, 3 bars, near edge, costs asked": {"limit_atr": 0.1, "near_edge": True, "touch_lift": 0.025},
    },
    "cascade": {
        "quantiles .9 and .95 of 720 bars": WITH_QUANTILES,
        "the same, with alone": {**WITH_QUANTILES, "trade_against": False},
        "with alone, quantile .7": {**WITH_QUANTILES, "risk_quantile": 0.7, "trade_against": False},
        "against alone, funding .9, fall .1": {
            **WITH_QUANTILES, "funding_quantile": 0.9, "min_open_interest_drop": 0.1, "trade_with": False,
        },
    },
    "wipe": {
        "first retest": {"first_retest_only": True},
        "strength .004": {"min_strength": 0.004},
        "by close, hard stop 3 %": {"hard_stop": 0.03},
        "all three": {"first_retest_only": True, "min_strength": 0.004, "hard_stop": 0.03},
    },
}  # fmt: skip
"""Changes of each strategy as first specified, by the protocol."""

TRIES = sum(len(ways) for ways in CANDIDATES.values())


class Bars(NamedTuple):
    """A part of a market: what evaluates rules on it, on whose terms, and what holding a coin earned each day."""

    name: str
    instrument: dict[str, str]
    evaluator: Evaluator
    held: np.ndarray
    bought: np.ndarray


class Run(NamedTuple):
    """What one rule did on one part of a market; `excess` is its daily return less that of its mean exposure held constant."""

    metrics: dict[str, float]
    returns: np.ndarray
    excess: np.ndarray
    turnover: float
    unfilled: float


def bars_of(market: Market, venue: str, coin: str, first: int, last: int) -> Bars:
    """Return the bars ``first <= bar < last`` of a market, traded on a venue's terms; the map has seen those before."""
    evaluator = Evaluator(market, Heatmaps(None), first, last)
    prices = market_prices(market)[first:last]
    rows = np.searchsorted(market.times[first:last].astype("datetime64[D]"), evaluator.days, side="right") - 1
    return Bars(
        f"{venue} {coin}", {"venue": venue, "symbol": f"{coin}USDT"}, evaluator, held_perpetual(prices, rows).daily_returns,
        returns_of_days(prices["close"][rows], float(prices["open"][0])),
    )  # fmt: skip


def run(bars: Bars, strategy: str, rule: Mapping[str, Any], costs: Mapping[str, float]) -> Run:
    """Return what a rule does on its venue's terms, but for the costs given."""
    settings = {
        "strategy": strategy,
        "rule": dict(rule),
        "costs": dict(costs),
        "instrument": bars.instrument,
    }
    evaluation = bars.evaluator.evaluate(configuration_from(settings))
    trial = bars.evaluator.figures(evaluation)
    excess = trial.daily_returns - constant_exposure_returns(trial.metrics["mean_exposure"], bars.held)
    traded = evaluation.fills[evaluation.fills["size"] != 0.0]
    notional = np.abs(traded["size"]) * traded["price"] / evaluation.equity[traded["bar"] - evaluation.first]
    missed = trial.metrics["entries_expired"] + trial.metrics["entries_refused_for_post_only"]
    return Run(
        trial.metrics, trial.daily_returns, excess, float(notional.sum()) * DAYS_PER_YEAR / len(excess),
        missed / max(missed + trial.metrics["trades"], 1),
    )  # fmt: skip


def yearly(parts: list[Bars], daily: list[np.ndarray], level: float = 0.95) -> Interval:
    """Return the mean over files of mean daily figures, a year, in percentage points; weeks are drawn jointly."""
    samples = []
    for bars, values in zip(parts, daily, strict=True):
        weeks = bars.evaluator.days.astype("datetime64[W]").astype(np.int64)
        sums = block_sums(100.0 * DAYS_PER_YEAR * values, weeks), block_sums(np.ones(len(values)), weeks)
        samples.append(Sample(np.unique(weeks), sums, np.divide))
    return joint_interval(samples, level=level)


def ranged(interval: Interval) -> str:
    """Return an estimate and its interval as text."""
    return f"{interval.estimate:+.1f} ({interval.low:+.1f} .. {interval.high:+.1f})"


def figure(ratio: float) -> str:
    """Return a Sharpe ratio as text; a dash where a file has none."""
    return f"{ratio:+.2f}" if math.isfinite(ratio) else "-"


def _mean(runs: list[Run], name: str) -> float:
    return float(np.mean([one.metrics[name] for one in runs]))


def compared(
    parts: list[Bars], strategy: str, ways: Mapping[str, Mapping[str, Any]], level: float
) -> list[tuple[str, ...]]:
    """Return a row for a strategy as first specified and one for each of some ways, beside it."""
    rows = []
    first = [run(bars, strategy, {}, {}) for bars in parts]
    for name, rule in {FIRST: {}, **ways}.items():
        runs = [run(bars, strategy, rule, {}) for bars in parts]
        differences = [one.excess - other.excess for one, other in zip(runs, first, strict=True)]
        beyond = ranged(yearly(parts, [one.excess for one in runs]))
        against = ranged(yearly(parts, differences, level)) if rule else ""
        waited = f"{np.mean([one.unfilled for one in runs]):.0%}" if "limit_atr" in rule else ""
        rows.append(
            (
                name, f"{_mean(runs, 'trades'):,.0f}", f"{np.mean([one.turnover for one in runs]):.0f}", waited,
                figure(_mean(runs, "sharpe")), beyond, against,
            )
        )  # fmt: skip
    return rows


def table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return rows as a Markdown table."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def chosen(strategies: Mapping[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return strategy, name and rule of each as first specified and as its best candidate of development."""
    rows: list[tuple[str, str, dict[str, Any]]] = []
    for strategy, best in strategies.items():
        rows += [(strategy, FIRST, {}), (strategy, best, dict(CANDIDATES[strategy][best]))]
    return rows


def cell(returns: np.ndarray) -> str:
    """Return total return, Sharpe ratio and its 95 % interval."""
    ends = stated_intervals(returns)["sharpe"]
    return f"{total_return(returns):+.1%}, {sharpe(returns):+.2f} ({ends['low']:+.2f} .. {ends['high']:+.2f})"


def measured(parts: list[Bars], rules: list[tuple[str, str, dict[str, Any]]]) -> tuple[list[Any], list[Any]]:
    """Return the rows of single files and those of all files together, on both sides of the costs."""
    single, together = [], []
    for strategy, name, rule in rules:
        by_fee = {fee: [run(bars, strategy, rule, costs) for bars in parts] for fee, costs in FEES.items()}
        for place, bars in enumerate(parts):
            runs = {fee: found[place] for fee, found in by_fee.items()}
            taker = runs["taker"]
            constant = constant_exposure_returns(taker.metrics["mean_exposure"], bars.held)
            single.append(
                (
                    f"{strategy}, {name}", bars.name, f"{taker.metrics['trades']:,.0f}",
                    *(cell(runs[fee].returns) if np.ptp(runs[fee].returns) > 0.0 else "nothing traded" for fee in FEES),
                    f"{taker.metrics['mean_exposure']:+.2f}: {total_return(constant):+.1%}, {sharpe(constant):+.2f}"
                    if taker.metrics["mean_exposure"]
                    else "-",
                )
            )  # fmt: skip
        excess = [ranged(yearly(parts, [one.excess for one in by_fee[fee]])) for fee in FEES]
        together.append((f"{strategy}, {name}", f"{_mean(by_fee['taker'], 'trades'):,.0f}", *excess))
    return single, together


HEAD = """# What the four strategies earn, on both sides of the costs

Written by `python docs/evidence_strategies.py`. The protocol, its outcome and how far the later years are held out:
[attempts-strategies.md](attempts-strategies.md). {tries} changes were tried on the development data. The best of each strategy
there was measured once on what is held out, beside the strategy as first specified.

- *Taker*: the venue's fees by date and 2 basis points of slippage: what a run takes by default. *Maker*: every fill at 2 basis
  points, without slippage: as if every order had waited and been filled, which no market grants. *Zero*: no fee, no slippage.
  Funding always.
- *Beyond its exposure*: a day's return less what the run's mean exposure, held constant with funding, earned. Percentage points
  a year, mean of four files, weeks drawn jointly, 95 %.
- *Against first*: the same, less that of the strategy as first specified. Its interval has 95 % for all changes of a strategy
  together.
- *Turnover*: traded notional over equity, a year. *Not filled*: limits that expired or would have taken.
"""

TITLES = ("change", "trades", "turnover", "not filled", "Sharpe", "beyond its exposure", "against first")
TOGETHER = ("strategy", "trades", "taker", "maker", "zero")
SINGLE = ("strategy", "file", "trades", "taker: return, Sharpe", "maker", "zero", "its exposure, constant")


def text(development: list[Bars], held_out: list[Bars], best: Mapping[str, str]) -> str:
    """Return the page.

    Parameters
    ----------
    development, held_out
        The two parts of each file.
    best
        Of each strategy the candidate that is measured on what is held out.
    """
    parts = [HEAD.format(tries=TRIES), "## Held out, 2023-07 to 2025-06: all files together\n"]
    rules = chosen(best)
    single, together = measured(held_out, rules)
    parts += [
        table(TOGETHER, together),
        "\nBeyond its exposure. Of so many intervals one in forty lies above zero by luck.\n",
    ]
    parts += ["## Held out: each file\n", table(SINGLE, single), "\n### Holding\n"]
    holding = [(bars.name, cell(bars.bought), cell(bars.held)) for bars in held_out]
    parts += [table(("file", "buy and hold: return, Sharpe", "perpetual held, restored daily"), holding), ""]
    parts.append("## Development, up to 2023-06\n")
    for strategy, ways in CANDIDATES.items():
        rows = compared(development, strategy, ways, 1.0 - 0.05 / len(ways))
        parts += [f"### {strategy}\n", table(TITLES, rows), ""]
    parts += ["### The strategies as first specified, on both sides of the costs\n"]
    parts += [table(TOGETHER, measured(development, [(name, FIRST, {}) for name in CANDIDATES])[1]), ""]
    return "\n".join(parts)


def opened(folder: Path) -> tuple[list[Bars], list[Bars]]:
    """Return the two parts of each file in a folder of market data."""
    development, held_out = [], []
    for venue, coin in FILES:
        market = open_file(folder / f"{venue}_1h" / f"{coin}USDT.parquet")
        cut = int(np.searchsorted(market.times, HELD_OUT))
        development.append(bars_of(market, venue, coin, 0, cut))
        held_out.append(bars_of(market, venue, coin, cut, len(market)))
    return development, held_out


BEST = {
    "overlay": "raised after 168 h, band .1",
    "magnet": "limit .1 ATR, 3 bars, costs asked",
    "cascade": "the same, with alone",
    "wipe": "all three",
}
"""The best candidate of each strategy on the development data: the largest figure of the last column there."""


def main() -> None:
    """Measure everything and write the page."""
    folder = Path(os.environ.get("MARKET_DATA_DIR", Path(__file__).resolve().parents[2] / "shared" / "data"))
    PAGE.write_text(text(*opened(folder), BEST), encoding="utf-8")


if __name__ == "__main__":
    main()
