"""What one account did in several markets."""

from dataclasses import dataclass

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.configuration import Configuration
from runs.engines.result import EngineResult


@dataclass(frozen=True, eq=False)
class JointResult:
    """One account's run.

    Attributes
    ----------
    universe, configuration
        What went in.
    times
        (t,) naive UTC opens of the steps, from the first at which a market may be traded.
    equity
        (t,) quote at each step's close.
    shares
        (t, k) each market's share of equity at each step's close.
    parts
        A run for each market, by the market's own bars: its equity is the account's start and what this market has earned, so the
        parts' profits, fees and funding add up to the account's.
    """

    universe: Universe
    configuration: Configuration
    times: np.ndarray
    equity: np.ndarray
    shares: np.ndarray
    parts: tuple[EngineResult, ...]

    @property
    def start(self) -> float:
        """Starting cash, quote."""
        return float(self.parts[0].account["start"][0])
