"""Speed, as ratios measured in one run on the same bars: stock backtrader, our feed, the whole magnet run, the step alone."""

import sys

import click
from rich.table import Table

from datafeeds.markets import open_market
from datafeeds.schema import Market
from datafeeds.simulated.market import simulate
from runs.benchmarks.catalog_speed import measure_reading
from runs.benchmarks.engine_speed import measure, scaling
from runs.benchmarks.joint_speed import measure_joint
from runs.benchmarks.sweep_speed import measure_sweep
from runs.benchmarks.whole_command import measure_command
from runs.commandline.command import Command, run_command, suggest
from runs.commandline.compiling import note_compiling
from runs.commandline.output import print_json, wide_console

_BARS = 43_361  # as many as five years of hours, the length of the main real data set


@click.command(cls=Command, epilog="Example: python -m runs.benchmark --data btc_1h.parquet --json")
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
@click.option("--markets", type=click.IntRange(2, 500), help="Instead, time one account in so many markets.")
@click.option("--whole", is_flag=True, help="Instead, run all of runs.backtest once: time, processor time, memory.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Counted rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def command(
    data: str | None, bars: int | None, reading: int | None, combinations: int | None, markets: int | None, whole: bool,
    rounds: int, as_json: bool,
) -> int:  # fmt: skip
    """Measure bars a second, and the ratios to stock backtrader in the same run."""
    if reading:
        return _tell_reading(reading, rounds, as_json)
    market = open_market(data) if data else simulate(bars=bars or _BARS)
    if bars and len(market) > bars:
        market = market.head(bars)
    if len(market) < 1000:
        raise click.UsageError(f"{market.name}: {len(market)} bars are too few to time; give at least 1000")
    note_compiling()
    if combinations:
        return _tell_sweeps(market, combinations, rounds, as_json)
    if markets:
        return _tell_joint(market, markets, rounds, as_json)
    if whole:
        return _tell_whole(market, as_json)
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


def _tell_whole(market: Market, as_json: bool) -> int:
    figures = measure_command(market)
    if as_json:
        print_json({"data": market.name, "bars": len(market), "whole": figures})
        return 0
    table = Table(title=f"runs.backtest --strategy magnet on {market.name}, {len(market):,} bars, once")
    for title in ("seconds", "processor seconds", "peak memory, GB"):
        table.add_column(title, justify="right")
    table.add_row(*(f"{value:.2f}" for value in figures.values()))
    wide_console().print(table)
    suggest("backtest", {"strategy": "magnet"})
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


def _tell_joint(market: Market, count: int, rounds: int, as_json: bool) -> int:
    figures = measure_joint(market, count, rounds)
    if as_json:
        print_json({"data": market.name, "bars": len(market), "markets": count, "rounds": rounds, "joint": figures})
        return 0
    table = Table(title=f"one account in {count} markets like {market.name}, {len(market):,} bars, least of {rounds}")
    for title in ("", "one market, s", "all, s", "x one"):
        table.add_column(title, justify="left" if not title else "right")
    for name, figure in figures.items():
        table.add_row(name, *(f"{figure[key]:.3f}" for key in ("one_seconds", "seconds")), f"{figure['times_one']:.1f}")
    wide_console().print(table)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
