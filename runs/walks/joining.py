"""Test windows one after the other on one account, and their join as one result."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.snapshot import CLUSTER
from runs.engines.compiled import Evaluation
from runs.engines.configuration import Configuration
from runs.engines.event import run_backtest
from runs.engines.instruments import listing_for
from runs.engines.result import EngineResult, Order
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import ACCOUNT, FILL, open_account
from runs.walks.bar_range import BarRange
from runs.walks.windows import Window

MIN_CASH = 1e-6
"""Quote: the least that an account can be opened with; with less the walk trades no more."""

_STATES = ("start", "wallet", "size", "entry_price", "margin", "wallet_at_entry")
_ELSEWHERE = ("elsewhere", "maintenance_elsewhere", "initial_elsewhere", "fall_elsewhere")
_SUMS = tuple(name for name in ACCOUNT.names or () if name not in (*_STATES, *_ELSEWHERE))


@dataclass(frozen=True)
class TradedWindow:
    """A test window traded.

    Attributes
    ----------
    window
        Where.
    configuration
        With what; its starting cash is what the window before left.
    evaluation
        What came of it, flat at the end.
    forced
        Whether a position was closed because the window ended.
    metrics
        Its figures; returns are of the window's own starting cash.
    """

    window: Window
    configuration: Configuration
    evaluation: Evaluation
    forced: bool
    metrics: dict[str, float]


def trade(
    market: Market, heatmaps: Heatmaps, windows: Sequence[Window], chosen: Sequence[Configuration]
) -> tuple[TradedWindow, ...]:
    """Trade each test window with what its train window chose; each begins with the cash and the state that the one before left."""
    traded_windows: list[TradedWindow] = []
    state = None
    cash = chosen[0].costs.starting_cash
    for window, configuration in zip(windows, chosen, strict=True):
        bar_range = BarRange(market, heatmaps, window.test_first, window.test_last)
        forced, evaluation = False, _untraded(window, cash, state)
        if cash >= MIN_CASH:
            configuration = replace(configuration, costs=replace(configuration.costs, starting_cash=cash))
            left_open = bar_range.left_open(configuration, state)
            forced, evaluation = bool(left_open.position[-1] != 0.0), bar_range.close(configuration, left_open)
        metrics = bar_range.figures(evaluation).metrics if cash > 0.0 else {}
        traded_windows.append(TradedWindow(window, configuration, evaluation, forced, metrics))
        cash, state = float(evaluation.equity[-1]), evaluation.state_after
    return tuple(traded_windows)


def _untraded(window: Window, cash: float, state: np.ndarray | None) -> Evaluation:
    bars = window.test_last - window.test_first
    account = open_account(cash)
    return Evaluation(
        np.zeros(0, dtype=FILL), np.full(bars, cash), np.zeros(bars), account, state, state, window.test_first
    )


def join(
    market: Market, heatmaps: Heatmaps, base: Configuration, traded_windows: Sequence[TradedWindow]
) -> EngineResult:
    """Return the traded windows as one result on the bars from the first test to the last.

    Parameters
    ----------
    market, heatmaps
        What was walked.
    base
        The configuration around which candidates lie; the result's.
    traded_windows
        From `trade`.

    Returns
    -------
    EngineResult
        One account from the first window's cash to the last one's. Between two tests that do not touch it is flat. Snapshots are
        those of each window's own model; there are no clusters.
    """
    start = traded_windows[0].window.test_first
    # What was checked is the walked market, and its defects are said of the walk.
    cut = replace(market[start : traded_windows[-1].window.test_last], quality=market.quality)
    equity, position = np.full(len(cut), math.nan), np.zeros(len(cut))
    snapshots = heatmaps.snapshots(market, base.model)[start : start + len(cut)].copy()
    for traded_window in traded_windows:
        bars = slice(traded_window.window.test_first - start, traded_window.window.test_last - start)
        equity[bars.start :] = traded_window.evaluation.equity[-1]  # until the next window
        equity[bars], position[bars] = traded_window.evaluation.equity, traded_window.evaluation.position
        window = slice(traded_window.window.test_first, traded_window.window.test_last)
        snapshots[bars] = heatmaps.snapshots(market, traded_window.configuration.model)[window]
    return EngineResult(
        market=cut,
        configuration=base,
        listing=listing_for(base, cut),
        equity=equity,
        position=position,
        fills=_ledger(traded_windows, start),
        account=_account(traded_windows),
        snapshots=snapshots,
        clusters=np.zeros(0, dtype=CLUSTER),
        state=initial_state(build_model(base.model, cut.bar_seconds)),  # several maps were traded, none is the last
        orders=None,
    )


def _ledger(traded_windows: Sequence[TradedWindow], start: int) -> np.ndarray:
    """Return all fills, bars counted from the first test's first, order ids distinct."""
    parts, sent = [], 0
    for traded_window in traded_windows:
        fills = traded_window.evaluation.fills.copy()
        fills["bar"] -= start
        ordered = fills["order"] >= 0
        fills["order"][ordered] += sent
        sent += traded_window.evaluation.sent
        parts.append(fills)
    return np.concatenate(parts)


def joined_orders(market: Market, traded_windows: Sequence[TradedWindow]) -> tuple[Order, ...]:
    """Return the orders of all windows as `EngineResult.orders` has them, bars counted from the first test's first.

    The compiled evaluation keeps none, so the event engine trades every window once more.
    """
    start = traded_windows[0].window.test_first
    orders: list[Order] = []
    for traded_window in traded_windows:
        window = traded_window.window
        if not traded_window.evaluation.sent:
            continue
        run = run_backtest(
            traded_window.configuration, market.head(window.test_last), first_bar=window.test_first,
            state=traded_window.evaluation.state_before,
        )  # fmt: skip
        orders += [(order[0] - start, *order[1:]) for order in run.orders or ()]
        if traded_window.forced:
            orders.append((window.test_last - 1 - start, "Market", -float(run.position[-1]), 0.0, 0.0, ""))
    return tuple(orders)


def _account(traded_windows: Sequence[TradedWindow]) -> np.ndarray:
    """Return the account after all windows: it began with the first one's cash, and every window ended flat."""
    account = summed_account([traded_window.evaluation.account for traded_window in traded_windows])
    account["start"] = traded_windows[0].evaluation.account["start"]
    account["wallet"] = traded_windows[-1].evaluation.account["wallet"]
    return account


def summed_account(accounts: Sequence[np.ndarray]) -> np.ndarray:
    """Return an account, (1,), with the sums of several that all ended flat; start and wallet are the caller's to set."""
    account = np.zeros(1, dtype=ACCOUNT)
    for name in _SUMS:
        account[name] = math.fsum(float(one[name][0]) for one in accounts)
    return account
