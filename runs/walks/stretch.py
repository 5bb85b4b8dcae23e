"""A range of bars, traded from flat to flat with an account of its own."""

import numpy as np

from datafeeds.schema import Market
from runs.config import Configuration
from runs.engine import first_bars, profile_for
from runs.evaluating import Evaluator, Trial, market_prices
from runs.evaluation import Evaluation
from runs.heatmaps import Heatmaps
from runs.walks.closing import closed_out


class Stretch:
    """Evaluate candidates on the bars ``first <= bar < last`` and close them out at the end.

    The map has seen the bars before `first` as well: it reads only the past. Nothing from `last` on is read.
    """

    def __init__(self, market: Market, heatmaps: Heatmaps, first: int, last: int) -> None:
        """Raise ValueError for a range that is empty or not within the market."""
        self._evaluator = Evaluator(market, heatmaps, first, last)
        self._seen = first_bars(market, last)
        self._last_bar = market_prices(self._seen)[-1:].copy()
        self._tiers: dict[str, np.ndarray] = {}

    def left_open(self, configuration: Configuration) -> Evaluation:
        """Return what a candidate does, with what it still holds at the end: as the event engine has it."""
        return self._evaluator.evaluate(configuration)

    def evaluate(self, configuration: Configuration) -> Evaluation:
        """Return what a candidate does, closed out; raises as `Evaluator.evaluate` does."""
        return self.close(configuration, self.left_open(configuration))

    def close(self, configuration: Configuration, evaluation: Evaluation) -> Evaluation:
        """Return a candidate's evaluation closed out."""
        venue = configuration.costs.venue
        if venue not in self._tiers:
            self._tiers[venue] = np.ascontiguousarray(profile_for(configuration, self._seen).tiers, dtype=float)
        return closed_out(evaluation, self._last_bar, configuration.costs.record(), self._tiers[venue])

    def figures(self, evaluation: Evaluation) -> Trial:
        """Return the figures of an evaluation on these bars."""
        return self._evaluator.figures(evaluation)
