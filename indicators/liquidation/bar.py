"""One market bar, as the model sees it."""

import numpy as np

BAR = np.dtype(
    [
        ("open", np.float64),  # quote per base
        ("high", np.float64),
        ("low", np.float64),
        ("close", np.float64),
        ("volume", np.float64),  # base coin
        ("open_interest", np.float64),  # base coin, snapshot at the bar's close; NaN where unknown
        (
            "open_interest_break",
            np.float64,
        ),  # 1 where the series itself changed here, so that its change says nothing of positions
        ("funding_rate", np.float64),  # fraction of notional settled at the bar's open instant; NaN where none settles
        ("mark_high", np.float64),  # quote per base; NaN where unknown
        ("mark_low", np.float64),
        ("mark_close", np.float64),
        ("taker_buy_volume", np.float64),  # base coin; NaN where unknown
        ("long_short_ratio", np.float64),  # accounts long / accounts short; NaN where unknown
        ("liquidated_long", np.float64),  # base coin force-sold in the bar, as reported; NaN where unknown
        ("liquidated_short", np.float64),  # base coin force-bought in the bar, as reported; NaN where unknown
        ("open_time", np.float64),  # seconds since 1970-01-01 UTC at which the bar opened; NaN where unknown
    ]
)
"""A bar as a numpy record. Prices are quote per base, sizes base coin; NaN says unknown (never zero)."""

REQUIRED = ("open", "high", "low", "close", "volume")
"""The fields that must be known in every bar; all others may be NaN."""


def empty_bars(count: int) -> np.ndarray:
    """Return `count` bars in which everything is unknown (NaN) and nothing is flagged as a break.

    >>> bars = empty_bars(2)
    >>> bool(np.isnan(bars["open_interest"]).all()), bars["open_interest_break"].tolist()
    (True, [0.0, 0.0])
    """
    bars = np.full(count, np.nan).repeat(len(BAR.names or ())).view(BAR)
    bars["open_interest_break"] = 0.0
    return bars
