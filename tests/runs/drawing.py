"""Random candidates: every number of model, rule, sizing and costs drawn around its default, and harsh accounts among them."""

import dataclasses

import numpy as np

from indicators.liquidation.parameters import ModelParameters
from runs.engines.configuration import Configuration
from runs.perpetual.contract import InstrumentParameters
from runs.perpetual.costs import MARGIN_MODES, CostParameters
from strategies.registry import load_strategy
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters

HARSH = {
    "starting_cash": (50.0, 1_000.0, 100_000.0, 1e7),
    "leverage": (1.0, 5.0, 20.0, 50.0, 75.0),  # 75 is the most that the lowest bracket of each contract below allows
    "contract_step": (None, 1e-6, 0.001, 0.1),
    "price_tick": (None, 0.0, 0.5, 100.0),
    "smallest_notional": (None, 0.0, 50.0),
    "taker_fee_bps": (None, 5.0),
    "maker_fee_bps": (None, -2.5),
    "margin_mode": MARGIN_MODES,
    "venue": ("binance", "bybit"),
    "symbol": ("", "XRPUSDT"),
    "max_leverage": (0.5, 3.0, 20.0, 60.0),
    "risk_fraction": (0.005, 0.05, 0.5, 1.0),
    "rebalance_band": (0.0, 0.02, 0.3),
}
SELDOM = {
    "volatility_target": (0.0, 0.0, 0.0, 0.4),  # where it is on, nothing is traded in the first months
    "limit_through_ticks": (0.0, 0.0, 1.0, 300.0),
    "max_volume_share": (0.0, 0.0, 0.1, 0.001),
    "impact": (0.0, 0.0, 0.6, 3.0),
    "quantile_bars": (0, 0, 48, 240),
    "min_strength": (0.0, 0.0, 0.001, 0.02),
    "hard_stop": (0.0, 0.0, 0.05, 0.2),
    "limit_atr": (0.0, 0.0, 0.1, 0.5),
    "touch_lift": (0.0, 0.0, 0.03, 0.1),
    "raise_after_hours": (0.0, 0.0, 24.0, 168.0),
    "band": (0.0, 0.0, 0.1, 0.3),
    "base_volatility": (0.0, 0.0, 0.0, 0.6),  # as of volatility_target
    "sides": ("both", "both", "both", "long", "short"),
    "entry_hours": ("all", "all", "20-9/14"),
    "entry_weekdays": ("all", "all", "mon-fri"),
    "cool_down_hours": (0.0, 0.0, 12.0),
    "entries_per_day": (0, 0, 0, 1, 3),
    "daily_loss_limit": (0.0, 0.0, 0.002, 0.03),
    "compounding": (True, True, False),
    "entry_order": ("rule", "rule", "market", "limit"),
    "entry_limit_bps": (1.0, 0.1, 20.0),
}
"""Options that are off by default: mostly as they are, now and then on."""


def candidate(random, strategy, harsh=0.5):
    """Draw a valid configuration; a share of the accounts is tiny, huge or highly leveraged."""
    kind = load_strategy(strategy).parameters_kind
    hostile = random.random() < harsh
    model, rule, sizing, costs, instrument = (
        drawn(random, group, hostile)
        for group in (ModelParameters, kind, SizingParameters, CostParameters, InstrumentParameters)
    )
    options = random.spawn(1)[0]  # what else is drawn stays as it is without them
    trading = drawn(options, TradingParameters, hostile) if options.random() < 0.3 else TradingParameters()
    return Configuration(
        strategy, rule=dataclasses.asdict(rule), model=model, sizing=sizing, trading=trading, costs=costs,
        instrument=instrument,
    )  # fmt: skip


def drawn(random, kind, hostile):
    """Draw a parameter object; what its own checks refuse is drawn again."""
    while True:
        try:
            return kind(**{field.name: _value(random, field, hostile) for field in dataclasses.fields(kind)})
        except ValueError:
            continue


def _value(random, field, hostile):
    default, low, high = field.default, field.metadata["low"], field.metadata["high"]
    if field.name in SELDOM:
        return SELDOM[field.name][random.integers(len(SELDOM[field.name]))]
    if hostile and field.name in HARSH:
        return HARSH[field.name][random.integers(len(HARSH[field.name]))]
    if isinstance(default, bool):
        return bool(random.integers(2))
    if isinstance(default, int):
        return int(random.integers(low, min(high, 4 * default) + 1))
    if default is None or isinstance(default, (str, tuple)) or random.random() < 0.3:
        return default
    if default == 0.0:
        return float(random.uniform(low, min(high, 1.0)))
    return float(np.clip(default * np.exp(random.normal(0.0, 0.5)), low, high))
