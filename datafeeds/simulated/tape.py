"""What the market's loop remembers between steps, and what it leaves of each bar."""

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
