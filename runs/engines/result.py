"""A run's result: plain arrays and tables. Where backtrader's types end."""

from dataclasses import dataclass

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import State
from runs.engines.configuration import Configuration
from runs.venues.instruments import Listing

Order = tuple[int, str, float, float, float, str]
"""Bar, kind, signed size (base coin), price, limit price (quote; 0 for none), and terms in words."""


@dataclass(frozen=True)
class EngineResult:
    """What a run did, bar by bar and fill by fill.

    Attributes
    ----------
    market, configuration, listing
        What went in; the listing holds the contract's terms on the market's days.
    equity
        (n,) quote at each bar's close, what is held valued at the last price.
    position
        (n,) signed base coin held at each bar's close.
    fills
        (m,) of `accounting.FILL`: everything that moved the wallet.
    account
        (1,) of `accounting.ACCOUNT` after the last bar.
    state_before, state_after
        (1,) the rule's state before the first bar and after the last; None where there was none, or several rules were traded.
    snapshots
        (n,) of `SNAPSHOT`: what the heatmap said at each close.
    clusters
        (k,) of `CLUSTER` at the last close, largest first.
    state
        Of the model at the last close.
    orders
        Every order sent; None where the engine keeps none.
    """

    market: Market
    configuration: Configuration
    listing: Listing
    equity: np.ndarray
    position: np.ndarray
    fills: np.ndarray
    account: np.ndarray
    snapshots: np.ndarray
    clusters: np.ndarray
    state: State
    orders: tuple[Order, ...] | None = ()
    state_before: np.ndarray | None = None
    state_after: np.ndarray | None = None

    @property
    def times(self) -> np.ndarray:
        """Bar opens, naive UTC datetime64[ns], (n,)."""
        return self.market.times

    @property
    def close(self) -> np.ndarray:
        """Last prices, (n,)."""
        return self.market.frame["close"].to_numpy()
