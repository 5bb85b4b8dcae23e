"""The figures of a run, out of `runs.statistics` and the ledger.

NaN policy: a figure that its inputs do not define (no trade, no variance, fewer than two days) is NaN, never zero; JSON
shows it as null.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from indicators.liquidation.cascade_phase import MARKET_STATES
from runs.engines.result import EngineResult
from runs.outcome.breakdown import breakdown
from runs.outcome.competitors import competitors
from runs.outcome.instrument import instrument_record
from runs.outcome.provenance import iso, market_record
from runs.outcome.trades import round_trips
from runs.perpetual.accounting import (
    REFUSAL_REASONS,
    entries_not_opened,
    equity_from_fills,
    reconciliation_error,
    turnover,
)
from runs.perpetual.round_trips import hit_rate
from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.holding import mean_exposure
from runs.statistics.performance import DAYS_PER_YEAR, headline, largest_drawdown, time_in_market


def daily_returns(times: np.ndarray, equity: np.ndarray, start: float) -> pd.Series:
    """Return the returns of whole UTC days.

    Parameters
    ----------
    times
        (n,) naive UTC bar opens.
    equity
        (n,) value at each bar's close, same unit as `start`.
    start
        Value before the first bar.

    Returns
    -------
    Series
        Naive daily index without a missing day: a day without bars returns 0. A bar counts to the day it opens in. The
        product of 1 + return is exactly last / start.
    """
    days, rows = day_ends(times)
    return pd.Series(
        returns_of_days(equity[rows], start), index=pd.DatetimeIndex(days.astype("datetime64[ns]"), freq="D")
    )


def performance_figures(times: np.ndarray, equity: np.ndarray, start: float) -> dict[str, Any]:
    """Return the headline figures of (n,) equity at the closes of bars that open at `times`, and where its deepest fall lies."""
    returns = daily_returns(times, equity, start).to_numpy()
    deepest = largest_drawdown(equity, start)
    worst = deepest.fraction
    return {
        **headline(returns, equity, start),
        "max_bar_drawdown_start": iso(times[max(deepest.peak, 0)]) if worst < 0.0 else None,
        "max_bar_drawdown_time": iso(times[deepest.bottom]) if worst < 0.0 else None,
        "max_bar_drawdown_end": iso(times[deepest.end]) if deepest.end is not None else None,
        "max_bar_drawdown_bars": deepest.bars,
        "best_day_fraction": float(returns.max()),
        "worst_day_fraction": float(returns.min()),
    }


def trading_figures(trades: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of round trips."""
    net = trades.loc[~trades["open"].astype(bool), "net_pnl"].to_numpy(dtype=float)  # what is open has no outcome yet
    won, lost = net[net > 0.0], net[net < 0.0]
    count = len(trades)
    return {
        "trades": count,
        "trades_open": int(trades["open"].sum()) if count else 0,
        "hit_rate_fraction": hit_rate(net),
        "profit_factor": float(won.sum() / -lost.sum()) if len(lost) else math.nan,
        "average_win_quote": float(won.mean()) if len(won) else math.nan,
        "average_loss_quote": float(lost.mean()) if len(lost) else math.nan,
        "largest_loss_quote": float(lost.min()) if len(lost) else math.nan,
        "average_bars_held": float(trades["bars_held"].mean()) if count else math.nan,
        "entries": _counts(trades["entry_kind"]),
        "exits": _counts(trades["exit_reason"]),
    }


def _counts(words: pd.Series) -> dict[str, int]:
    return {str(word): int(number) for word, number in words.value_counts().sort_index().items()}


def waiting_entries(trading: dict[str, Any]) -> dict[str, float]:
    """Return what share of the entries that waited for a price was never filled; NaN where none waited.

    They waited by a limit or a trigger; they were not filled if they expired, or were post-only and would have taken.
    """
    missed = trading["entries_expired"] + trading["entries_refused_for_post_only"]
    waited = missed + trading["entries"].get("limit", 0) + trading["entries"].get("stop", 0)
    return {"waiting_entries_unfilled_fraction": missed / waited if waited else math.nan}


def unopened_sentence(trading: dict[str, Any]) -> str:
    """Return how many entries were refused, by reason, and how many were too small, from a run's figures; empty if none."""
    refused, below = trading["entries_refused"], trading["entries_below_one_step"]
    counts = {words: trading[f"entries_refused_for_{reason}"] for reason, words in REFUSAL_REASONS.items()}
    why = ", ".join(f"{words}: {count:,.0f}" for words, count in counts.items() if count)
    said = f"{refused:,.0f} entries refused, {below:,.0f} below one step"
    return (f"{said} ({why})" if why else said) if refused or below else ""


def volume_sentence(trading: dict[str, Any]) -> str:
    """Return how many fills took more of their bar than a market can be trusted to give; empty if none."""
    large = trading["fills_above_tenth_of_volume"]
    words = "fill took" if large == 1 else "fills took"
    return (
        f"{large:,} {words} more than a tenth of the bar's volume: the market may not give it at these prices"
        if large
        else ""
    )


