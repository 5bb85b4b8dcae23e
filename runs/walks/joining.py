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
from runs.engines.event import profile_for
from runs.engines.result import Result
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import ACCOUNT, FILL, open_account
from runs.walks.bar_range import Stretch
from runs.walks.windows import Window

LEAST_CASH = 1e-6
"""Quote: the least that an account can be opened with; with less the walk trades no more."""

_SUMS = ("realised", "fees", "funding", "liquidation_fees", "absorbed", "liquidations", "refused")


@dataclass(frozen=True)
class Leg:
    """A test window traded.

    Attributes
    ----------
    window
        Where.
    configuration
        With what; its starting cash is what the leg before left.
    evaluation
        What came of it, flat at the end.
    forced
        Whether a position was closed because the window ended.
    metrics
        Its figures; returns are of the leg's own starting cash.
    """

    window: Window
    configuration: Configuration
    evaluation: Evaluation
    forced: bool
    metrics: dict[str, float]


def trade(
    market: Market, heatmaps: Heatmaps, windows: Sequence[Window], chosen: Sequence[Configuration]
) -> tuple[Leg, ...]:
    """Trade each test window with what its train window chose; each begins with the cash that the one before left."""
    legs: list[Leg] = []
    cash = chosen[0].costs.starting_cash
    for window, configuration in zip(windows, chosen, strict=True):
        stretch = Stretch(market, heatmaps, window.test_first, window.test_last)
        forced, evaluation = False, _untraded(window, cash)
        if cash >= LEAST_CASH:
            configuration = replace(configuration, costs=replace(configuration.costs, starting_cash=cash))
            left_open = stretch.left_open(configuration)
            forced, evaluation = bool(left_open.position[-1] != 0.0), stretch.close(configuration, left_open)
        metrics = stretch.figures(evaluation).metrics if cash > 0.0 else {}
        legs.append(Leg(window, configuration, evaluation, forced, metrics))
        cash = float(evaluation.equity[-1])
    return tuple(legs)


def _untraded(window: Window, cash: float) -> Evaluation:
    bars = window.test_last - window.test_first
    account = open_account(cash)
    return Evaluation(np.zeros(0, dtype=FILL), np.full(bars, cash), np.zeros(bars), account, window.test_first)


def tested_bars(market: Market, legs: Sequence[Leg]) -> Market:
    """Return the market from the first test window's first bar to the last one's last."""
    first, last = legs[0].window.test_first, legs[-1].window.test_last
    return replace(market, frame=market.frame.iloc[first:last].reset_index(drop=True))


def join(market: Market, heatmaps: Heatmaps, base: Configuration, legs: Sequence[Leg]) -> Result:
    """Return the legs as one result on the bars from the first test to the last.

    Parameters
    ----------
    market, heatmaps
        What was walked.
    base
        The configuration around which candidates lie; the result's.
    legs
        From `trade`.

    Returns
    -------
    Result
        One account from the first leg's cash to the last one's. Between two tests that do not touch it is flat. Snapshots are
        those of each leg's own model; there are no clusters.
    """
    cut = tested_bars(market, legs)
    start = legs[0].window.test_first
    equity, position = np.full(len(cut), math.nan), np.zeros(len(cut))
    snapshots = heatmaps.snapshots(market, base.model)[start : start + len(cut)].copy()
    for leg in legs:
        bars = slice(leg.window.test_first - start, leg.window.test_last - start)
        equity[bars.start :] = leg.evaluation.equity[-1]  # until the next leg
        equity[bars], position[bars] = leg.evaluation.equity, leg.evaluation.position
        window = slice(leg.window.test_first, leg.window.test_last)
        snapshots[bars] = heatmaps.snapshots(market, leg.configuration.model)[window]
    return Result(
        market=cut,
        configuration=base,
        venue=profile_for(base, cut),
        equity=equity,
        position=position,
        fills=_ledger(legs, start),
        account=_account(legs),
        snapshots=snapshots,
        clusters=np.zeros(0, dtype=CLUSTER),
        state=initial_state(build_model(base.model, cut.bar_seconds)),  # several maps were traded, none is the last
    )


def _ledger(legs: Sequence[Leg], start: int) -> np.ndarray:
    """Return all fills, bars counted from the first test's first, order ids distinct."""
    parts, sent = [], 0
    for leg in legs:
        fills = leg.evaluation.fills.copy()
        fills["bar"] -= start
        ordered = fills["order"] >= 0
        fills["order"][ordered] += sent
        sent = max(sent, int(fills["order"].max()) + 1) if ordered.any() else sent
        parts.append(fills)
    return np.concatenate(parts)


def _account(legs: Sequence[Leg]) -> np.ndarray:
    """Return the account after all legs: it began with the first one's cash, and every leg ended flat."""
    account = np.zeros(1, dtype=ACCOUNT)
    account["start"] = legs[0].evaluation.account["start"]
    account["wallet"] = legs[-1].evaluation.account["wallet"]
    for name in _SUMS:
        account[name] = math.fsum(float(leg.evaluation.account[name][0]) for leg in legs)
    return account
