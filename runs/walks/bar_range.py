"""A range of bars, traded from flat to flat with an account of its own."""

from dataclasses import replace

import numpy as np

from datafeeds.schema import Market
from runs.engines.compiled import Evaluation
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator, Trial
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import MARKET
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import order_row


def closed_out(evaluation: Evaluation, last_bar: np.ndarray, costs: np.ndarray, tiers: np.ndarray) -> Evaluation:
    """Return an evaluation that ends flat.

    Parameters
    ----------
    evaluation
        What a strategy did; not changed.
    last_bar
        (1,) of `PRICES`: the last bar it was evaluated on.
    costs, tiers
        (d,) of `COSTS`; (d, n, 4) brackets.

    Returns
    -------
    Evaluation
        With a market order filled at the last close. A bar of one price stands for that moment, so the slippage does not fit
        into its range and is charged as a fee: taker fee and slippage, both whole. `impact`, which is a part of a range, is
        none. The last equity is what is left in the wallet, the last position 0.
    """
    account = evaluation.account.copy()
    if account["size"][0] == 0.0:
        return evaluation
    bar = evaluation.first + len(evaluation.equity) - 1
    order = np.array([order_row(evaluation.sent, MARKET, -account["size"][0])])
    fills = np.zeros(1 + MAX_EVENTS, dtype=evaluation.fills.dtype)
    done, _, equity = process_bar(account, order, 1, bar, _moment(last_bar), 0, costs, tiers, fills, 0)
    equities, positions = evaluation.equity.copy(), evaluation.position.copy()
    equities[-1], positions[-1] = equity, account["size"][0]
    ledger = np.concatenate([evaluation.fills, fills[:done]])
    sent = evaluation.sent + 1
    return replace(evaluation, fills=ledger, equity=equities, position=positions, account=account, sent=sent)


def _moment(last_bar: np.ndarray) -> np.ndarray:
    """Return the bar's close as a bar of its own, without funding."""
    moment = last_bar.copy()
    for name in ("open", "high", "low"):
        moment[name] = last_bar["close"]
    for name in ("mark_high", "mark_low"):
        moment[name] = last_bar["mark_close"]
    moment["funding_rate"] = moment["funding_rate_within"] = np.nan
    return moment


class BarRange:
    """Evaluate candidates on the bars ``first <= bar < last`` and close them out at the end.

    The map has seen the bars before `first` as well: it reads only the past. Nothing from `last` on is read.
    """

    def __init__(self, market: Market, heatmaps: Heatmaps, first: int, last: int) -> None:
        """Raise ValueError for a range that is empty or not within the market."""
        self._evaluator = Evaluator(market, heatmaps, first, last)
        self._last = last

    def left_open(self, configuration: Configuration, state: np.ndarray | None = None) -> Evaluation:
        """Return what a candidate does, with what it still holds at the end: as the event engine has it.

        Its rule begins with a `state`, (1,), or anew.
        """
        return self._evaluator.evaluate(configuration, state)

    def evaluate(self, configuration: Configuration) -> Evaluation:
        """Return what a candidate does, closed out; raises as `Evaluator.evaluate` does."""
        return self.close(configuration, self.left_open(configuration))

    def trial(self, configuration: Configuration) -> Trial:
        """Return a candidate's figures, closed out."""
        return self.figures(self.evaluate(configuration))

    def close(self, configuration: Configuration, evaluation: Evaluation) -> Evaluation:
        """Return a candidate's evaluation closed out."""
        terms = self._evaluator.terms(configuration)
        costs = configuration.costs.records(terms.listing.instruments)
        return closed_out(
            evaluation, self._evaluator.prices(configuration)[self._last - 1 : self._last], costs, terms.tiers
        )

    def figures(self, evaluation: Evaluation) -> Trial:
        """Return the figures of an evaluation on these bars."""
        return self._evaluator.figures(evaluation)
