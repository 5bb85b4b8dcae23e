"""What public names were called before: a user who writes an old one is told the new one."""

RENAMED = {
    # parameters of rules
    "against_stop_ranges": "against_stop_atr",
    "against_target_ranges": "against_target_atr",
    "farthest": "max_distance",
    "least_age_bars": "min_age_bars",
    "least_drop": "min_open_interest_drop",
    "least_risk": "min_risk",
    "nearest": "min_distance",
    "retest": "retest_tolerance",
    "reward": "reward_risk_ratio",
    "stop_ranges": "stop_atr",
    # intents
    "hold": "target_exposure",
    "leave": "close",
    # the ledger
    "absorbed": "insurance_fund",
    # figures of a run
    "calmar": "bar_calmar",
    "max_drawdown_fraction": "max_bar_drawdown_fraction",
    # parameters of the model
    "lone_side_counts": "one_sided_signal",
    "smear": "liquidation_price_spread",
    # fields of the snapshot
    "average_range": "atr",
    "cascade_gain_down": "branching_ratio_down",
    "cascade_gain_up": "branching_ratio_up",
    "stacked_above": "cluster_count_above",
    "stacked_below": "cluster_count_below",
    "swept_long": "model_liquidated_long",
    "swept_short": "model_liquidated_short",
}
"""Old name to new; it counts where the new name is known and the old one is not."""

REMOVED = {
    "calibrate": "the map no longer learns from reports, which earned nothing",
    "calibration_half_life_hours": "the map no longer learns from reports, which earned nothing",
    "calibration_prior_hours": "the map no longer learns from reports, which earned nothing",
    "coverage": "the map is a share of open interest by construction; map_age_half_lives tells its age",
    "expected_long": "runs.stress forecasts what is reported",
    "expected_short": "runs.stress forecasts what is reported",
    "half_life_spread": "half_life_hours may hold several half-lives, with half_life_shares",
    "leverage_close_power": "positions of every leverage close alike, which forecasts as well",
    "loss_close_ratio": "positions in profit and loss close alike, which forecasts as well",
}
"""Names of the model before it was one array a side, and why they are gone (docs/attempts.md)."""


MOVED = {name: f"instrument.{name}" for name in ("venue", "contract_step", "price_tick")}
"""Names that stood among the costs, and where they stand now."""


_MODEL = {"half_life_hours", "atr"}  # told where parameters of the model, or fields of the snapshot, are known


class RenamedError(ImportError):
    """A name was imported that is called otherwise now; one sentence."""


def renamed(what: str, old: str, known: list[str]) -> str | None:
    """Return the sentence for an old name whose new one is among `known`, else None.

    >>> renamed("parameter", "nearest", ["min_distance", "max_distance"])
    "parameter 'nearest' is now called 'min_distance'"
    >>> renamed("parameter", "costs.venue", ["venue", "leverage"])
    "parameter 'costs.venue' is now called 'instrument.venue'"
    """
    name = old.rpartition(".")[2]
    if name in REMOVED and name not in known and _MODEL & set(known):
        return f"{what} {old!r} is gone: {REMOVED[name]}"
    if name in MOVED and (old.startswith("costs.") or (name not in known and "starting_cash" in known)):
        return f"{what} {old!r} is now called {MOVED[name]!r}"
    new = RENAMED.get(name)
    return f"{what} {old!r} is now called {new!r}" if new in known else None
