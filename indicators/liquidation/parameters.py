"""The parameters of the heatmap model, each with its unit, its domain and where its default comes from."""

import itertools
import math
from dataclasses import dataclass

from indicators.liquidation.parameter_fields import check, parameter

DISTRIBUTIONS = ("power", "tiers", "measured")
THRESHOLD_KINDS = ("share", "usd", "quantile")

_SKILL = "assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap"
_MIN_WINDOW_BINS = 5  # the width of the smoothing kernel


@dataclass(frozen=True)
class ModelParameters:
    """Everything that shapes the heatmap, its clusters and its signals.

    Notes
    -----
    A user's own table of leverages is `leverage_distribution` = tiers with `leverages` and `leverage_weights`. Weights
    are shares of *opened* size; they may sum to less than one: the rest is size that no price in reach liquidates.
    """

    leverage_distribution: str = parameter(
        "power", "power, tiers or measured",
        source="power: size in proportion to leverage ** -1.25 between 1.4x and 250x; chosen by the protocol in docs/attempts.md",
    )  # fmt: skip
    leverages: tuple[float, ...] = parameter(
        (2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0), "times, ascending; used by tiers", 1.01, 200.0,
        source="levels offered by the venues and bucketed by account-level data (Hyperliquid 2025-12-15)",
    )  # fmt: skip
    leverage_weights: tuple[float, ...] = parameter(
        (0.20, 0.20, 0.22, 0.18, 0.10, 0.03, 0.04, 0.03), "share of opened size; used by tiers", 0.0, 1.0,
        source="assumption: notional-weighted prior judged from Hyperliquid 2025-12-15 (84 % of it at 7x or less)",
    )  # fmt: skip
    maintenance_margin_rate: float = parameter(
        0.005, "fraction of notional", 0.0, 0.1, source="lowest tier of Binance and Bybit, rounded up"
    )
    liquidation_price_spread: float = parameter(
        0.10, "standard deviation, fraction of a listed leverage's log distance", 0.01, 0.5,
        source="assumption: .08-.15 spans tiers, top-ups, fees and the guess of the entry price",
    )  # fmt: skip
    half_life_hours: tuple[float, ...] = parameter(
        (168.0,), "hours", 1.0, 8760.0,
        source="life of a position; 24/720 follows the ages of Hyperliquid's positions (Pareto .83 after 8 h)",
    )  # fmt: skip
    half_life_shares: tuple[float, ...] = parameter(
        (1.0,), "share of standing size", 0.0, 1.0, source="one half-life holds all; .26/.74 goes with 24/720"
    )
    turnover_half_life_hours: float = parameter(
        720.0, "hours", 1.0, 1e6, source="assumption: a month; turnover stands in for open interest where none is known"
    )
    bin_width: float = parameter(
        0.001, "log price", 0.0002, 0.01,
        source="10 bp, below the error of any entry price; 20 bp was measured in docs/attempts.md",
    )  # fmt: skip
    cluster_window: float = parameter(
        0.15, "log price each side", 0.01, 0.9, source="assumption: beyond it no bar trades in a day"
    )
    cluster_prominence: float = parameter(
        0.25, "fraction of the peak that a valley must give up", 0.02, 0.95, source="assumption"
    )
    cluster_threshold: float = parameter(
        0.003, "share of open interest, USD or quantile", 0.0, 1e12,
        source="assumption: 0.3 % of open interest, the same share as a wipe that leaves a level",
    )  # fmt: skip
    cluster_threshold_kind: str = parameter("share", "share, usd or quantile", source="unit of the threshold")
    magnet_ratio: float = parameter(2.0, "times", 1.0, 1000.0, source=_SKILL)
    one_sided_signal: bool = parameter(
        False, "yes or no", 0, 1, source="assumption: without a comparison there is no signal"
    )
    gap_high_risk: float = parameter(0.02, "fraction of price", 0.0, 1.0, source=_SKILL)
    gap_moderate_risk: float = parameter(0.05, "fraction of price", 0.0, 1.0, source=_SKILL)
    hysteresis: float = parameter(
        0.10, "fraction of a threshold", 0.0, 0.5,
        source="assumption: a state that a threshold decided is left only this far on the other side; 0 is the bare threshold",
    )  # fmt: skip
    impact: float = parameter(
        1.0, "Y of the square-root law", 0.0, 100.0, source="Donier & Bonart 2015 (arXiv 1412.4503): order one"
    )
    wipe_share: float = parameter(
        0.003, "share of open interest within an hour", 0.0, 1.0,
        source="assumption: `wipe_usd` over about 30 billion USD of BTC open interest in 2024",
    )  # fmt: skip
    wipe_usd: float = parameter(
        100e6, "USD within an hour, whole market", 0.0, 1e12,
        source="assumption, from HKUDS/Vibe-Trading, skill liquidation-heatmap; used without open interest",
    )  # fmt: skip
    market_share: float = parameter(
        0.25, "this data's share of the market", 0.0001, 1.0, source="assumption: one large venue"
    )
    level_tolerance: float = parameter(
        0.01, "fraction of price", 0.0, 0.5, source="assumption: a close this far beyond breaks a level"
    )
    level_age_days: float = parameter(30.0, "days", 0.1, 3650.0, source="assumption")
    washout_drop: float = parameter(
        0.20, "fraction of open interest", 0.01, 1.0,
        source="assumption: falls of 14-25 % in the crashes of 2021-09-07, 2021-12-04 and 2025-10-10 (Glassnode)",
    )  # fmt: skip
    trigger_share: float = parameter(
        0.02, "share of open interest within an hour", 0.0001, 1.0,
        source="assumption: the lower quartile of the nearest clusters of four markets, 2.0 to 4.0 %",
    )  # fmt: skip
    trigger_hours: float = parameter(12.0, "hours without a further cluster", 0.1, 720.0, source="assumption")
    steady_hours: float = parameter(6.0, "hours without a new low", 0.1, 720.0, source="assumption")
    recovery_hours: float = parameter(24.0, "hours", 0.1, 720.0, source="assumption")
    volatility_half_life_hours: float = parameter(
        24.0, "hours", 0.1, 8760.0, source="assumption: a day, so that no hour of the day dominates"
    )
    warmup_hours: float = parameter(
        168.0, "hours", 0.0, 8760.0,
        source="assumption: one half-life before the magnet speaks; risk, levels and phase always do",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain or a mixture that is none."""
        check(self)
        self._check_pairs("leverages", "leverage_weights")
        self._check_pairs("half_life_hours", "half_life_shares")
        for name, kinds in (("leverage_distribution", DISTRIBUTIONS), ("cluster_threshold_kind", THRESHOLD_KINDS)):
            if getattr(self, name) not in kinds:
                raise ValueError(f"{name} = {getattr(self, name)!r} is none of {kinds}")
        if self.cluster_window < _MIN_WINDOW_BINS * self.bin_width:
            raise ValueError(
                f"cluster_window = {self.cluster_window:g} must hold {_MIN_WINDOW_BINS} bins of bin_width = {self.bin_width:g}"
            )
        if self.cluster_threshold_kind != "usd" and self.cluster_threshold > 1.0:
            raise ValueError(
                f"cluster_threshold = {self.cluster_threshold:g} must be at most 1 for a {self.cluster_threshold_kind}"
            )
        if self.leverages[-1] * self.maintenance_margin_rate >= 1.0:
            raise ValueError(
                f"leverage {self.leverages[-1]:g} with maintenance margin {self.maintenance_margin_rate:g} is liquidated at entry"
            )

    def _check_pairs(self, values: str, weights: str) -> None:
        """Raise ValueError unless the values ascend and each has its weight, all of them together at most 1."""
        named, weighing = getattr(self, values), getattr(self, weights)
        if len(named) != len(weighing) or not named:
            raise ValueError(f"{values} ({len(named)}) and {weights} ({len(weighing)}) must pair up")
        if any(b <= a for a, b in itertools.pairwise(named)):
            raise ValueError(f"{values} = {named} must ascend")
        if math.fsum(weighing) > 1.0 + 1e-9:
            raise ValueError(f"{weights} sum to {math.fsum(weighing):g}; at most 1 is meaningful")
