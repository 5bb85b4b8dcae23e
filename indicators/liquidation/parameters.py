"""The parameters of the heatmap model, each with its unit, its domain and where its default comes from."""

import math
from dataclasses import dataclass

from indicators.liquidation.domain import check, parameter

THRESHOLD_KINDS = ("share", "usd", "quantile")

MAX_TIERS = 16
"""Leverage tiers that a book can hold."""

POPULATIONS = 2
"""Holders and traders: the same flow, turned over at a slow and at a fast rate; how much there is of each is learned."""

HOLDERS, TRADERS = range(POPULATIONS)

MAX_STRATA = MAX_TIERS * POPULATIONS
"""Leverages of populations that a book can hold."""

_MIN_WINDOW_BINS = 5  # the width of the smoothing kernel


@dataclass(frozen=True)
class ModelParameters:
    """Everything that shapes the heatmap, its clusters and its signals.

    Notes
    -----
    Leverage weights are shares of *opened* size, not of standing size: high leverage dies young, so its standing share is
    smaller. They may sum to less than one; the rest is size that no price in reach liquidates.
    """

    leverages: tuple[float, ...] = parameter(
        (2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0),
        unit="times, ascending",
        low=1.01,
        high=200.0,
        source="levels offered by the venues and bucketed by account-level data (Hyperliquid 2025-12-15)",
    )
    leverage_weights: tuple[float, ...] = parameter(
        (0.20, 0.20, 0.22, 0.18, 0.10, 0.03, 0.04, 0.03),
        unit="share of opened size",
        low=0.0,
        high=1.0,
        source="assumption: notional-weighted prior judged from Hyperliquid 2025-12-15 (84 % of it at 7x or less)",
    )
    maintenance_margin_rate: float = parameter(
        0.005, unit="fraction of notional", low=0.0, high=0.1, source="lowest tier of Binance and Bybit, rounded up"
    )
    smear: float = parameter(
        0.10, unit="standard deviation, fraction of a tier's log distance", low=0.01, high=0.5,
        source="assumption: .08-.15 spans tiers, top-ups, fees and the guess of the entry price",
    )  # fmt: skip
    loss_close_ratio: float = parameter(
        0.67, unit="times the rate of traders in profit", low=0.01, high=10.0,
        source="min66633/liquidation-cascade-research: loss-side close hazard .67 of the profit side's (t = -3.5); 1 is alike",
    )  # fmt: skip
    leverage_close_power: float = parameter(
        0.5, unit="power of leverage in the rate of closing", low=0.0, high=3.0,
        source="assumption: the square root, between none and the 1.3 that peers set by hand (twenty-fold from 10x to 100x)",
    )  # fmt: skip
    calibrate: bool = parameter(
        True, unit="yes or no", low=0, high=1, source="whether the mixture is learned from reported liquidations"
    )
    calibration_half_life_hours: float = parameter(
        720.0, unit="hours", low=1.0, high=1e6, source="assumption: a month; leverage habits change slowly"
    )
    calibration_prior_hours: float = parameter(
        168.0, unit="hours of typical liquidations", low=1.0, high=1e6,
        source="assumption: the prior counts as much as a week of reports",
    )  # fmt: skip
    half_life_hours: float = parameter(
        72.0, unit="hours", low=1.0, high=8760.0,
        source="assumption: life of a position, which opens and closes 1 % of open interest an hour",
    )  # fmt: skip
    half_life_spread: float = parameter(
        2.0, unit="times", low=1.0, high=100.0,
        source="assumption: holders keep positions twice as long, traders half as long",
    )  # fmt: skip
    bin_width: float = parameter(
        0.001, unit="log price", low=0.0002, high=0.01, source="assumption: 10 bp, below the error of any entry price"
    )
    cluster_window: float = parameter(
        0.15, unit="log price each side", low=0.01, high=0.6, source="assumption: beyond it no bar trades in a day"
    )
    cluster_prominence: float = parameter(
        0.25, unit="fraction of the peak that a valley must give up", low=0.02, high=0.95, source="assumption"
    )
    cluster_threshold: float = parameter(
        0.003, unit="share of open interest, USD or quantile", low=0.0, high=1e12,
        source="assumption: 0.3 % of open interest, the same share as a wipe that leaves a level",
    )  # fmt: skip
    cluster_threshold_kind: str = parameter("share", unit="share, usd or quantile", source="unit of the threshold")
    magnet_ratio: float = parameter(
        2.0, unit="times", low=1.0, high=1000.0, source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap"
    )
    lone_side_counts: bool = parameter(
        False, unit="yes or no", low=0, high=1, source="assumption: without a comparison there is no signal"
    )
    gap_high_risk: float = parameter(
        0.02,
        unit="fraction of price",
        low=0.0,
        high=1.0,
        source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap",
    )
    gap_moderate_risk: float = parameter(
        0.05,
        unit="fraction of price",
        low=0.0,
        high=1.0,
        source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap",
    )
    impact: float = parameter(
        1.0,
        unit="Y of the square-root law",
        low=0.0,
        high=100.0,
        source="Donier & Bonart 2015 (arXiv 1412.4503): order one",
    )
    wipe_share: float = parameter(
        0.003, unit="share of open interest within an hour", low=0.0, high=1.0,
        source="assumption: `wipe_usd` over about 30 billion USD of BTC open interest in 2024",
    )  # fmt: skip
    wipe_usd: float = parameter(
        100e6,
        unit="USD within an hour, whole market",
        low=0.0,
        high=1e12,
        source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap; used without open interest",
    )
    market_share: float = parameter(
        0.25, unit="this data's share of the market", low=0.0001, high=1.0, source="assumption: one large venue"
    )
    level_tolerance: float = parameter(
        0.01, unit="fraction of price", low=0.0, high=0.5, source="assumption: a close this far beyond breaks a level"
    )
    level_age_days: float = parameter(30.0, unit="days", low=0.1, high=3650.0, source="assumption")
    washout_drop: float = parameter(
        0.20,
        unit="fraction of open interest",
        low=0.01,
        high=1.0,
        source="assumption: falls of 14-25 % in the crashes of 2021-09-07, 2021-12-04 and 2025-10-10 (Glassnode)",
    )
    trigger_hours: float = parameter(
        12.0, unit="hours without a further cluster", low=0.1, high=720.0, source="assumption"
    )
    steady_hours: float = parameter(6.0, unit="hours without a new low", low=0.1, high=720.0, source="assumption")
    recovery_hours: float = parameter(24.0, unit="hours", low=0.1, high=720.0, source="assumption")
    volatility_half_life_hours: float = parameter(
        24.0, unit="hours", low=0.1, high=8760.0, source="assumption: a day, so that no hour of the day dominates"
    )
    warmup_hours: float = parameter(
        72.0,
        unit="hours",
        low=0.0,
        high=8760.0,
        source="assumption: one half-life before the magnet speaks; risk, levels and phase always do",
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain or a mixture that is none."""
        check(self)
        if len(self.leverages) != len(self.leverage_weights) or not self.leverages:
            raise ValueError(
                f"leverages ({len(self.leverages)}) and leverage_weights ({len(self.leverage_weights)}) must pair up"
            )
        if len(self.leverages) > MAX_TIERS:
            raise ValueError(f"leverages has {len(self.leverages)} entries; at most {MAX_TIERS} are possible")
        if self.cluster_window < _MIN_WINDOW_BINS * self.bin_width:
            raise ValueError(
                f"cluster_window = {self.cluster_window:g} must hold {_MIN_WINDOW_BINS} bins of bin_width = {self.bin_width:g}"
            )
        if any(b <= a for a, b in zip(self.leverages, self.leverages[1:], strict=False)):
            raise ValueError(f"leverages = {self.leverages} must ascend")
        if math.fsum(self.leverage_weights) > 1.0 + 1e-9:
            raise ValueError(f"leverage_weights sum to {math.fsum(self.leverage_weights):g}; at most 1 is meaningful")
        if self.cluster_threshold_kind not in THRESHOLD_KINDS:
            raise ValueError(f"cluster_threshold_kind = {self.cluster_threshold_kind!r} is none of {THRESHOLD_KINDS}")
        if self.cluster_threshold_kind != "usd" and self.cluster_threshold > 1.0:
            raise ValueError(
                f"cluster_threshold = {self.cluster_threshold:g} must be at most 1 for a {self.cluster_threshold_kind}"
            )
        if self.leverages[-1] * self.maintenance_margin_rate >= 1.0:
            raise ValueError(
                f"leverage {self.leverages[-1]:g} with maintenance margin {self.maintenance_margin_rate:g} is liquidated at entry"
            )
