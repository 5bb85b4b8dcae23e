"""The truth of a simulated market: every position that ever stood, and every forced order."""

import numpy as np

BANDS = 20
"""Bands of distance in which the magnet looks for clusters."""

TAPE = np.dtype(
    [
        *(
            (name, np.float64)
            for name in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close", "index")
        ),
        ("bar", np.int64),
        ("basis", np.float64),  # mean log of last over index in the bar
        ("open_interest", np.float64),
        ("flow", np.float64),  # base coin that changed hands for positions that open and close
        ("forced", np.float64, (2,)),
        ("accounts", np.int64, (2,)),
    ]
)
"""What a bar leaves; prices are logarithms."""

MARKET = np.dtype(
    [
        *((name, np.float64) for name in ("last", "mark", "average", "memory", "drift", "lured", "rebound", "pull")),
        ("bands", np.float64, (BANDS,)),  # size by distance, scratch of the magnet
    ]
)
"""Between steps: log prices, average basis, memory of forced flow (its push squared, with sign), and the drifts."""


OPEN, CLOSED, LIQUIDATED, CHANGED = 0, 1, 2, 3
"""How a row ended: not yet, closed by its trader, by force, or changed, whereupon a new row of the account follows."""

MAKERS = 0
"""The account of the market makers, unlevered, who stand opposite to what traders' longs and shorts differ by."""

LEDGER = np.dtype(
    [
        ("account", np.int64),
        ("side", np.int64),  # 0 long, 1 short
        ("entry_price", np.float64),  # quote per base
        ("size", np.float64),  # base coin
        ("leverage", np.float64),  # notional at entry over collateral, when the row begins
        ("liquidation_price", np.float64),  # quote per base; NaN: no price liquidates it
        ("opened_bar", np.int64),  # negative: before the first bar
        ("ended_bar", np.int64),  # the number of bars: never
        ("ending", np.int64),  # OPEN, CLOSED, LIQUIDATED or CHANGED
        ("cross", np.bool_),
    ]
)
"""A row stands at the close of bar t where ``opened_bar <= t < ended_bar``."""

PRINT = np.dtype(
    [
        ("bar", np.int64),
        ("second", np.float64),  # since the bar's open
        ("side", np.int64),  # whose position was closed: 0 long, 1 short
        ("size", np.float64),  # base coin
        ("price", np.float64),  # bankruptcy price, quote per base
        ("reported", np.bool_),  # whether it passed the throttle of the feed
    ]
)
"""Forced orders in the order of time."""
