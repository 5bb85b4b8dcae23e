"""The end of a window: what is still held is sold at the last close, at a taker's cost, as one more line of the ledger."""

from dataclasses import replace

import numpy as np

from runs.accounting import MARKET
from runs.evaluation import Evaluation
from runs.matching import MOST_EVENTS, process_bar
from runs.orders import ORDER, WORKING


def closed_out(evaluation: Evaluation, last_bar: np.ndarray, costs: np.ndarray, tiers: np.ndarray) -> Evaluation:
    """Return an evaluation that ends flat.

    Parameters
    ----------
    evaluation
        What a strategy did; not changed.
    last_bar
        (1,) of `PRICES`: the last bar it was evaluated on.
    costs, tiers
        (1,) of `COSTS`; (t, 3) maintenance tiers.

    Returns
    -------
    Evaluation
        With a market order filled at the last close. A bar of one price stands for that moment, so the slippage does not fit
        into its range and is charged as a fee: taker fee and slippage, both whole. The last equity is what is left in the
        wallet, the last position 0.
    """
    account = evaluation.account.copy()
    if account["size"][0] == 0.0:
        return evaluation
    bar = evaluation.first + len(evaluation.equity) - 1
    number = int(evaluation.fills["order"].max()) + 1
    order = np.array([(number, MARKET, -account["size"][0], np.nan, np.nan, -1, -1, WORKING, -1)], dtype=ORDER)
    fills = np.zeros(1 + MOST_EVENTS, dtype=evaluation.fills.dtype)
    done, _, equity = process_bar(account, order, 1, bar, _moment(last_bar), 0, costs, tiers, fills, 0)
    equities, positions = evaluation.equity.copy(), evaluation.position.copy()
    equities[-1], positions[-1] = equity, account["size"][0]
    ledger = np.concatenate([evaluation.fills, fills[:done]])
    return replace(evaluation, fills=ledger, equity=equities, position=positions, account=account)


def _moment(last_bar: np.ndarray) -> np.ndarray:
    """Return the bar's close as a bar of its own, without funding."""
    moment = last_bar.copy()
    for name in ("open", "high", "low"):
        moment[name] = last_bar["close"]
    for name in ("mark_high", "mark_low"):
        moment[name] = last_bar["mark_close"]
    moment["funding_rate"] = np.nan
    return moment
