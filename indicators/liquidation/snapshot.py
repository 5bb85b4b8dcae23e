"""What the model says at a bar: one snapshot, and the clusters behind it."""

import numpy as np

CLUSTER = np.dtype(
    [
        ("price", np.float64),  # centre of mass, quote per base
        ("low", np.float64),  # lower edge of the extent
        ("high", np.float64),  # upper edge of the extent
        ("long_size", np.float64),  # base coin
        ("short_size", np.float64),
        ("magnitude", np.float64),  # long_size + short_size
        ("magnitude_usd", np.float64),  # magnitude x price
        ("distance", np.float64),  # signed fraction of the close, positive above
        ("side", np.float64),  # +1 where longs are the larger side, -1 where shorts are
    ]
)
"""A significant local concentration of positions that would be force-closed. Sizes in base coin, prices quote per base."""

_FIELDS = (
    "close",  # the bar's last price
    "high",
    "low",
    "cluster_above_price",  # nearest significant cluster above; NaN: none
    "cluster_above_usd",  # its magnitude in quote
    "cluster_above_gap",  # log price from the close to its near edge; NaN: none
    "cluster_below_price",
    "cluster_below_usd",
    "cluster_below_gap",
    "magnet",  # +1 upward, -1 downward, 0 balanced, NaN no signal
    "cascade_risk_down",  # 0 low, 1 moderate, 2 high
    "cascade_risk_up",
    "branching_ratio_down",  # forced size that one forced unit sets off
    "branching_ratio_up",
    "cluster_count_below",  # significant clusters below
    "cluster_count_above",
    "cluster_spacing_below",  # smallest gap between neighbouring clusters, fraction of the close; NaN: fewer than two
    "cluster_spacing_above",
    "support_price",  # nearest standing post-wipe support; NaN: none
    "support_size_usd",
    "support_bar",  # index of the bar that made it
    "support_reported",  # 1 from reported liquidations, 0 from the model
    "resistance_price",
    "resistance_size_usd",
    "resistance_bar",
    "resistance_reported",
    "model_liquidated_long",  # base coin that this bar liquidated, by the map before it and how far the price went
    "model_liquidated_short",
    "swept_share_down_2",  # share of open interest that the map holds between the close and 2 % below it
    "swept_share_down_5",
    "swept_share_down_10",
    "swept_share_up_2",
    "swept_share_up_5",
    "swept_share_up_10",
    "liquidated_long_24h_usd",  # reported where known, else by the model
    "liquidated_short_24h_usd",
    "liquidation_reported",  # 1 where this bar's liquidations were reported
    "largest_liquidation_bar_usd",  # the largest bar of the last 24 hours
    "phase",  # 0 building, 1 triggered, 2 cascading, 3 washed out, 4 recovering
    "phase_direction",  # -1 down, +1 up, 0 none
    "open_interest",  # base coin, last known; NaN: never known
    "open_interest_drop",  # fraction below the cascade's reference; 0 outside one
    "open_interest_break_bar",  # index of the last bar in which the series itself changed; NaN: none
    "level_from_open_interest",  # 1 where coins are shares of open interest, 0 where of turnover
    "map_age_half_lives",  # time since the first bar over the longest half-life
    "funding_rate",  # last settled; NaN: never known
    "volatility",  # standard deviation of log returns per bar
    "volatility_4h",  # forecast standard deviation of the log return over the next 4 hours; NaN: none
    "volatility_24h",
    "atr",  # average true range, quote
    "volume_24h",  # base coin
    "market_state",  # 0 calm, 1 normal, 2 elevated, 3 high volatility, 4 extreme
)

SNAPSHOT = np.dtype([(name, np.float64) for name in _FIELDS])
"""One bar's reading as a numpy record; every field is float64, NaN says unknown or none."""
