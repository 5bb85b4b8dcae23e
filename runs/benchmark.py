"""Speed, as ratios measured in one run on the same bars: stock backtrader, our feed, the whole magnet run, the step alone."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import backtrader as bt
import click
import numpy as np
import pandas as pd
from rich.table import Table

from datafeeds.markets import open_market
from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import Market
from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.step import run
from runs.benchmarks.catalog_speed import measure_reading
from runs.benchmarks.sweep_speed import measure_sweep
from runs.benchmarks.timing import times_in_turn
from runs.commandline.command import run_command, suggest
from runs.commandline.output import print_json, wide_console
from runs.engines.configuration import configuration_from
from runs.engines.event import first_bars, model_bars, run_backtest

_BARS = 43_361  # as many as five years of hours, the length of the main real data set
_TENTH = 10


class SmaCross(bt.Strategy):  # type: ignore[misc]
    """The usual yardstick: long above, short below the crossing of two moving averages."""

    def __init__(self) -> None:
        """Set up the crossing of 20 and 50 bars."""
        self.crossing = bt.ind.CrossOver(bt.ind.SMA(period=20), bt.ind.SMA(period=50))

    def next(self) -> None:
        """Turn round at a crossing."""
        if self.crossing[0]:
            self.close()
            (self.buy if self.crossing[0] > 0 else self.sell)(size=1)


def _cross(feed: Callable[[], Any]) -> None:
    cerebro = bt.Cerebro()
    cerebro.adddata(feed())
    cerebro.addstrategy(SmaCross)
    cerebro.broker.setcash(1e9)
    cerebro.run()


def candidates(market: Market) -> dict[str, Callable[[], Any]]:
    """Return what is timed, by name; each includes making its feed from a frame or market that is in memory."""
    frame = market.frame.set_index(market.times)[["open", "high", "low", "close", "volume"]]
    configuration = configuration_from({"strategy": "magnet"})
    model, bars = build_model(ModelParameters(), market.bar_seconds), model_bars(market)
    return {
        "a stock backtrader: PandasData, SMA cross": lambda: _cross(lambda: bt.feeds.PandasData(dataname=frame)),
        "b our feed, SMA cross": lambda: _cross(lambda: PerpetualFeed(market=market)),
        "c the whole magnet run": lambda: run_backtest(configuration, market),
        "d the compiled step alone": lambda: run(model, bars),
    }


def measure(market: Market, rounds: int) -> dict[str, dict[str, float]]:
    """Time every candidate `rounds` times in turn, after one warm-up.

    Returns
    -------
    dict
        For each candidate its median seconds, bars a second, and how many times faster than the first it was (median of
        the ratios of each round, so that a machine that slows down does so for both).
    """
    actions = candidates(market)
    times = times_in_turn(actions, rounds)
    first = next(iter(actions))
    return {
        name: {
            "seconds": statistics.median(taken),
            "bars_per_second": len(market) / statistics.median(taken),
            "times_stock": statistics.median(a / b for a, b in zip(times[first], taken, strict=True)),
        }
        for name, taken in times.items()
    }


def repeated(market: Market, times: int) -> Market:
    """Return a market's bars `times` times over, each run joined to the last at its price: the same work, more of it."""
    count, frame = len(market), market.frame
    factor = float(frame["close"].iloc[-1] / frame["open"].iloc[0])
    again = pd.concat([frame] * times, ignore_index=True)
    level = np.repeat(factor ** np.arange(times, dtype=np.float64), count)
    for column in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close"):
        if column in again:
            again[column] *= level
    step = np.arange(count * times, dtype=np.int64) * market.bar_seconds * 1_000_000_000
    again["ts"] = pd.to_datetime(frame["ts"].iloc[0].value + step, utc=True)
    return replace(market, frame=again)