def volume_shares(result: EngineResult) -> dict[str, Any]:
    """How much of its bar's volume each fill took; one in a bar without volume took more than there was."""
    traded = result.fills[result.fills["size"] != 0.0]
    volume = result.market.frame["volume"].to_numpy()[traded["bar"]]
    shares = np.divide(np.abs(traded["size"]), volume, out=np.full(len(traded), math.inf), where=volume > 0.0)
    return {
        "largest_volume_share_fraction": float(shares.max(initial=0.0)) if np.isfinite(shares).all() else math.nan,
        "fills_above_tenth_of_volume": int((shares > 0.1).sum()),
    }


def money_figures(result: EngineResult) -> dict[str, Any]:
    """Return the sums of a run's ledger, and how far three ways to its equity differ."""
    account, fills, close = result.account[0], result.fills, float(result.close[-1])
    held = float(account["size"])
    return {
        "starting_cash_quote": float(account["start"]),
        "final_equity_quote": float(result.equity[-1]),
        "realised_quote": float(account["realised"]),
        "unrealised_quote": held * (close - float(account["entry_price"])) if held else 0.0,
        "fees_quote": float(account["fees"]),
        "funding_paid_quote": float(account["funding"]),
        "liquidation_fees_quote": float(account["liquidation_fees"]),
        "insurance_fund_quote": float(account["insurance_fund"]),
        "liquidations": int(account["liquidations"]),
        "turnover_quote": turnover(fills),
        "equity_from_cash_flows_quote": equity_from_fills(float(account["start"]), fills, close),
        "reconciliation_error": reconciliation_error(result.account, fills, close),
    }


def exposure_figures(gross: np.ndarray, equity: np.ndarray, mean: float) -> dict[str, Any]:
    """Return time in the market and leverage of (n,) notional held, without sign, and equity; `mean` is the mean exposure."""
    held = gross != 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        leverage = gross / equity
    return {
        "time_in_market_fraction": time_in_market(gross),
        "average_leverage_in_market": float(leverage[held].mean()) if held.any() else math.nan,
        "highest_leverage": float(leverage[held].max()) if held.any() else math.nan,
        "mean_exposure": mean,
    }


def against_benchmark(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Return beta, correlation and yearly alpha of (d,) daily returns on a benchmark's; NaN where it did not vary."""
    spread = float(np.var(theirs, ddof=1)) if len(theirs) > 1 else 0.0
    beta = float(np.cov(ours, theirs, ddof=1)[0, 1]) / spread if spread > 0.0 else math.nan
    varied = len(ours) > 1 and spread > 0.0 and float(np.var(ours)) > 0.0
    return {
        "beta": beta,
        "correlation": float(np.corrcoef(ours, theirs)[0, 1]) if varied else math.nan,
        "annual_alpha_fraction": (float(ours.mean()) - beta * float(theirs.mean())) * DAYS_PER_YEAR,
    }


def _data(result: EngineResult) -> dict[str, Any]:
    state = MARKET_STATES[int(result.snapshots["market_state"][-1])]
    return {**market_record(result.market), "market_state": state}


def run_metrics(result: EngineResult, trades: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return all figures of a run; names carry their unit.

    Parameters
    ----------
    result
        The run.
    trades
        Its `round_trips`, if they are at hand.
    """
    trades = trades_of(result) if trades is None else trades
    start = float(result.account["start"][0])
    benchmark = benchmark_equity(result)
    ours = daily_returns(result.times, result.equity, start).to_numpy()
    theirs = daily_returns(result.times, benchmark, float(result.market.frame["open"].iloc[0])).to_numpy()
    exposure = mean_exposure(result.position, result.close, result.equity)
    trading = trading_figures(trades) | entries_not_opened(result.account[0])
    return {
        "strategy": result.configuration.strategy,
        "performance": performance_figures(result.times, result.equity, start),
        "buy_and_hold": performance_figures(result.times, benchmark, float(result.market.frame["open"].iloc[0])),
        "against_buy_and_hold": against_benchmark(ours, theirs),
        **competitors(result),
        "trading": {**trading, **waiting_entries(trading), **volume_shares(result)},
        "exposure": exposure_figures(np.abs(result.position) * result.close, result.equity, exposure),
        "money": money_figures(result),
        "instrument": instrument_record(result.listing, result.configuration.costs),
        "breakdown": breakdown(trades, result.times, result.snapshots),
        "data": _data(result),
    }


def benchmark_equity(result: EngineResult) -> np.ndarray:
    """Return (n,) the price at each close: one coin bought at the first open and held, unlevered, without costs or funding."""
    return result.close


def trades_of(result: EngineResult) -> pd.DataFrame:
    """Return a run's round trips."""
    frame = result.market.frame
    return round_trips(
        result.fills, result.times, frame["high"].to_numpy(), frame["low"].to_numpy(), result.equity, result.snapshots
    )
