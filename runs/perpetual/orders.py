"""Working orders and the bars they meet, as rows."""

import numpy as np

STOP_LIMIT = 5
"""Order kind: a limit order that a trigger wakes; filled as `LIMIT`."""

WAITING, WORKING, FILLED, CANCELLED, REFUSED, LIQUIDATED = 0, 1, 2, 3, 4, 5
"""Order states: waiting for its parent, working, filled, cancelled by a sibling or parent, refused for want of margin
for a leverage that the position's tier does not allow or for more than its share of the volume, cancelled by the account's
liquidation."""

SENT, RESTING, WOKEN_AT_OPEN, WOKEN_INSIDE = 0, 1, 2, 3
"""How an order came to the book: sent at the last close and not met a bar yet; there since an earlier bar; woken by its parent's
fill at this bar's open; woken inside this bar."""

ORDER = np.dtype(
    [
        ("id", np.int64),
        ("kind", np.int64),  # MARKET, LIMIT, STOP or STOP_LIMIT
        ("size", np.float64),  # signed base coin
        ("price", np.float64),  # limit price, or trigger of a stop
        ("limit", np.float64),  # limit price of a stop-limit
        ("parent", np.int64),  # id of the order whose fill wakes this one; -1: none
        ("group", np.int64),  # orders of one group cancel each other; -1: none
        ("state", np.int64),
        ("book", np.int64),  # how the order came to the book: SENT, RESTING, WOKEN_AT_OPEN or WOKEN_INSIDE
    ]
)
"""A working order as a row."""

PRICES = np.dtype(
    [
        (name, np.float64)
        for name in ("open", "high", "low", "close", "volume", "funding_rate", "mark_high", "mark_low", "mark_close")
    ]
)
"""The bar that orders meet; NaN where funding or mark are unknown."""