def scaling(market: Market, rounds: int) -> dict[str, float]:
    """Return what ten times the bars cost in multiples of once, for the magnet run and the step.

    The bars are the first tenth of the market, repeated: a stretch of the market itself would hold more or fewer trades.
    """
    small = replace(market, frame=market.frame.iloc[: len(market) // _TENTH].reset_index(drop=True))
    whole_market = repeated(small, _TENTH)
    ratios: dict[str, list[float]] = {}
    pairs = {name: (candidates(whole_market)[name], candidates(small)[name]) for name in list(candidates(small))[2:]}
    for _ in range(rounds):
        for name, (whole, part) in pairs.items():
            begin = time.perf_counter()
            part()
            middle = time.perf_counter()
            whole()
            ratios.setdefault(name, []).append((time.perf_counter() - middle) / (middle - begin))
    return {name: statistics.median(values) for name, values in ratios.items()}


@click.command(epilog="Example: python -m runs.benchmark --data btc_1h.parquet --json")
@click.option("--data", help="Market file or catalog name; without it a simulated market of --bars.")
@click.option(
    "--bars",
    type=click.IntRange(1000, 5_000_000),
    help=f"The first so many bars of --data; without it the length of the simulated market, by default {_BARS:,}.",
)
@click.option(
    "--read",
    "reading",
    type=click.IntRange(1000, 20_000_000),
    help="Instead, time reading so many one-minute bars from a catalog.",
)
@click.option(
    "--sweep",
    "combinations",
    type=click.IntRange(10, 100_000),
    help="Instead, time sweeps of so many combinations.",
)
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Counted rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def command(
    data: str | None, bars: int | None, reading: int | None, combinations: int | None, rounds: int, as_json: bool
) -> int:
    """Measure bars a second, and the ratios to stock backtrader in the same run."""
    if reading:
        return _tell_reading(reading, rounds, as_json)
    market = open_market(data) if data else simulate(bars=bars or _BARS)
    if bars and len(market) > bars:
        market = first_bars(market, bars)
    if len(market) < 1000:
        raise click.UsageError(f"{market.name}: {len(market)} bars are too few to time; give at least 1000")
    if combinations:
        return _tell_sweeps(market, combinations, rounds, as_json)
    figures, ten = measure(market, rounds), scaling(market, rounds)
    if as_json:
        values = {
            "data": market.name,
            "bars": len(market),
            "rounds": rounds,
            "median": figures,
            "ten_times_the_bars": ten,
        }
        print_json(values)
        return 0
    table = Table(title=f"{market.name}, {len(market):,} bars, median of {rounds}")
    for title in ("", "seconds", "bars/s", "x stock", "10 x bars cost"):
        table.add_column(title, justify="left" if not title else "right")
    for name, figure in figures.items():
        cost = f"{ten[name]:.1f} x" if name in ten else ""
        row = f"{figure['seconds']:.3f}", f"{figure['bars_per_second']:,.0f}", f"{figure['times_stock']:.2f}"
        table.add_row(name, *row, cost)
    wide_console().print(table)
    suggest("backtest", {"strategy": "magnet", "data": data})
    return 0


def _tell_reading(bars: int, rounds: int, as_json: bool) -> int:
    figures = measure_reading(bars, rounds)
    if as_json:
        print_json({"bars": bars, "rounds": rounds, "reading": figures})
        return 0
    table = Table(title=f"reading {bars:,} one-minute bars, median of {rounds}")
    for title in ("", "seconds", "x plain file", "peak memory / arrays"):
        table.add_column(title, justify="left" if not title else "right")
    for name, figure in figures.items():
        table.add_row(name, *(f"{value:.2f}" for value in figure.values()))
    wide_console().print(table)
    suggest("download", {"list": True})
    return 0


def _tell_sweeps(market: Market, combinations: int, rounds: int, as_json: bool) -> int:
    figures = measure_sweep(market, combinations, rounds)
    if as_json:
        values = {"data": market.name, "bars": len(market), "rounds": rounds, "sweeps": figures}
        print_json(values)
        return 0
    table = Table(title=f"sweeps on {market.name}, {len(market):,} bars, median of {rounds}")
    for title in ("", "combinations", "first, s", "warm, s", "combinations/s", "x optstrategy"):
        table.add_column(title, justify="left" if not title else "right")
    for name, figure in figures.items():
        seconds = f"{figure['first_seconds']:.2f}", f"{figure['seconds']:.3f}"
        rates = f"{figure['combinations_per_second']:,.1f}", f"{figure['times_optstrategy']:,.1f}"
        table.add_row(name, f"{figure['combinations']:,}", *seconds, *rates)
    wide_console().print(table)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
